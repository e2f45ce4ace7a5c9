"""
The databases that end-to-end tests load into: a stand-in server each, or one real Oracle.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracledb

from tests import captured

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = os.environ.get("TARGET_ORACLE_TEST_IMAGE", "gvenzl/oracle-free:23-slim-faststart")

# The variables that name a real Oracle.
ADDRESS = ("TARGET_ORACLE_TEST_DSN", "TARGET_ORACLE_TEST_USER", "TARGET_ORACLE_TEST_PASSWORD")

# What a user can leave behind: the kind in USER_OBJECTS and how it goes; indexes go with their table.
DROPS = {
    "TABLE": 'DROP TABLE "{}" CASCADE CONSTRAINTS PURGE',
    "VIEW": 'DROP VIEW "{}"',
    "SYNONYM": 'DROP SYNONYM "{}"',
    "SEQUENCE": 'DROP SEQUENCE "{}"',
}


@dataclass(frozen=True, slots=True)
class Database:
    """
    An address, a user whose schema is the test's alone, and the ways a test looks into it.
    """

    dsn: str
    user: str
    password: str
    version: int

    def config(self, **overrides: Any) -> dict[str, Any]:
        """
        Return a config of the program that connects here, with *overrides*.
        """
        return {"dsn": self.dsn, "user": self.user, "password": self.password, **overrides}

    def connect(self) -> oracledb.Connection:
        """
        Return a plain connection of the driver, which the caller closes.
        """
        return oracledb.connect(user=self.user, password=self.password, dsn=self.dsn)

    def query(self, sql: str, *binds: Any) -> list[tuple[Any, ...]]:
        """
        Return all rows of *sql* on a connection of its own; numbers as Decimal, LOBs as values.
        """
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.arraysize = 1000
            cursor.execute(sql, list(binds), fetch_decimals=True, fetch_lobs=False)
            return list(cursor.fetchall())

    def run(self, *statements: str) -> None:
        """
        Execute *statements* one after the other and commit.
        """
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def tables(self) -> list[str]:
        """
        Return the names of the user's tables, in order, without the program's ledger.
        """
        rows = self.query("SELECT table_name FROM user_tables ORDER BY table_name")
        return [name for (name,) in rows if not name.startswith("TARGET_ORACLE_")]

    def count(self, table: str) -> int:
        """
        Return the number of rows in *table*.
        """
        return int(self.query(f'SELECT COUNT(*) FROM "{table}"')[0][0])

    def rows(self, table: captured.Expected) -> list[captured.Row]:
        """
        Return the rows of *table*, each value in the form of `captured`.
        """
        columns = ", ".join(f'"{column}"' for column in table.kinds)
        kinds = list(table.kinds.values())
        found = self.query(f'SELECT {columns} FROM "{table.name}"')
        return [tuple(map(captured.stored, kinds, row)) for row in found]

    def drop_everything(self) -> None:
        """
        Empty the user's schema.
        """
        kinds = ", ".join(f"'{kind}'" for kind in DROPS)
        there = self.query(
            f"SELECT object_type, object_name FROM user_objects WHERE object_type IN ({kinds})"
        )
        ours = [(kind, name) for kind, name in there if not name.startswith(("ISEQ$$", "BIN$"))]
        self.run(*(DROPS[kind].format(name) for kind, name in ours))


def real_oracle_is_missing() -> str:
    """
    Return why no real Oracle can be had here; "" where one can.
    """
    missing = [name for name in ADDRESS if not os.environ.get(name)]
    if not missing:
        return ""
    if len(missing) < len(ADDRESS):
        return f"{' and '.join(missing)} not set"
    docker = shutil.which("docker")
    if docker is None:
        return "TARGET_ORACLE_TEST_DSN is not set and there is no Docker"
    answer = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=60)
    if answer.returncode:
        return "TARGET_ORACLE_TEST_DSN is not set and no Docker engine answers"
    return ""


@contextmanager
def real_oracle() -> Iterator[Database]:
    """
    Give the Oracle that TARGET_ORACLE_TEST_DSN names, or an Oracle Free container for the time of the tests.
    """
    address = [os.environ.get(name, "") for name in ADDRESS]
    if all(address):
        yield _database(*address)
    else:
        with _container() as database:
            yield database


@contextmanager
def _container() -> Iterator[Database]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only where Docker is
    from testcontainers.core.waiting_utils import wait_for_logs  # noqa: PLC0415

    container = (
        DockerContainer(IMAGE)
        .with_env("ORACLE_RANDOM_PASSWORD", "yes")
        .with_env("APP_USER", "app")
        .with_env("APP_USER_PASSWORD", "secret")
        .with_exposed_ports(1521)
    )
    with container:
        wait_for_logs(container, "DATABASE IS READY TO USE!", timeout=600)
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(1521)}"
        yield _database(f"{address}/FREEPDB1", "app", "secret")


def _database(dsn: str, user: str, password: str) -> Database:
    with closing(oracledb.connect(user=user, password=password, dsn=dsn)) as connection:
        return Database(dsn, user, password, int(connection.version.split(".")[0]))
