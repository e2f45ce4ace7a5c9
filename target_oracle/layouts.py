"""
A version of a stream -> its layout: which values the compiled decoder may take for each column.

Every rule here is at least as strict as the column's converter: a value that meets it is bound as it stands,
and any other is decided upon by the converter. None stands for a stream that the compiled part leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from target_oracle import columnar
from target_oracle.columnar import Layout
from target_oracle.metadata import STARTED
from target_oracle.numerals import INT64_MAX, NUMBER_DIGITS
from target_oracle.singer.automata import compile_automaton
from target_oracle.singer.schema import Kind
from target_oracle.texts import limits_of
from target_oracle.validation import number_bounds

if TYPE_CHECKING:
    from target_oracle.decoder import Decoder, Slot
    from target_oracle.oracle.types import Column, OracleType, Server
    from target_oracle.singer.schema import Field
    from target_oracle.validation import ColumnCheck

    Rule = dict[str, Any]

# Databases that hold every character, in as many bytes as UTF-8 has.
_UNICODE: Final = frozenset({"AL32UTF8"})
# What the driver declares for a text and for bytes of Arrow, which longer values must not pass (26.1: four
# bytes for each of 4000 characters, 4000 bytes).
_TEXT_BYTES: Final = 16_000
_RAW_BYTES: Final = 4_000
# Names that the compiled part does not compare, as it reads no escapes in them.
_ODD: Final = frozenset('"\\') | frozenset(map(chr, range(32)))
_MOST_CHOICES: Final = 64
# Types of JSON values by their first byte, as the compiled part counts them.
_STRING, _OBJECT, _ARRAY, _NUMBER, _BOOLEAN, _NULL, _INTEGER = 1, 2, 4, 8, 16, 32, 64
_TYPES: Final = {
    "string": _STRING,
    "object": _OBJECT,
    "array": _ARRAY,
    "number": _NUMBER,
    "integer": _NUMBER,
    "boolean": _BOOLEAN,
}
# By their first byte: digits and the sign come together, and so do true and false.
_STARTS: Final = {b'"': _STRING, b"{": _OBJECT, b"[": _ARRAY, b"0": _NUMBER, b"t": _BOOLEAN}
_DOCUMENTS: Final = frozenset({"object", "array"})
_LOBS: Final = frozenset({"CLOB", "NCLOB", "LONG", "JSON", "BLOB", "LONG RAW"})


def layout_of(stream: str, decoder: Decoder, columns: Sequence[Column], server: Server) -> Layout | None:
    """
    Return how rows of *stream* gather as *columns*: those of *decoder*, and behind them those of a moment.
    """
    if columnar.compiled is None or server.charset not in _UNICODE or not decoder.has_fast_way:
        return None
    properties = [rule_of(slot, server) for slot in decoder.slots]
    if None in properties:
        return None
    others = [_of_message(name) for name in decoder.extras]
    moments = [_of_moment(column) for column in columns[len(properties) + len(others) :]]
    plan = columnar.compiled.Plan(
        stream.encode(), tuple(properties), (*others, *moments), tolerant=decoder.tolerant
    )
    days = frozenset(n for n, rule in enumerate(properties) if rule and rule["kind"] == "day")
    # The last column of a moment is when the process started.
    is_number = bool(moments) and columns[-1].type.name == "NUMBER"
    return Layout(plan, columns, days, {len(columns) - 1: STARTED} if is_number else {})


def _of_message(name: str) -> Rule:
    if name == "version":
        return {"kind": "integer", "nullable": True, "version": True}
    return {"kind": "moment", "nullable": True, "extracted": True}


def _of_moment(column: Column) -> Rule:
    return {"kind": "moment" if column.type.name.startswith("TIMESTAMP") else "integer", "nullable": True}


def rule_of(slot: Slot, server: Server) -> Rule | None:
    """
    Return what the compiled decoder takes for *slot*; None where it cannot know all that is asked.
    """
    prop = slot.read_as or slot.prop
    if any(_ODD & set(name) for name in prop.path):
        return None
    for holds, kinds, make in _FAMILIES:
        if slot.column.type.name in holds and prop.kind in kinds:
            rule = make(prop, slot.column.type, server)
            break
    else:
        return None
    if rule is None or not _demand(rule, slot):
        return None
    rule["path"] = tuple(name.encode() for name in prop.path)
    rule["needed"] = slot.key or slot.needed or slot.filled
    rule["nullable"] = not (slot.key or slot.filled)
    rule["key"] = slot.key
    return rule


# --- what a column holds


def _integer(_prop: Field, type_: OracleType, _server: Server) -> Rule | None:
    digits = (type_.precision or NUMBER_DIGITS) - (type_.scale or 0)
    bound = min(10**digits - 1, INT64_MAX) if digits > 0 else 0
    return {"kind": "integer", "low": -bound, "high": bound} if digits > 0 else None


def _decimal(prop: Field, type_: OracleType, _server: Server) -> Rule | None:
    rule: Rule = {"kind": "decimal", "quoted": prop.kind is Kind.DECIMAL_STRING}
    if type_.precision is None and type_.scale is None:
        return rule
    digits, places = type_.precision or NUMBER_DIGITS, type_.scale or 0
    if type_.name != "NUMBER" or not 0 <= places <= digits <= NUMBER_DIGITS:
        return None
    return {**rule, "whole": digits - places, "places": places}


def _flag(_prop: Field, type_: OracleType, _server: Server) -> Rule:
    return {"kind": "boolean"} if type_.name == "BOOLEAN" else {"kind": "integer", "flag": True}


def _double(_prop: Field, _type: OracleType, _server: Server) -> Rule:
    return {"kind": "double"}


def _text(prop: Field, type_: OracleType, server: Server) -> Rule:
    if prop.kind is Kind.STRING or prop.kind not in _OF_SEVERAL_TYPES:
        return {"kind": "text", **_room(type_, server)}
    types = prop.types | {"string", "number", "integer"} if prop.types else frozenset(_TYPES)
    return {"kind": "document", "types": _mask(types), **_room(type_, server)}


_OF_SEVERAL_TYPES: Final = frozenset({Kind.ANY, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DECIMAL_STRING})


def _document(prop: Field, type_: OracleType, server: Server) -> Rule:
    types = prop.types & _DOCUMENTS or _DOCUMENTS
    return {"kind": "document", "types": _mask(types), **_room(type_, server)}


def _mask(types: frozenset[str]) -> int:
    mask = 0
    for name in types:
        mask |= _TYPES.get(name, 0)
    return mask


def _room(type_: OracleType, server: Server) -> Rule:
    chars, size = limits_of(type_, server)
    if type_.name in _LOBS:
        return {"large": True, "max_chars": chars, "max_bytes": size}
    return {"max_chars": chars, "max_bytes": min(size or _TEXT_BYTES, _TEXT_BYTES)}


def _moment(_prop: Field, _type: OracleType, _server: Server) -> Rule:
    return {"kind": "moment"}


def _day(_prop: Field, _type: OracleType, _server: Server) -> Rule:
    return {"kind": "day"}


def _binary(prop: Field, type_: OracleType, _server: Server) -> Rule | None:
    if prop.encoding == "hex":
        return None
    if type_.name in _LOBS:
        return {"kind": "binary", "large": True, "max_bytes": type_.length}
    return {"kind": "binary", "max_bytes": min(type_.length or _RAW_BYTES, _RAW_BYTES)}


_NUMBERS: Final = frozenset({"NUMBER", "FLOAT"})
_STAMPS: Final = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE"})
_TEXTS: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR", "CLOB", "NCLOB", "LONG"})

# As `convert.converter` pairs them; what is not here is left to Python.
_FAMILIES: Final[
    tuple[
        tuple[frozenset[str], frozenset[Kind], Callable[[Field, OracleType, Server], Rule | None]],
        ...,
    ]
] = (
    (_NUMBERS, frozenset({Kind.INTEGER}), _integer),
    (_NUMBERS, frozenset({Kind.NUMBER, Kind.DECIMAL_STRING}), _decimal),
    (_NUMBERS | {"BOOLEAN"}, frozenset({Kind.BOOLEAN}), _flag),
    (frozenset({"BINARY_DOUBLE"}), frozenset({Kind.INTEGER, Kind.NUMBER}), _double),
    (_TEXTS | {"JSON"}, frozenset({Kind.JSON}), _document),
    (frozenset({"JSON"}), frozenset({Kind.ANY}), _document),
    (_TEXTS, frozenset(Kind), _text),
    (_STAMPS, frozenset({Kind.DATE_TIME}), _moment),
    (_STAMPS | {"DATE"}, frozenset({Kind.DATE}), _day),
    (frozenset({"RAW", "BLOB", "LONG RAW"}), frozenset({Kind.BINARY}), _binary),
)


# --- what a schema demands


def _demand(rule: Rule, slot: Slot) -> bool:
    """
    Add what the schema demands to *rule*; tell whether the compiled decoder can see to all of it.
    """
    check = slot.check
    if rule["kind"] == "text":
        rule["max_chars"] = _least(rule.get("max_chars"), slot.most)
    if check is None:
        return slot.most is None or rule["kind"] == "text"
    if check.starts:
        if rule["kind"] != "document":
            return False
        rule["types"] &= sum(mask for byte, mask in _STARTS.items() if byte in check.starts)
    demand = _DEMANDS.get(rule["kind"])
    if check.accepts is None:
        return True
    by_value = check.by_value or rule["kind"] == "document"
    return demand is not None and by_value and demand(rule, check, slot)


def _least(one: int | None, other: int | None) -> int | None:
    return min((bound for bound in (one, other) if bound is not None), default=None)


def _of_integer(rule: Rule, check: ColumnCheck, _slot: Slot) -> bool:
    if check.rest is not None or len(check.choices) > _MOST_CHOICES or rule.get("flag"):
        return False
    bounds = {"ge": ("low", max, 0), "gt": ("low", max, 1), "le": ("high", min, 0), "lt": ("high", min, -1)}
    for name, bound in check.meta.items():
        side, stricter, step = bounds[name]
        rule[side] = stricter(rule[side], bound + step)
    if check.choices:
        rule["choices"] = check.choices
    return True


def _of_decimal(rule: Rule, _check: ColumnCheck, slot: Slot) -> bool:
    said = None if rule["quoted"] else number_bounds(slot.prop)
    if said is None:
        return False
    for name, bound in (("least", said.least), ("most", said.most)):
        if bound is None or (abs(bound) >= _BEYOND and (bound > 0) == (name == "most")):
            continue  # no number that the compiled decoder takes is as large as that
        if len(bound.as_tuple().digits) > NUMBER_DIGITS or abs(bound) >= _BEYOND:
            return False
        rule[name] = format(bound, "f").encode()
    rule["over_least"], rule["under_most"] = said.over_least, said.under_most
    rule["places"] = _least(rule.get("places"), said.places)
    return True


_BEYOND: Final = Decimal(10) ** NUMBER_DIGITS


def _of_text(rule: Rule, check: ColumnCheck, _slot: Slot) -> bool:
    if check.rest is not None:
        return False
    if check.choices:
        rule["choices"] = tuple(str(choice).encode() for choice in check.choices)
    rule["min_chars"] = check.meta.get("min_length", 0)
    pattern = check.meta.get("pattern")
    if pattern is None:
        return True
    automaton = compile_automaton(pattern)
    if automaton is None:
        return False
    rule["pattern"] = (automaton.table, automaton.accepting, automaton.start)
    return True


def _of_document(rule: Rule, _check: ColumnCheck, slot: Slot) -> bool:
    form = _form(slot.prop.schema)
    if form is None or slot.prop.kind is not Kind.JSON:
        return False
    rule["form"] = form
    return True


# Keywords that say nothing of a value, and those whose meaning a form has.
_SILENT: Final = frozenset(
    {
        "$comment",
        "default",
        "deprecated",
        "description",
        "examples",
        "format",
        "readOnly",
        "title",
        "writeOnly",
    }
)
_FORMED: Final = _SILENT | {"type", "properties", "required", "items", "additionalProperties"}
_MOST_REQUIRED: Final = 64
_INSIDE: Final = {**_TYPES, "integer": _INTEGER, "null": _NULL}
_ANY_TYPE: Final = _mask(frozenset(_TYPES)) | _NULL


def _form(schema: Any, depth: int = 32) -> tuple[Any, ...] | None:
    """
    Return what *schema* says of a value and its inside, as the compiled part reads it.

    None where it says more than that.
    """
    if not isinstance(schema, dict) or not schema.keys() <= _FORMED or depth == 0:
        return None
    if schema.get("additionalProperties", True) is not True:
        return None
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else types
    required = schema.get("required", [])
    if not _are_names(names) or not set(names) <= _INSIDE.keys() or not _are_names(required):
        return None
    members = _members(schema.get("properties", {}), required, depth)
    items = _form(schema["items"], depth - 1) if "items" in schema else None
    if members is None or (items is None and "items" in schema):
        return None
    mask = 0
    for name in names:
        mask |= _INSIDE[name]
    return mask or _ANY_TYPE, members, items


def _are_names(said: Any) -> bool:
    return isinstance(said, (list, tuple)) and all(isinstance(each, str) for each in said)


def _members(said: Any, required: Sequence[str], depth: int) -> tuple[Any, ...] | None:
    if not isinstance(said, dict) or len(required) > _MOST_REQUIRED:
        return None
    found = []
    for name in dict.fromkeys((*said, *required)):
        form = _form(said.get(name, {}), depth - 1)
        if form is None or _ODD & set(name):
            return None
        found.append((name.encode(), form, name in required))
    return tuple(found)


_DEMANDS: Final[Mapping[str, Callable[[Rule, ColumnCheck, Slot], bool]]] = {
    "integer": _of_integer,
    "decimal": _of_decimal,
    "text": _of_text,
    "document": _of_document,
}
