"""
The scripts' table as SQLAlchemy knows it.
"""

from __future__ import annotations

import sqlalchemy
from sqlalchemy.dialects import oracle

from tests.bench import generated

TYPES = {
    "id": sqlalchemy.Integer,
    "customer_id": sqlalchemy.Integer,
    "quantity": sqlalchemy.Integer,
    "amount": sqlalchemy.Numeric(asdecimal=False),
    "ordered_at": oracle.TIMESTAMP(timezone=True),
    "paid": sqlalchemy.Boolean,
}
DEFAULT = sqlalchemy.String(200)


def engine(dsn: str, user: str, password: str) -> sqlalchemy.Engine:
    """
    An engine for the address, which is HOST:PORT/SERVICE.
    """
    address, _, service = dsn.partition("/")
    return sqlalchemy.create_engine(f"oracle+oracledb://{user}:{password}@{address}/?service_name={service}")


def named_engine(dsn: str, user: str, password: str) -> sqlalchemy.Engine:
    """
    As `engine`, with a URL that names a database; SQLAlchemy alone would take it for a SID.
    """
    address, _, service = dsn.partition("/")
    url = f"oracle+oracledb://{user}:{password}@{address}/{service}"
    return sqlalchemy.create_engine(url, connect_args={"dsn": dsn})


def types() -> dict[str, object]:
    """
    The type of each column, by its name.
    """
    return {name: TYPES.get(name, DEFAULT) for name in generated.COLUMNS}


def bare(*, exact: bool) -> sqlalchemy.Table:
    """
    The table that `tests.bench.table` makes; *exact* decimals are no floats on their way.
    """
    found = {**types(), **({"amount": sqlalchemy.Numeric()} if exact else {})}
    columns: list[sqlalchemy.Column[object]] = [
        sqlalchemy.Column(name.upper(), type_, key=name, quote=True)  # type: ignore[arg-type]
        for name, type_ in found.items()
    ]
    return sqlalchemy.Table("BARE", sqlalchemy.MetaData(), *columns, quote=True)
