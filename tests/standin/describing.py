"""
Result columns as the wire describes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin import sqltypes
from tests.standin.values import ColumnInfo

if TYPE_CHECKING:
    from tests.standin.nls import Nls
    from tests.standin.selects import OutColumn

_WORDS = {
    "VARCHAR2": "VARCHAR",
    "NVARCHAR2": "NVARCHAR",
    "FLOAT": "NUMBER",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ",
    "TIMESTAMP WITH LOCAL TIME ZONE": "TIMESTAMP_LTZ",
    "LONG RAW": "LONG_RAW",
    "INTERVAL DAY TO SECOND": "INTERVAL_DS",
    "INTERVAL YEAR TO MONTH": "VARCHAR",
    "NULL": "VARCHAR",
}


def column_info(column: OutColumn, nls: Nls) -> ColumnInfo:
    """
    Describe a result column.
    """
    type_ = column.type
    word = _WORDS.get(type_.name, type_.name)
    size = chars = precision = scale = 0
    if type_.name in sqltypes.STRINGS | {"RAW", "ROWID"}:
        size = type_.max_bytes(nls.max_string) or 1
        chars = type_.length if type_.char else (0 if type_.name == "RAW" else size)
    elif type_.family in {"months", "null"}:
        size = chars = 30
    elif type_.family == "number":
        size = 22
        precision, scale = _digits(type_)
    elif type_.name.startswith("TIMESTAMP"):
        size, scale = type_.max_bytes(nls.max_string), 6 if type_.precision is None else type_.precision
    elif type_.family == "days":
        size, precision, scale = 11, type_.precision or 9, 9 if type_.scale is None else type_.scale
    else:
        size = type_.max_bytes(nls.max_string)
    return ColumnInfo(column.name, word, size, chars, precision, scale, column.nullable, type_.is_json)


def _digits(type_: sqltypes.SqlType) -> tuple[int, int]:
    if type_.name == "FLOAT":
        return type_.precision or 126, -127
    if type_.precision is None and type_.scale is None:
        return 0, -127
    return type_.precision or 38, type_.scale or 0
