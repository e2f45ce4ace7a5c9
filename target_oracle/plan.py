"""
`--plan`: the DDL that a load of these SCHEMA messages would run, as a script or as JSON; nothing is touched.

Where the database answers, its tables are read and the plan is what they lack. Where it does not, the plan
is for an empty schema of a server that has neither BOOLEAN nor JSON, and a warning says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from target_oracle import newtable
from target_oracle.decoder import REFUSED
from target_oracle.errors import LoadError, OutputClosed
from target_oracle.log import RUN_ID, logger
from target_oracle.oracle import ledger, rejecttable, suspended
from target_oracle.oracle.changes import CreateTable
from target_oracle.oracle.codes import Action, classify, code_of, describe
from target_oracle.oracle.database import DatabaseError
from target_oracle.oracle.dictionary import read_server, read_table
from target_oracle.oracle.evolve import Evolution
from target_oracle.oracle.evolve import plan as plan_table
from target_oracle.oracle.script import Planned, as_json, as_sqlplus
from target_oracle.oracle.session import Session, open_session
from target_oracle.oracle.suspended import Part
from target_oracle.oracle.suspension import parts_of
from target_oracle.oracle.types import Server
from target_oracle.signals import wake_pipe
from target_oracle.singer.lines import Lines, from_descriptor, from_file
from target_oracle.singer.messages import read_envelope, read_schema
from target_oracle.tables import Tables, policy_of
from target_oracle.wishes import wish_of

if TYPE_CHECKING:
    from pathlib import Path

    from target_oracle.config import Config
    from target_oracle.oracle.table import Table
    from target_oracle.oracle.wanted import Policy, Wanted
    from target_oracle.singer.messages import SchemaMessage
    from target_oracle.wishes import Wish

STDIN: Final = 0
# What is taken for a server that cannot be asked: the oldest that is in wide use.
_UNKNOWN_VERSION: Final = (19,)


def run(config: Config, source: Path | None, as_json_text: bool) -> None:  # noqa: FBT001 - as all commands are called
    """
    Print the DDL for the SCHEMA messages in *source*, stdin when None.

    Raise LoadError, after the plan is printed, where DDL cannot help a stream; ProtocolError for a wrong
    SCHEMA.
    """
    with _catalog(config) as catalog:
        plans = _plans(config, catalog, _schemas(config, source))
        own = _own_tables(config, catalog, suspends=any(each.during for each in plans.values()))
    _print((as_json if as_json_text else as_sqlplus)(plans, own))
    faults = [
        f"stream {stream}: {said}" for stream, each in plans.items() for said in each.evolution.problems
    ]
    if faults:
        raise LoadError("; ".join(faults))


class _Catalog(msgspec.Struct):
    """
    The tables as they would be by now; *session* is None where no database answers.
    """

    server: Server
    session: Session | None = None
    planned: dict[tuple[str, str], Table] = msgspec.field(default_factory=dict)

    def table(self, owner: str, name: str) -> Table | None:
        """
        Return the table as it is in the database; None for none.
        """
        return read_table(self.session.connection, owner, name) if self.session else None

    def is_there(self, owner: str, table: str) -> bool:
        """
        Tell whether the database has *table*.
        """
        return self.table(owner, table) is not None

    def parts(self, owner: str, table: str) -> list[Part]:
        """
        Return the foreign keys, checks and plain indexes of a table that are on.
        """
        return parts_of(self.session, owner, table) if self.session else []

    def evolve(self, wanted: Wanted, policy: Policy) -> Evolution:
        """
        Return what *wanted* needs, and remember the table as it then would be.
        """
        place = (wanted.owner, wanted.name)
        found = self.planned.get(place) or self.table(*place)
        evolution = plan_table(wanted, found, self.server, policy)
        if not evolution.problems:
            self.planned[place] = evolution.table
        return evolution


@contextmanager
def _catalog(config: Config) -> Iterator[_Catalog]:
    """
    Give what the database has, or the empty schema of one that does not answer.

    Raise LoadError where it answers and refuses: its tables are there, and a plan without them would mislead.
    """
    try:
        session = open_session(config, RUN_ID)
    except DatabaseError as refusal:
        code = code_of(refusal)
        if code and code.startswith("ORA-") and classify(refusal, connecting=True) is Action.STOP:
            raise LoadError(describe(refusal), code=code) from refusal
        version = ".".join(map(str, _UNKNOWN_VERSION))
        logger.warning(
            "no database answers (%s); the plan is for an empty schema of Oracle %s",
            describe(refusal),
            version,
        )
        user = (config.user or "").upper()
        yield _Catalog(Server(_UNKNOWN_VERSION, user=user, schema=user))
        return
    with closing(session):
        yield _Catalog(read_server(session.connection), session)


def _plans(config: Config, catalog: _Catalog, schemas: Iterator[SchemaMessage]) -> dict[str, Planned]:
    """
    Return what each stream needs over all its SCHEMAs, in their order.
    """
    tables = Tables(config)
    found: dict[str, Planned] = {}
    for message in schemas:
        wish = wish_of(message, config.for_stream(message.stream))
        now = catalog.evolve(tables.wanted(catalog, wish), policy_of(config, wish.settings))
        before = found.get(message.stream)
        found[message.stream] = _joined(before, now) if before else _planned(catalog, wish, now)
    return found


def _planned(catalog: _Catalog, wish: Wish, evolution: Evolution) -> Planned:
    limit = catalog.server.max_name_bytes
    is_new = any(isinstance(change, CreateTable) for change in evolution.changes)
    after = newtable.statements(evolution, wish, limit) if is_new else []
    off: list[Part] = []
    if wish.settings.disable_constraints_during_load:
        place = (evolution.owner, evolution.name)
        made = sorted(newtable.indexes(evolution, wish, limit)) if is_new else []
        off = [Part(*place, "index", evolution.owner, name) for name in made] or catalog.parts(*place)
    during = (*(part.off() for part in off), *(part.on() for part in off))
    return Planned(evolution, tuple(after), during)


def _joined(before: Planned, now: Evolution) -> Planned:
    return replace(before, evolution=_after(before.evolution, now))


def _after(before: Evolution, now: Evolution) -> Evolution:
    return replace(
        now,
        changes=(*before.changes, *now.changes),
        notices=tuple(dict.fromkeys((*before.notices, *now.notices))),
        problems=tuple(dict.fromkeys((*before.problems, *now.problems))),
    )


def _own_tables(config: Config, catalog: _Catalog, *, suspends: bool) -> dict[str, str]:
    """
    Return the definitions of the tables of our own that a load would make.

    The ledger, the rejects and, for a load that *suspends* something, the list of that.
    """
    named = {
        "ledger": (config.ledger_table if config.ledger else None, ledger.ddl),
        "rejects": (config.reject_table, rejecttable.ddl),
        "suspended": (suspended.beside(config.ledger_table) if suspends else None, suspended.ddl),
    }
    found = {}
    for purpose, (table, ddl) in named.items():
        if table is None:
            continue
        owner, name = ledger.split_name(table)
        if not catalog.is_there(owner or catalog.server.schema, name):
            found[purpose] = ddl(ledger.qualified(table))
    return found


def _schemas(config: Config, source: Path | None) -> Iterator[SchemaMessage]:
    """
    Yield the SCHEMA messages, each as often as it changes; all else is left to the load.
    """
    seen: dict[str, bytes] = {}
    for number, line in enumerate(_lines(config, source), 1):
        try:
            envelope = read_envelope(line)
        except REFUSED:
            continue
        if envelope.type != "SCHEMA":
            continue
        message = read_schema(line, number)
        if seen.get(message.stream) != message.raw:
            seen[message.stream] = message.raw
            yield message


def _lines(config: Config, source: Path | None) -> Iterator[bytes]:
    longest = config.longest_line
    with wake_pipe() as (wake, _), closing(_open(source, wake, longest)) as lines:
        while chunk := lines.next(None):
            yield from chunk.lines()


def _open(source: Path | None, wake: int, longest: int) -> Lines:
    return from_descriptor(STDIN, wake, longest) if source is None else from_file(source, wake, longest)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as fault:
        raise OutputClosed(f"cannot write to stdout: {fault.strerror}") from fault
