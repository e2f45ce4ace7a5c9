"""
A dsn that names a configuration store: where the database is, and who connects, stands there.
"""

from __future__ import annotations

import json

import pytest

from tests.databases import Database
from tests.e2e.loads import ids, lines, record, schema, state

pytestmark = pytest.mark.standin

LOAD = lines([schema("orders", keys=()), record("orders", 1), state(1)])
# What stands in for the Azure SDK: the driver's own plugin asks it for the settings under a key.
SDK = {
    "appconfiguration": """
import json, pathlib
from azure.core.exceptions import ResourceNotFoundError

class AzureAppConfigurationClient:
    def __init__(self, url, credential):
        self.credential = credential

    def get_configuration_setting(self, key, label):
        said = json.loads(pathlib.Path("store.json").read_text())
        if key not in said or self.credential.secret != "hunter2-of-the-client":
            raise ResourceNotFoundError
        self.value = said[key]
        return self
""",
    "core/exceptions": "class ResourceNotFoundError(Exception): pass",
    "keyvault/secrets": """
class SecretClient:
    def __init__(self, url, credential):
        pass

    def get_secret(self, name):
        self.value = "hunter2-of-" + name
        return self
""",
    "identity": """
class ClientSecretCredential:
    def __init__(self, tenant, client, secret):
        self.secret = secret

CertificateCredential = ManagedIdentityCredential = ChainedTokenCredential = EnvironmentCredential = None
""",
}
AZURE = (
    "config-azure://shop?key={key}&azure_client_id=c&azure_tenant_id=t"
    "&azure_client_secret=hunter2-of-the-client"
)


@pytest.fixture
def place(standin):
    server = standin(password="hunter2-of-app")
    return Database(server.dsn, server.user, server.password, server.version)


def test_a_file_of_the_drivers_form_says_where(target, place, tmp_path):
    """
    Where the database is; who connects is the config's to say.
    """
    (tmp_path / "stores.json").write_text(json.dumps({"sales": {"connect_descriptor": place.dsn}}))
    config = place.config(dsn="config-file://stores.json?key=sales", config_dir=str(tmp_path))
    result = target(config, LOAD)
    assert result.exit_code == 0, result.log
    assert ids(place, "ORDERS") == [1]


def test_a_file_that_is_not_there_is_told(target):
    result = target({"dsn": "config-file:///nowhere/stores.json"}, LOAD)
    assert result.exit_code == 4
    assert "DPY-2056" in result.last_line
    assert "No such file" in result.last_line


@pytest.fixture
def sdk(tmp_path):
    for name, text in SDK.items():
        path = tmp_path / "sdk" / "azure" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"PYTHONPATH": str(tmp_path / "sdk")}


def with_sdk(target, sdk, key):
    """
    A run whose only setting is the store's address.
    """
    program = type(target)(target.folder, target.command)
    env = {**sdk, "PYTHONPATH": f"{sdk['PYTHONPATH']}:{program._environment({})['PYTHONPATH']}"}
    return program({"dsn": AZURE.format(key=key)}, LOAD, env=env)


def test_a_store_is_read_by_the_drivers_own_plugin(target, place, sdk, tmp_path):
    """
    It says who connects, too; the password comes out of its vault.
    """
    vault = json.dumps({"uri": "https://shop.vault.example.com/secrets/app"})
    said = {"db/connect_descriptor": place.dsn, "db/user": place.user, "db/password": vault}
    (tmp_path / "store.json").write_text(json.dumps(said))
    result = with_sdk(target, sdk, "db")
    assert result.exit_code == 0, result.log
    assert ids(place, "ORDERS") == [1]


def test_a_store_without_the_key_is_told_without_its_secret(target, sdk, tmp_path):
    (tmp_path / "store.json").write_text("{}")
    result = with_sdk(target, sdk, "other")
    assert result.exit_code == 4
    assert "DPY-2056" in result.last_line
    assert "hunter2" not in result.log


@pytest.mark.parametrize(
    ("dsn", "extra"),
    [
        ("config-ociobject://region/n/x", "oci"),
        ("config-awss3://bucket", "aws"),
        ("config-gcpstorage://project", "gcp"),
        ("config-azure://shop?key=db", "azure"),
    ],
)
def test_a_store_whose_extra_is_missing_says_which(target, dsn, extra):
    """
    Their kits are no part of the tests' environment.
    """
    result = target({"dsn": dsn}, LOAD)
    assert result.exit_code == 2
    assert f"pip install 'target-oracle[{extra}]'" in result.last_line
