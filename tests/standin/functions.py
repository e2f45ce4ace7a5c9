"""
SQL functions: how many arguments, of which families, what they return.

Most are lines of a table: letters for the arguments (t text, n number, i whole number, d time, b bytes), one
for the result, and a Python function over plain values. The others look at types and are compiled one by one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from tests.standin import conversions, decimals, doubles, fields, formats, json_paths, sqltypes, texts, times
from tests.standin.aggregates import AGGREGATES, aggregate, analytic, count_arguments
from tests.standin.binding import Typed, quoted
from tests.standin.compiler import (
    ExpressionCompiler,
    common_type,
    compiles,
)
from tests.standin.expressions import cast, concatenate
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import Call, Expr, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.nls import Nls
    from tests.standin.sqltypes import SqlType


@compiles(Call)
def call(c: ExpressionCompiler, node: Call) -> Typed:
    """
    Compile a function call; an unknown function is ORA-00904.
    """
    name = node.name[-1]
    if node.over is not None:
        return analytic(c, node, node.over)
    if len(node.name) == 1 and name in AGGREGATES:
        return aggregate(c, node)
    if node.distinct or node.order:
        raise Refusal(30482 if node.order else 909, node.position)
    key = ".".join(node.name)
    plain = _PLAIN.get(key)
    if plain is not None:
        count_arguments(node, plain.least, plain.most)
        return plain.compile(c, key, node)
    special = _SPECIAL.get(key)
    if special is None:
        raise Refusal(904, node.position, name=quoted(node.name))
    least, most, function = special
    count_arguments(node, least, most)
    return function(c, node)


_READ: dict[str, Callable[[Any], Any]] = {
    "n": decimals.decode,
    "i": lambda v: int(decimals.decode(v)),
}
_FAMILY_OF = {"t": sqltypes.VARCHAR, "n": sqltypes.NUMBER, "i": sqltypes.NUMBER, "d": sqltypes.DATE}
_RESULTS = {
    "t": sqltypes.VARCHAR,
    "n": sqltypes.NUMBER,
    "d": sqltypes.DATE,
    "b": sqltypes.RAW,
    "D": sqltypes.DAYS,
}


@dataclass(frozen=True, slots=True)
class Plain:
    """
    A function over plain values, NULL where an argument is; '' becomes NULL.
    """

    args: str
    result: str
    function: Callable[..., Any]
    optional: int = 0

    @property
    def least(self) -> int:
        """
        Count the arguments that must be.
        """
        return len(self.args) - self.optional

    @property
    def most(self) -> int:
        """
        Count the arguments that may be.
        """
        return len(self.args)

    def compile(self, c: ExpressionCompiler, key: str, node: Call) -> Typed:
        """
        Compile a call.
        """
        letters = self.args[: len(node.args)]
        first: SqlType | None = None
        sqls: list[str] = []
        for letter, arg in zip(letters, node.args, strict=True):
            found = self._argument(c, letter, c.value(arg))
            first = first or found.type
            sqls.append(found.sql)
        type_ = self._type(first, c.nls)
        return Typed(c.py(("plain", key, len(sqls)), self._called(letters), *sqls), type_)

    def _argument(self, c: ExpressionCompiler, letter: str, found: Typed) -> Typed:
        if letter == "b":
            return c.convert(found, sqltypes.RAW)
        if letter == "t" and found.type.family == "text":
            return found
        return c.convert(found, _FAMILY_OF[letter])

    def _type(self, first: SqlType | None, nls: Nls) -> SqlType:
        if self.result == "t" and first is not None and first.family == "text":
            if first.is_lob:
                return first
            return sqltypes.varchar(
                nls.max_string if first.name == "LONG" else max(first.max_bytes(nls.max_string), 1)
            )
        return _RESULTS[self.result]

    def _called(self, letters: str) -> Callable[..., Any]:
        readers = [_READ.get(letter) for letter in letters]
        function, result = self.function, self.result

        def run(*args: Any) -> Any:
            plain = [
                value if read is None else read(value) for read, value in zip(readers, args, strict=True)
            ]
            made = function(*plain)
            if made is None or made == "":
                return None
            return decimals.encode(made) if result in "nD" else made

        return run


def _power(a: Decimal, b: Decimal) -> Decimal:
    if b == b.to_integral_value() and abs(b) < 1000:
        return decimals.DIVISION.power(a, b)
    return Decimal(repr(float(a) ** float(b)))


def _mod(a: Decimal, b: Decimal) -> Decimal:
    return a if not b else decimals.EXACT.remainder(a, b)


def _sign(a: Decimal) -> int:
    return (a > 0) - (a < 0)


def _chr(code: int) -> str:
    try:
        return code.to_bytes((code.bit_length() + 7) // 8 or 1, "big").decode()
    except (UnicodeDecodeError, OverflowError):
        raise Refusal(1426) from None


def _hash(value: bytes | str, name: str = "SHA1") -> bytes:
    known = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"}
    if name.upper() not in known:
        raise Refusal(904, name='"STANDARD_HASH"')
    data = value.encode() if isinstance(value, str) else value
    return hashlib.new(name.lower(), data, usedforsecurity=False).digest()


_UNIT_NANOS = {unit: seconds * times.NANOS for unit, seconds in formats.UNITS.items()}


def _to_days(count: Decimal, unit: str) -> Decimal:
    nanos = _UNIT_NANOS.get(unit.strip().upper())
    if nanos is None:
        raise Refusal(1760)
    return (count * nanos).to_integral_value()


_PLAIN: dict[str, Plain] = {
    "UPPER": Plain("t", "t", str.upper),
    "LOWER": Plain("t", "t", str.lower),
    "INITCAP": Plain("t", "t", texts.initcap),
    "SUBSTR": Plain("tii", "t", texts.substr, 1),
    "INSTR": Plain("ttii", "n", texts.instr, 2),
    "LENGTH": Plain("t", "n", len),
    "LENGTHC": Plain("t", "n", len),
    "LPAD": Plain("tit", "t", lambda v, n, f=" ": texts.pad(v, n, f, left=True), 1),
    "RPAD": Plain("tit", "t", lambda v, n, f=" ": texts.pad(v, n, f, left=False), 1),
    "LTRIM": Plain("tt", "t", lambda v, s=" ": v.lstrip(s), 1),
    "RTRIM": Plain("tt", "t", lambda v, s=" ": v.rstrip(s), 1),
    "TRIM": Plain("tt", "t", lambda v, s=" ": v.strip(s), 1),
    "TRANSLATE": Plain("ttt", "t", texts.translate),
    "ASCII": Plain("t", "n", lambda v: int.from_bytes(v[0].encode(), "big")),
    "CHR": Plain("i", "t", _chr),
    "UNISTR": Plain("t", "t", texts.unistr),
    "RAWTOHEX": Plain("b", "t", lambda v: v.hex().upper()),
    "HEXTORAW": Plain("t", "b", conversions.hex_to_raw),
    "UTL_RAW.CAST_TO_RAW": Plain("t", "b", str.encode),
    "UTL_RAW.CAST_TO_VARCHAR2": Plain("b", "t", lambda v: v.decode(errors="replace")),
    "ABS": Plain("n", "n", abs),
    "CEIL": Plain("n", "n", lambda v: v.to_integral_value(ROUND_CEILING)),
    "FLOOR": Plain("n", "n", lambda v: v.to_integral_value(ROUND_FLOOR)),
    "MOD": Plain("nn", "n", _mod),
    "SIGN": Plain("n", "n", _sign),
    "POWER": Plain("nn", "n", _power),
    "SQRT": Plain("n", "n", decimals.DIVISION.sqrt),
    "ADD_MONTHS": Plain("di", "d", fields.add_months),
    "LAST_DAY": Plain("d", "d", fields.last_day),
    "MONTHS_BETWEEN": Plain("dd", "n", fields.months_between),
    "NUMTODSINTERVAL": Plain("nt", "D", _to_days),
    "DBMS_LOB.INSTR": Plain("ttii", "n", texts.instr, 2),
}


# --- functions that look at types ---------------------------------------------------------------------------


def _nvl(c: ExpressionCompiler, node: Call) -> Typed:
    values = [c.value(arg) for arg in node.args]
    first = values[0].type if values[0].type.family != "null" else common_type([v.type for v in values])
    if first.family == "text":
        first = common_type([v.type if v.type.family == "text" else sqltypes.VARCHAR for v in values])
    made = [c.convert(found, first) for found in values]
    nullable = all(found.nullable for found in made)
    return Typed(f"coalesce({made[0].sql},{made[1].sql})", first, nullable)


def _nvl2(c: ExpressionCompiler, node: Call) -> Typed:
    test = c.value(node.args[0])
    yes, no = c.common([c.value(arg) for arg in node.args[1:]], strict=False)
    return Typed(f"(CASE WHEN {test.sql} IS NOT NULL THEN {yes.sql} ELSE {no.sql} END)", yes.type)


def _coalesce(c: ExpressionCompiler, node: Call) -> Typed:
    made = c.common([c.value(arg) for arg in node.args], strict=True)
    return Typed(f"coalesce({','.join(f.sql for f in made)})", made[0].type, all(f.nullable for f in made))


def _nullif(c: ExpressionCompiler, node: Call) -> Typed:
    left, right = c.value(node.args[0]), c.value(node.args[1])
    a, b = c.compared(left, right)
    return Typed(f"(CASE WHEN {a} = {b} THEN NULL ELSE {left.sql} END)", left.type)


def _decode(c: ExpressionCompiler, node: Call) -> Typed:
    subject, *rest = (c.value(arg) for arg in node.args)
    pairs = [(rest[n], rest[n + 1]) for n in range(0, len(rest) - 1, 2)]
    default = rest[-1] if len(rest) % 2 else Typed("NULL", sqltypes.NULL)
    results = c.common([*(result for _, result in pairs), default], strict=False)
    branches = []
    for (search, _), result in zip(pairs, results, strict=False):
        a, b = c.compared(subject, search)
        branches.append(f"WHEN {a} IS {b} THEN {result.sql}")
    return Typed(f"(CASE {' '.join(branches)} ELSE {results[-1].sql} END)", results[0].type)


def _extreme(word: str) -> Callable[[ExpressionCompiler, Call], Typed]:
    def compile_(c: ExpressionCompiler, node: Call) -> Typed:
        made = c.common([c.value(arg) for arg in node.args], strict=False)
        if len(made) == 1:
            return made[0]
        for found in made:
            c.sort_key(found)
        return Typed(f"{word}({','.join(found.sql for found in made)})", made[0].type)

    return compile_


def _constant_text(node: Expr) -> str | None:
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


def _to_char(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    if len(node.args) == 1:
        if found.type.family == "text":
            return found if not found.type.is_lob else Typed(found.sql, sqltypes.varchar(c.nls.max_string))
        made = c.convert(found, sqltypes.VARCHAR)
        return Typed(made.sql, sqltypes.varchar(_shown_length(found.type)))
    model = c.text(node.args[1])
    family = found.type.family
    if family == "text":
        found, family = c.convert(found, sqltypes.NUMBER), "number"
    nls = c.nls
    if family in {"number", "double"}:
        number = c.convert(found, sqltypes.NUMBER)
        sql = c.py(
            "to_char number", lambda v, m: formats.write_number(decimals.decode(v), m), number.sql, model
        )
        return Typed(sql, sqltypes.varchar(64))
    if family == "zoned":
        sql = c.py(
            "to_char zoned", lambda v, m: formats.write(times.wall_clock(v), m, v[29:]), found.sql, model
        )
    elif family == "time":
        local = found.type.name == sqltypes.LOCAL.name

        def write(value: str, model: str) -> str:
            wall = times.shift(value, times.nanos_of(nls.zone)) if local else value
            return formats.write(wall, model, nls.zone_text)

        sql = c.py(("to_char time", local), write, found.sql, model)
    elif family == "null":
        sql = "NULL"
    else:
        raise Refusal(932, node.position, expected="NUMBER", got=found.type.name)
    return Typed(sql, sqltypes.varchar(75))


def _shown_length(type_: SqlType) -> int:
    return {"number": 40, "double": 22, "time": 75, "zoned": 75}.get(type_.family, 40)


def _to_number(c: ExpressionCompiler, node: Call) -> Typed:
    if len(node.args) == 1:
        return c.convert(c.value(node.args[0]), sqltypes.NUMBER)
    text, model = c.text(node.args[0]), c.text(node.args[1])

    def read(value: str, model: str) -> bytes:
        mark = model.upper()
        bare = value.strip().replace(",", "") if "," in mark or "G" in mark else value
        return decimals.encode(decimals.parse(bare.replace("$", "")))

    return Typed(c.py("to_number", read, text, model), sqltypes.NUMBER)


def _to_time(target: SqlType) -> Callable[[ExpressionCompiler, Call], Typed]:
    def compile_(c: ExpressionCompiler, node: Call) -> Typed:
        found = c.value(node.args[0])
        if len(node.args) == 1 or found.type.family == "null":
            return c.convert(found, target)
        text = c.text(node.args[0])
        model = c.text(node.args[1])
        nls = c.nls

        def read(value: str, model: str) -> str:
            wall, zone = formats.read(value, model, nls.today().replace(day=1))
            if target.family == "zoned":
                return times.zoned(wall, times.parse_offset(zone) if zone else nls.zone)
            return times.truncate_fraction(wall) if target.name == "DATE" else wall

        return Typed(c.py(("to time", target.name), read, text, model), target)

    return compile_


def _to_lob(target: SqlType) -> Callable[[ExpressionCompiler, Call], Typed]:
    def compile_(c: ExpressionCompiler, node: Call) -> Typed:
        found = c.value(node.args[0])
        if found.type.family == "json":
            return Typed(found.sql, target)
        made = c.convert(found, target)
        return Typed(made.sql, target)

    return compile_


def _to_double(target: SqlType) -> Callable[[ExpressionCompiler, Call], Typed]:
    return lambda c, node: c.convert(c.value(node.args[0]), target)


def _cut_or_round(c: ExpressionCompiler, node: Call) -> Typed:
    rounds = node.name[-1] == "ROUND"
    found = c.value(node.args[0])
    if found.type.family in {"time", "zoned"}:
        date = c.convert(found, sqltypes.DATE)
        unit = c.text(node.args[1]) if len(node.args) > 1 else "'DD'"
        function = fields.round_to if rounds else fields.truncate
        return Typed(c.py(("unit", rounds), function, date.sql, unit), sqltypes.DATE)
    if found.type.family == "double" and len(node.args) == 1:
        whole = math.trunc if not rounds else round
        sql = c.py(
            ("double unit", rounds), lambda v: doubles.encode(float(whole(doubles.decode(v)))), found.sql
        )
        return Typed(sql, found.type)
    number = c.convert(found, sqltypes.NUMBER)
    places = c.number(node.args[1]) if len(node.args) > 1 else f"X'{decimals.ZERO.hex()}'"
    return Typed(c.py(("places", rounds), _placed(rounds=rounds), number.sql, places), sqltypes.NUMBER)


def _placed(*, rounds: bool) -> Callable[[bytes, bytes], bytes]:
    def run(value: bytes, places: bytes) -> bytes:
        number, scale = decimals.decode(value), int(decimals.decode(places))
        if rounds:
            return decimals.encode(decimals.to_scale(number, scale))
        unit = Decimal((0, (1,), -scale))
        whole = decimals.EXACT.divide_int(number, unit)
        return decimals.encode(decimals.EXACT.multiply(whole, unit))

    return run


def _replace(c: ExpressionCompiler, node: Call) -> Typed:
    text = c.value(node.args[0])
    text = text if text.type.family == "text" else c.convert(text, sqltypes.VARCHAR)
    old = c.text(node.args[1])
    new = c.text(node.args[2]) if len(node.args) > 2 else "NULL"

    def run(value: str | None, old: str | None, new: str | None) -> str | None:
        if value is None or not old:
            return value
        return value.replace(old, new or "") or None

    limit = c.nls.max_string
    type_ = text.type if text.type.is_lob else sqltypes.varchar(limit)
    return Typed(c.py_null("replace", run, text.sql, old, new), type_)


def _concat(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    for arg in node.args[1:]:
        found = concatenate(c, found, c.value(arg))
    return found


def _byte_length(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    if found.type.family == "bytes":
        return Typed(c.py("length of bytes", lambda v: decimals.encode(len(v)), found.sql), sqltypes.NUMBER)
    return Typed(
        c.py("lengthb", lambda v: decimals.encode(c.nls.charset.size(v)), c.text(node.args[0])),
        sqltypes.NUMBER,
    )


def _lob_length(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    if found.type.family not in {"text", "bytes", "null"}:
        raise Refusal(932, node.position, expected="CLOB", got=found.type.name)
    return Typed(c.py("lob length", lambda v: decimals.encode(len(v)), found.sql), sqltypes.NUMBER)


def _lob_compare(c: ExpressionCompiler, node: Call) -> Typed:
    left, right = c.value(node.args[0]), c.value(node.args[1])
    families = {left.type.family, right.type.family} - {"null"}
    if len(families) > 1 or families - {"text", "bytes"}:
        raise Refusal(932, node.position, expected=left.type.name, got=right.type.name)

    def run(a: Any, b: Any) -> bytes:
        return decimals.encode((a > b) - (a < b))

    return Typed(c.py("lob compare", run, left.sql, right.sql), sqltypes.NUMBER)


def _lob_part(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    amount = c.number(node.args[1]) if len(node.args) > 1 else f"X'{decimals.encode(32767).hex()}'"
    offset = c.number(node.args[2]) if len(node.args) > 2 else f"X'{decimals.encode(1).hex()}'"

    def run(value: Any, amount: bytes, offset: bytes) -> Any:
        start = int(decimals.decode(offset)) - 1
        return value[start : start + int(decimals.decode(amount))] or None

    raw = found.type.family == "bytes"
    type_ = sqltypes.RAW if raw else sqltypes.varchar(c.nls.max_string)
    return Typed(c.py("lob substr", run, found.sql, amount, offset), type_)


def _empty_lob(target: SqlType, sql: str) -> Callable[[ExpressionCompiler, Call], Typed]:
    return lambda _c, _node: Typed(sql, target, nullable=False)


def _sys_context(c: ExpressionCompiler, node: Call) -> Typed:
    if _constant_text(node.args[0]) is None or str(_constant_text(node.args[0])).upper() != "USERENV":
        raise unsupported("SYS_CONTEXT of another namespace than USERENV", node.position)
    context = c.context

    def read(_space: str, parameter: str) -> str | None:
        return context.userenv(parameter.upper())

    sql = c.py("sys_context", read, c.text(node.args[0]), c.text(node.args[1]), pure=False)
    return Typed(sql, sqltypes.varchar(256))


def _sys_extract_utc(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.convert(c.value(node.args[0]), sqltypes.ZONED)
    return Typed(f"substr({found.sql},1,29)", sqltypes.SqlType("TIMESTAMP", precision=6))


def _from_tz(c: ExpressionCompiler, node: Call) -> Typed:
    wall = c.convert(c.value(node.args[0]), sqltypes.TIMESTAMP)
    sql = c.py("from_tz", lambda v, z: times.zoned(v, times.parse_offset(z)), wall.sql, c.text(node.args[1]))
    return Typed(sql, sqltypes.ZONED)


def _to_interval(c: ExpressionCompiler, node: Call) -> Typed:
    return c.convert(c.value(node.args[0]), sqltypes.DAYS)


def _standard_hash(c: ExpressionCompiler, node: Call) -> Typed:
    found = c.value(node.args[0])
    if found.type.family not in {"text", "bytes", "null"} or found.type.is_lob:
        raise unsupported(f"STANDARD_HASH of {found.type.name}", node.position)
    args = [c.text(node.args[1])] if len(node.args) > 1 else []
    return Typed(c.py(("hash", len(args)), _hash, found.sql, *args), sqltypes.SqlType("RAW", 64))


def _rowid(c: ExpressionCompiler, node: Call) -> Typed:
    return Typed(c.text(node.args[0]), sqltypes.ROWID)


def _json_value(c: ExpressionCompiler, node: Call) -> Typed:
    path = _constant_text(node.args[1])
    if path is None:
        raise Refusal(40454, node.position)
    found = c.value(node.args[0])
    steps = json_paths.steps(path)
    if node.name[-1] == "JSON_EXISTS":
        exists = c.py(("json_exists", path), lambda v: int(json_paths.exists(v, steps)), found.sql)
        return Typed(f"coalesce({exists},0)", sqltypes.BOOLEAN, nullable=False, condition=True)
    if node.name[-1] == "JSON_QUERY":
        sql = c.py(("json_query", path), lambda v: json_paths.query(v, steps), found.sql)
        return Typed(sql, sqltypes.varchar(4000))
    sql = c.py(("json_value", path), lambda v: json_paths.scalar(v, steps), found.sql)
    made = Typed(sql, sqltypes.varchar(4000))
    return made if node.returning is None else cast(c, made, node.returning)


_SPECIAL: dict[str, tuple[int, int, Callable[[ExpressionCompiler, Call], Typed]]] = {
    "NVL": (2, 2, _nvl),
    "NVL2": (3, 3, _nvl2),
    "COALESCE": (2, 255, _coalesce),
    "NULLIF": (2, 2, _nullif),
    "DECODE": (3, 255, _decode),
    "GREATEST": (1, 255, _extreme("max")),
    "LEAST": (1, 255, _extreme("min")),
    "TO_CHAR": (1, 3, _to_char),
    "TO_NCHAR": (1, 3, _to_char),
    "TO_NUMBER": (1, 3, _to_number),
    "TO_DATE": (1, 3, _to_time(sqltypes.DATE)),
    "TO_TIMESTAMP": (1, 3, _to_time(sqltypes.TIMESTAMP)),
    "TO_TIMESTAMP_TZ": (1, 3, _to_time(sqltypes.ZONED)),
    "TO_CLOB": (1, 1, _to_lob(sqltypes.CLOB)),
    "TO_NCLOB": (1, 1, _to_lob(sqltypes.SqlType("NCLOB"))),
    "TO_BLOB": (1, 1, _to_lob(sqltypes.BLOB)),
    "TO_BINARY_DOUBLE": (1, 1, _to_double(sqltypes.DOUBLE)),
    "TO_BINARY_FLOAT": (1, 1, _to_double(sqltypes.SINGLE)),
    "TO_DSINTERVAL": (1, 1, _to_interval),
    "TRUNC": (1, 2, _cut_or_round),
    "ROUND": (1, 2, _cut_or_round),
    "REPLACE": (2, 3, _replace),
    "CONCAT": (2, 255, _concat),
    "LENGTHB": (1, 1, _byte_length),
    "DBMS_LOB.GETLENGTH": (1, 1, _lob_length),
    "DBMS_LOB.COMPARE": (2, 2, _lob_compare),
    "DBMS_LOB.SUBSTR": (1, 3, _lob_part),
    "EMPTY_CLOB": (0, 0, _empty_lob(sqltypes.CLOB, "''")),
    "EMPTY_BLOB": (0, 0, _empty_lob(sqltypes.BLOB, "X''")),
    "SYS_CONTEXT": (2, 3, _sys_context),
    "SYS_EXTRACT_UTC": (1, 1, _sys_extract_utc),
    "FROM_TZ": (2, 2, _from_tz),
    "STANDARD_HASH": (1, 2, _standard_hash),
    "CHARTOROWID": (1, 1, _rowid),
    "JSON_VALUE": (2, 2, _json_value),
    "JSON_EXISTS": (2, 2, _json_value),
    "JSON_QUERY": (2, 2, _json_value),
}
