"""
Configuration stores of clouds, which the driver reads through its own plugins: loaded where a dsn asks.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Final
from urllib.parse import parse_qsl

from target_oracle.errors import ConfigError

# Protocol of a dsn -> the driver's plugin and the extra that brings what it needs (python-oracledb,
# centralized configuration providers). config-file is built into the driver.
_PLUGINS: Final = {
    "config-awss3": ("aws_config_provider", "aws"),
    "config-awssecretsmanager": ("aws_config_provider", "aws"),
    "config-azure": ("azure_config_provider", "azure"),
    "config-gcpsecretmanager": ("gcp_config_provider", "gcp"),
    "config-gcpstorage": ("gcp_config_provider", "gcp"),
    "config-ociobject": ("oci_config_provider", "oci"),
}
_SECRET: Final = re.compile("secret|password|token", re.IGNORECASE)


def enable(dsn: str | None) -> None:
    """
    Let the driver know the store that *dsn* names; raise ConfigError where its extra is missing.
    """
    protocol = (dsn or "").partition("://")[0].lower()
    if protocol not in _PLUGINS:
        return
    plugin, extra = _PLUGINS[protocol]
    try:
        import_module(f"oracledb.plugins.{plugin}")
    except ImportError as missing:
        raise ConfigError(
            f"dsn: {protocol} needs an extra: pip install 'target-oracle[{extra}]'"
        ) from missing


def secrets_in(dsn: str) -> list[str]:
    """
    Return the secrets that the address of a store holds, as a client's.

    >>> secrets_in("config-azure://store?key=db&azure_client_secret=s3cret")
    ['s3cret']
    """
    if not dsn.startswith("config-"):
        return []
    return [value for name, value in parse_qsl(dsn.partition("?")[2]) if _SECRET.search(name)]
