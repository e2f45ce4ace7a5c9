"""
One server for many small loads.

Values of one property go in through the program and come back through the driver.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import Database
from tests.grammar import heard
from tests.standin.options import Options
from tests.standin.server import StandIn
from tests.within import Within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.program import Result

MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    What became of values, by their place: *stored* as the driver gives them, *refused* with code and reason.
    """

    table: str
    stored: Mapping[int, Any]
    refused: Mapping[int, tuple[str, str]]
    result: Result

    def outcome(self, place: int) -> Any:
        """
        Return the stored value, or the code of the reject.
        """
        return self.stored[place] if place in self.stored else self.refused[place][0]


@dataclass(slots=True)
class Rig:
    """
    A server of *version*, its database, and the program.
    """

    version: int
    server: StandIn
    database: Database
    within: Within
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def load(self, schema: Any, values: Sequence[str], *, key: bool = False, **settings: Any) -> Loaded:
        """
        Load *values*, JSON texts of a property `v` that has *schema*, into a table of their own.

        Each comes with its place as `id`; with *key* both are key_properties of an upsert.
        """
        stream = f"s{next(self.numbers)}"
        properties = {"id": {"type": "integer"}, "v": schema}
        message = {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"type": "object", "properties": properties, **settings.pop("root", {})},
            "key_properties": ["id", "v"] if key else [],
        }
        records = [
            f'{{"type":"RECORD","stream":"{stream}","record":{{"id":{n},"v":{v}}}}}'
            for n, v in enumerate(values)
        ]
        rejects = self.folder / f"{stream}.rejects"
        result = self.run(
            "\n".join([json.dumps(message), *records, ""]).encode("utf-8", "surrogatepass"),
            load_method="upsert" if key else "append-only",
            max_rejects=MANY,
            reject_file=str(rejects),
            **settings,
        )
        assert result.exit_code == 0, result.log
        return Loaded(stream.upper(), self._stored(stream.upper()), self._refused(rejects), result)

    def run(self, data: bytes, *args: str, **settings: Any) -> Result:
        """
        Run the program here on *data*.
        """
        config = {"ledger": False, "log_level": "INFO", **settings}
        return self.within(self.database.config(**config), data, *args)

    def _stored(self, table: str) -> dict[int, Any]:
        if not self.database.query(
            "SELECT 1 FROM user_tab_columns WHERE table_name = :1 AND column_name = 'V'", table
        ):
            return {}
        rows = self.database.query(f'SELECT "ID", "V" FROM "{table}"')
        found = {int(number): value for number, value in rows}
        assert len(found) == len(rows), "a row came twice"
        return found

    @staticmethod
    def _refused(path: Path) -> dict[int, tuple[str, str]]:
        if not path.exists():
            return {}
        found = {}
        for line in path.read_text(errors="replace").splitlines():
            message = json.loads(line)
            if message["type"] != "SCHEMA":
                why = message["_reject"]
                found[why["line"] - 2] = (why["code"], why["reason"])
        return found

    def column(self, table: str, name: str = "V") -> str:
        """
        Return the type of a column as it now is.
        """
        query = (
            "SELECT data_type, data_length, char_length, char_used, data_precision, data_scale "
            "FROM user_tab_columns WHERE table_name = :1 AND column_name = :2"
        )
        ((kind, size, chars, used, precision, scale),) = self.database.query(query, table, name)
        if kind in ("VARCHAR2", "CHAR"):
            return f"{kind}({chars} CHAR)" if used == "C" else f"{kind}({size} BYTE)"
        if kind == "RAW":
            return f"RAW({size})"
        if kind == "NUMBER" and precision is not None:
            return f"NUMBER({precision},{scale})" if scale else f"NUMBER({precision})"
        return str(kind)


@contextmanager
def rig(folder: Path, version: int, **options: Any) -> Iterator[Rig]:
    """
    Give a rig on a fresh stand-in server.
    """
    with (
        StandIn(Options(version=version, **options)) as server,
        heard(server),
        pytest.MonkeyPatch.context() as patch,
    ):
        database = Database(server.dsn, server.options.user, server.options.password, version)
        yield Rig(version, server, database, Within(folder, patch), folder)
