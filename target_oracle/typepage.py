"""
The tables of docs/types.md, made from those in the code: `python -m target_oracle.typepage docs/types.md`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_oracle.oracle.declared import parse_type
from target_oracle.oracle.types import Fit, Server, widen
from target_oracle.singer.schema import read_fields
from target_oracle.typemap import DEFAULTS, FILLS, TEXTS, TypeOptions, column_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_oracle.oracle.types import OracleType
    from target_oracle.singer.schema import Field

_SERVERS: Final = {
    "12.2, 19c": Server((19,)),
    "21c": Server((21,)),
    "23ai": Server((23,)),
}

# What a schema says, in words, and a property that says it.
_SCHEMAS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("integer, whatever its bounds", {"type": "integer"}),
    ("number, with or without multipleOf", {"type": "number"}),
    ("`singer.decimal`: a decimal as a string", {"type": "string", "format": "singer.decimal"}),
    ("boolean", {"type": "boolean"}),
    ("string with maxLength", {"type": "string", "maxLength": 160}),
    ("string with a maxLength above the limit", {"type": "string", "maxLength": 40_000}),
    ("string", {"type": "string"}),
    ("string, date-time", {"type": "string", "format": "date-time"}),
    ("string, date", {"type": "string", "format": "date"}),
    ("string, time", {"type": "string", "format": "time"}),
    ("string, uuid", {"type": "string", "format": "uuid"}),
    ("string, any other format", {"type": "string", "format": "duration"}),
    ("base64 content", {"type": "string", "contentEncoding": "base64"}),
    ("base64 content, short", {"type": "string", "contentEncoding": "base64", "maxLength": 44}),
    ("hex content: base16, or format binary", {"type": "string", "format": "binary"}),
    ("object, array or either", {"type": ["object", "array"]}),
    ("no type, or types that share no column", {"type": ["integer", "string"]}),
)

_OPTIONS: Final[tuple[tuple[str, str | int, dict[str, Any]], ...]] = (
    ("number_type", "BINARY_DOUBLE", {"type": "number"}),
    ("timestamp_type", "TIMESTAMP", {"type": "string", "format": "date-time"}),
    ("timestamp_type", "TIMESTAMP WITH LOCAL TIME ZONE", {"type": "string", "format": "date-time"}),
    ("timestamp_type", "DATE", {"type": "string", "format": "date-time"}),
    ("json_type", "JSON", {"type": "object"}),
    ("json_type", "CLOB", {"type": "object"}),
    ("json_type", "VARCHAR2", {"type": "object"}),
    ("boolean_type", "BOOLEAN", {"type": "boolean"}),
    ("boolean_type", "NUMBER(1)", {"type": "boolean"}),
    ("varchar_default_length", 255, {"type": "string"}),
)

# Changes of a schema: before, after.
_CHANGES: Final[tuple[tuple[str, str], ...]] = (
    ("VARCHAR2(10 CHAR)", "VARCHAR2(200 CHAR)"),
    ("VARCHAR2(200 CHAR)", "VARCHAR2(10 CHAR)"),
    ("VARCHAR2(100 BYTE)", "VARCHAR2(50 CHAR)"),
    ("VARCHAR2(200 CHAR)", "CLOB"),
    ("VARCHAR2(200 CHAR)", "JSON"),
    ("CLOB", "VARCHAR2(10 CHAR)"),
    ("NUMBER(10)", "NUMBER(38)"),
    ("NUMBER(10,2)", "NUMBER(10)"),
    ("NUMBER(38)", "NUMBER"),
    ("NUMBER(1)", "NUMBER(38)"),
    ("NUMBER(38)", "BOOLEAN"),
    ("BOOLEAN", "NUMBER(38)"),
    ("BINARY_DOUBLE", "NUMBER"),
    ("NUMBER(38)", "VARCHAR2(4000 BYTE)"),
    ("VARCHAR2(4000 BYTE)", "NUMBER(38)"),
    ("DATE", "TIMESTAMP(6) WITH TIME ZONE"),
    ("TIMESTAMP(6) WITH TIME ZONE", "DATE"),
    ("TIMESTAMP(6)", "TIMESTAMP(6) WITH TIME ZONE"),
    ("JSON", "VARCHAR2(4000 BYTE)"),
    ("RAW(10)", "RAW(20)"),
    ("RAW(10)", "BLOB"),
)

_FITS: Final = {
    Fit.FITS: "stays",
    Fit.MODIFY: "becomes {type}",
    Fit.TO_CLOB: "becomes {type}, same name, every value kept",
    Fit.SECOND_COLUMN: "stays; a second column takes {type}",
}

_BLOCK: Final = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def refreshed(text: str) -> str:
    """
    Return the page *text* with its marked tables written anew; raise KeyError for a table unknown here.
    """
    return _BLOCK.sub(
        lambda found: "\n".join([f"<!-- {found[1]} -->", *_TABLES[found[1]](), "<!-- end -->"]), text
    )


def _field(schema: dict[str, Any]) -> Field:
    return read_fields({"properties": {"a": schema}})[0]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(cells: Sequence[str]) -> list[str]:
    return [_row(cells), "|" + "---|" * len(cells)]


def _code(kind: OracleType) -> str:
    return f"`{kind.ddl()}`"


def _columns() -> list[str]:
    rows = []
    for words, schema in _SCHEMAS:
        field = _field(schema)
        types = [_code(column_type(field, server)) for server in _SERVERS.values()]
        same = [kind if kind != before else "=" for kind, before in zip(types, ["", *types], strict=False)]
        key = _code(column_type(field, _SERVERS["12.2, 19c"], key=True))
        rows.append(_row([words, *same, "=" if key == types[0] else key]))
    return [*_head(["JSON Schema", *_SERVERS, "as a key"]), *rows]


def _options() -> list[str]:
    rows = []
    for name, value, schema in _OPTIONS:
        options = TypeOptions(**{name: value})  # type: ignore[arg-type]  # as the settings have them
        server = _SERVERS["23ai"]
        before = column_type(_field(schema), server, options=DEFAULTS)
        after = column_type(_field(schema), server, options=options)
        rows.append(_row([f"`{name}`: `{json.dumps(value)}`", _code(before), _code(after)]))
    return [*_head(["setting", "by default on 23ai", "then"]), *rows]


def _declarable() -> list[str]:
    words = {kind: frozenset(names) - TEXTS for kind, names in FILLS.items()}
    rows = [
        _row([kind.value, ", ".join(f"`{name}`" for name in sorted(names))])
        for kind, names in words.items()
        if names
    ]
    return [*_head(["values", "types, beside every type of text"]), *rows]


def _changes() -> list[str]:
    rows = []
    for before, after in _CHANGES:
        found = widen(parse_type(before), parse_type(after), _SERVERS["23ai"])
        rows.append(_row([f"`{before}`", f"`{after}`", _FITS[found.fit].format(type=_code(found.type))]))
    return [*_head(["column", "now wanted", "what happens"]), *rows]


_TABLES: Final = {"changes": _changes, "columns": _columns, "declarable": _declarable, "options": _options}


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(refreshed(path.read_text()))
