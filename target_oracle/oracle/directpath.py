"""
Rows -> a work table by direct path: on a connection of its own, past SQL.

Direct path commits by itself, locks its table, and checks and converts next to nothing (python-oracledb,
"Direct Path Loads"). So it never loads a stream's table but a work table of this run's own, whose columns
hold every value as it is sent; one INSERT ... SELECT in the loader's transaction takes the rows over, under
all rules of the table. What a crash leaves is a work table, whose name tells the next run that it is one.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec
import oracledb

from target_oracle.errors import InternalError
from target_oracle.log import logger
from target_oracle.oracle import sql
from target_oracle.oracle.binds import BYTES_PER_CHAR
from target_oracle.oracle.codes import Action, classify, code_of, codes_of, describe
from target_oracle.oracle.names import quote
from target_oracle.oracle.types import Column, OracleType, Server

if TYPE_CHECKING:
    from target_oracle.oracle.session import Session

# Elsewhere the driver stores texts in a character set that is not the column's (python-oracledb issue 567).
CHARSET: Final = "AL32UTF8"
_PREFIX: Final = "SDC$DP"
_NAME: Final = re.compile(re.escape(_PREFIX) + "([0-9A-F]{8})([0-9A-F]{8})[0-9A-F]{8}")
# A work table that is older was left behind, whoever made it.
LEFT_SECONDS: Final = 86_400
# Gone, or emptied while it was read: somebody took the table for one that was left behind.
GONE: Final = frozenset({"ORA-00942", "ORA-08103"})

# What values of a column travel as: a type that takes them as they are, so that the column's own digits,
# lengths and zones are the INSERT ... SELECT's to apply.
_UTC: Final = OracleType("TIMESTAMP WITH TIME ZONE", precision=6)
_CARRIERS: Final = {
    "NUMBER": OracleType("NUMBER"),
    "FLOAT": OracleType("NUMBER"),
    "BINARY_DOUBLE": OracleType("BINARY_DOUBLE"),
    "BINARY_FLOAT": OracleType("BINARY_FLOAT"),
    "DATE": OracleType("DATE"),
    "TIMESTAMP": OracleType("TIMESTAMP", precision=6),
    "TIMESTAMP WITH TIME ZONE": _UTC,
    "TIMESTAMP WITH LOCAL TIME ZONE": _UTC,
    "BOOLEAN": OracleType("BOOLEAN"),
    "CLOB": OracleType("CLOB"),
    "NCLOB": OracleType("CLOB"),
    "BLOB": OracleType("BLOB"),
}
_TEXTS: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR"})


def carrier(type_: OracleType, max_string_bytes: int) -> OracleType | None:
    """
    Return the work table's type for values of a column of *type_*; None where direct path carries none.

    A text gets room in bytes, which is what the driver compares its length with.

    >>> text, number = OracleType("VARCHAR2", length=20, char=True), OracleType("NUMBER", precision=5)
    >>> [carrier(type_, 4000).ddl() for type_ in (text, number)]
    ['VARCHAR2(80 BYTE)', 'NUMBER']
    """
    if type_.name in _TEXTS:
        size = (type_.length or max_string_bytes) * (BYTES_PER_CHAR if type_.char else 1)
        return OracleType("VARCHAR2", length=min(size, max_string_bytes))
    return type_ if type_.name == "RAW" else _CARRIERS.get(type_.name)


class Mark(msgspec.Struct, frozen=True):
    """
    What the names of a run's work tables tell: whose they are, and when the run began, in seconds.
    """

    loader: str
    began: int

    @classmethod
    def of(cls, loader_id: str) -> Mark:
        """
        Return the mark of a run of *loader_id* that begins now.
        """
        return cls(sha256(loader_id.encode()).hexdigest()[:8].upper(), int(time.time()))

    def name(self) -> str:
        """
        Return a name for a work table, none twice.
        """
        return f"{_PREFIX}{self.loader}{self.began:08X}{uuid.uuid4().hex[:8].upper()}"

    def is_left(self, name: str) -> bool:
        """
        Tell whether *name* is that of a work table whose run is over.

        An earlier run of the same loader is, since it has but one at a time.

        >>> mark = Mark("0" * 8, 0x65000000)
        >>> before, other = Mark("0" * 8, 0x64FFFFFF), Mark("1" * 8, 0x64FFFFFF)
        >>> [mark.is_left(each.name()) for each in (before, other, mark)]
        [True, False, False]
        """
        found = _NAME.fullmatch(name)
        if found is None:
            return False
        age = self.began - int(found[2], 16)
        return age > (0 if found[1] == self.loader else LEFT_SECONDS)


class _Work(msgspec.Struct):
    """
    A work table; *filled* says that it may hold rows.
    """

    name: str
    columns: list[Column]
    filled: bool = False


class DirectPath(msgspec.Struct):
    """
    The work tables of one loader's connection, and the second connection that fills them.

    *refused* says that nothing can go this way any more.
    """

    connect: Callable[[], Session]
    server: Server
    mark: Mark
    refused: bool = False
    _session: Session | None = None
    _tables: dict[tuple[OracleType, ...], _Work] = msgspec.field(default_factory=dict)
    _names: list[str] = msgspec.field(default_factory=list)

    def fill(self, columns: Sequence[Column], rows: list[tuple[Any, ...]]) -> str | None:
        """
        Load *rows*, whose values stand in the order of *columns*; return the query that gives them back.

        None where they have to go another way. Whatever happens, the loader's transaction is not touched.
        """
        if self.refused:
            return None
        types = tuple(map(self._carried, columns))
        try:
            session = self._open()
            work = self._emptied(session, types)
            names = [column.name for column in work.columns]
            work.filled = True
            session.load_directly(self.server.user, work.name, names, rows)
        except oracledb.Error as refusal:
            self._after(refusal)
            return None
        return f"SELECT {', '.join(map(quote, names))} FROM {sql.qualified(self.server.user, work.name)}"  # noqa: S608  # names of ours

    def forget(self) -> None:
        """
        Take new work tables from here on; the old ones go at the end.
        """
        self._tables.clear()

    def _open(self) -> Session:
        if self._session is None:
            self._session = self.connect()
            self._drop_left(self._session)
        return self._session

    def _carried(self, column: Column) -> OracleType:
        type_ = carrier(column.type, self.server.max_string_bytes)
        if type_ is None:
            raise InternalError(f"direct path carries no {column.type.name}")
        return type_

    def _emptied(self, session: Session, types: tuple[OracleType, ...]) -> _Work:
        work = self._tables.get(types)
        if work is not None:
            if work.filled:
                session.run(sql.truncate(self.server.user, work.name))
            return work
        # The columns get names of our own, since direct path takes names without quotes.
        work = _Work(self.mark.name(), [Column(f"C{n}", type_) for n, type_ in enumerate(types, 1)])
        self._names.append(work.name)
        session.run(sql.create_work_table(self.server.user, work.name, work.columns))
        self._tables[types] = work
        return work

    def _after(self, refusal: oracledb.Error) -> None:
        """
        See what *refusal* leaves possible.

        A load whose connection was lost may still come to its end: its table is not used again.
        """
        action = classify(refusal)
        if self._session is None:
            self.refused = True
        elif action is Action.REPLAY:
            self._session.close()
            self._session = None
            self.forget()
        elif GONE.isdisjoint(codes_of(refusal)):
            self.refused = action is Action.STOP and str(code_of(refusal)).startswith("ORA-")
        else:
            self.forget()
        if self.refused:
            logger.warning("direct path cannot be used, rows go as arrays: %s", describe(refusal))
        else:
            logger.info("direct path: %s; these rows go as arrays", describe(refusal))

    # --- the end

    def drop(self, session: Session) -> None:
        """
        Drop all work tables on the loader's own *session*; one that cannot go is left to a later run.
        """
        while self._names:
            try:
                session.run(sql.drop_table(self.server.user, self._names[-1]))
            except oracledb.Error as refusal:
                if classify(refusal) is Action.REPLAY:
                    raise
                if GONE.isdisjoint(codes_of(refusal)):
                    logger.warning("work table %s stays: %s", self._names[-1], describe(refusal))
            self._names.pop()
        self.forget()

    def close(self) -> None:
        """
        Close the connection; where the run did not come to its end, what can be dropped goes with it.
        """
        session, self._session = self._session, None
        if session is None:
            return
        try:
            self.drop(session)
        except oracledb.Error as refusal:
            logger.info("the work tables of direct path stay: %s", describe(refusal))
        session.close()

    def _drop_left(self, session: Session) -> None:
        found = session.rows("SELECT table_name FROM user_tables WHERE table_name LIKE :1", [f"{_PREFIX}%"])
        for (name,) in found:
            if self.mark.is_left(name):
                try:
                    session.run(sql.drop_table(self.server.user, name))
                    logger.info("work table %s of an earlier run is dropped", name)
                except oracledb.Error as refusal:
                    logger.info(
                        "work table %s, which an earlier run left, stays: %s", name, describe(refusal)
                    )
