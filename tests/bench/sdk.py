"""
A target of the Singer SDK with its SQL sink as it comes, over SQLAlchemy and oracledb.

Usage: python -m tests.bench.sdk --config FILE < stream
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy
from singer_sdk import typing as th
from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget

from tests.bench import alchemy


class Connector(SQLConnector):
    """
    Connects to the address in the config.
    """

    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        """
        The address as SQLAlchemy writes it.
        """
        url = alchemy.engine(config["dsn"], config["user"], config["password"]).url
        return url.render_as_string(hide_password=False)

    def to_sql_type(self, jsonschema_type: dict[str, Any]) -> Any:
        """
        The SDK's type; DATETIME, and a text without length, are none that Oracle has.
        """
        found = super().to_sql_type(jsonschema_type)
        if isinstance(found, sqlalchemy.DATETIME):
            return alchemy.TYPES["ordered_at"]
        return alchemy.DEFAULT if getattr(found, "length", 0) is None else found


class Sink(SQLSink[Connector]):
    """
    The sink as it comes.
    """

    connector_class = Connector
    max_size = 10_000


class Target(SQLTarget):
    """
    The target as it comes.
    """

    name = "target-sdk"
    default_sink_class = Sink
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("dsn", th.StringType),
        th.Property("user", th.StringType),
        th.Property("password", th.StringType),
    ).to_dict()


if __name__ == "__main__":
    Target.cli()
