"""
What a table gets once it has been made: indexes and rights of the operator's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_oracle.errors import ConfigError, LoadError
from target_oracle.log import logger
from target_oracle.oracle import names, sql
from target_oracle.oracle.changes import CreateTable
from target_oracle.oracle.codes import Action, classify, code_of, describe
from target_oracle.oracle.database import DatabaseError

if TYPE_CHECKING:
    from target_oracle.oracle.database import Database
    from target_oracle.oracle.evolve import Evolution
    from target_oracle.wishes import Wish

# It is there already: made before the session broke, or by another loader.
_DONE: Final = frozenset({"ORA-00955", "ORA-01408"})


class NewTables:
    """
    The statements that tables made in this run still need; each is run once, also over lost sessions.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[str]] = {}

    def note(self, evolution: Evolution, wish: Wish, limit: int) -> None:
        """
        Remember what the table of *evolution* needs, if it is about to be made; raise ConfigError.
        """
        if any(isinstance(change, CreateTable) for change in evolution.changes):
            self._waiting[evolution.owner, evolution.name] = statements(evolution, wish, limit)

    def finish(self, database: Database, evolution: Evolution) -> None:
        """
        Run what the table of *evolution* waits for; raise LoadError for a refusal.
        """
        waiting = self._waiting.get((evolution.owner, evolution.name), [])
        while waiting:
            _run(database, waiting[0])
            waiting.pop(0)


def statements(evolution: Evolution, wish: Wish, limit: int) -> list[str]:
    """
    Return the statements for the settings `custom_indexes` and `default_target_schema_select_permissions`.
    """
    settings = wish.settings
    made = [
        sql.create_index(evolution.owner, name, evolution.name, columns)
        for name, columns in indexes(evolution, wish, limit).items()
    ]
    granted = [
        sql.grant_select(evolution.owner, evolution.name, names.fold(grantee, limit))
        for grantee in settings.default_target_schema_select_permissions
    ]
    return [*made, *granted]


def indexes(evolution: Evolution, wish: Wish, limit: int) -> dict[str, list[str]]:
    """
    Return the names and columns of the indexes that `custom_indexes` asks for; raise ConfigError.
    """
    found = {}
    for said in wish.settings.custom_indexes:
        columns = _columns(evolution, wish.stream, said)
        found[names.hashed(said, f"{evolution.name}_{'_'.join(columns)}", limit)] = columns
    return found


def _columns(evolution: Evolution, stream: str, said: str) -> list[str]:
    properties = [name.strip() for name in said.split(",")]
    unknown = [name for name in properties if name not in evolution.columns]
    if unknown:
        raise ConfigError(f"custom_indexes: stream {stream} has no property {unknown[0]!r}")
    return [evolution.columns[name].name for name in properties]


def _run(database: Database, statement: str) -> None:
    logger.info("%s", statement)
    try:
        database.session.run(statement)
    except DatabaseError as refusal:
        if code_of(refusal) in _DONE:
            return
        if classify(refusal) not in (Action.STOP, Action.ROW):
            raise
        raise LoadError(f"{describe(refusal)}; refused was: {statement}", code=code_of(refusal)) from refusal
