"""
Whole batches by direct path: into a work table, and from there with one statement; and why not, where not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_oracle.checkpoint import Batch, Outcome
from target_oracle.errors import InternalError
from target_oracle.log import logger
from target_oracle.oracle import sql
from target_oracle.oracle.codes import Action, classify, codes_of, describe
from target_oracle.oracle.database import DatabaseError
from target_oracle.oracle.directpath import CHARSET, GONE, carrier

if TYPE_CHECKING:
    from target_oracle.config import Config, StreamSettings
    from target_oracle.decoder import Row
    from target_oracle.oracle.database import Database
    from target_oracle.oracle.types import Server
    from target_oracle.stream import Target

# From so many rows on, what direct path spares is worth its round trips.
LARGE: Final = 5_000


def rows_from(config: Config, settings: StreamSettings, target: Target) -> int | None:
    """
    Return from how many rows on a batch for *target* goes by direct path; None where none does.
    """
    if settings.insert_method == "array":
        return None
    obstacle = _of_the_server(config, target.server) or _of_the_table(target)
    if obstacle is None:
        return 1 if settings.insert_method == "direct" else LARGE
    say = logger.warning if settings.insert_method == "direct" else logger.info
    say("table %s: insert_method %s: %s; rows go as arrays", target.table, settings.insert_method, obstacle)
    return None


def _of_the_server(config: Config, server: Server) -> str | None:
    if config.driver_mode != "thin":
        return "only the driver's thin mode has a direct path"
    if config.ddl_mode == "none":
        return "direct path needs a work table, and ddl_mode is none"
    if server.charset != CHARSET:
        return f"direct path stores text unconverted, and the database has {server.charset}, not {CHARSET}"
    return None


def _of_the_table(target: Target) -> str | None:
    if target.method != "append-only" and target.keys:
        return f"load_method {target.method} looks at each key, which direct path does not"
    most = target.server.max_string_bytes
    others = [column for column in target.columns.values() if carrier(column.type, most) is None]
    if others:
        return f"direct path carries no {others[0].type.name} (column {others[0].name})"
    return None


def is_used(target: Target, rows: list[Row]) -> bool:
    """
    Tell whether *rows* of one batch go by direct path.
    """
    least = target.loading.direct_from
    return least is not None and len(rows) >= least


def append(database: Database, batch: Batch, rows: list[Row]) -> Outcome | None:
    """
    Insert *rows* of *batch* within the open transaction; None where they have to go as arrays.

    That is so, too, where a row of them is refused: an array tells which.
    """
    version = batch.version
    query = database.direct.fill(version.columns, rows)
    if query is None:
        return None
    names = [column.name for column in version.columns]
    statement = sql.insert_query(version.target.owner, version.target.rows_table, names, query)
    try:
        count = database.session.run(statement)
    except DatabaseError as refusal:
        if not GONE.isdisjoint(codes_of(refusal)):
            database.direct.forget()
        elif classify(refusal) is not Action.ROW:
            raise
        logger.info("stream %s: %s; the batch is sent as an array", version.stream, describe(refusal))
        return None
    if count != len(rows):
        raise InternalError(f"{len(rows)} rows went by direct path, {count} came out of the work table")
    return Outcome(inserted=count, way="direct")
