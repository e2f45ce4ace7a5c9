"""
The rest of JSON Schema, per column: what the decoder checks on its way, one compiled function for the rest.

Types are the decoder's own business and are not looked at here, but for those inside objects and arrays.
A text's `maxLength` is left out at the column: `conformity` measures it before the column would grow.
`format` is an annotation; what the column's type needs (a date is a date) the converter checks.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle.singer.constraints import (
    Scope,
    compile_pattern,
    compile_schema,
    is_integral,
    translate_pattern,
)
from target_oracle.singer.references import Document
from target_oracle.singer.schema import Kind
from target_oracle.singer.shape import exact, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_oracle.singer.constraints import Check
    from target_oracle.singer.schema import Field

    Plain = dict[str, Any]

_INT64: Final = 2**63 - 1

# Kinds whose bind value is the JSON value; for the others a check must see the record's own text.
_BY_VALUE: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.STRING, Kind.TIME, Kind.UUID})

# JSON Schema -> msgspec.Meta, where both mean the same.
_INTEGER_META: Final = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
}
_TWIN: Final = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_STRING_META: Final = {"min_length": "minLength", "pattern": "pattern"}

# Keywords that say nothing about a value beyond its type, which the decoder checks.
_TYPE_ONLY: Final = frozenset(
    {"$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "examples", "format",
     "id", "nullable", "readOnly", "title", "type", "writeOnly"}
)  # fmt: skip

# The first byte of a JSON value tells its type.
_STARTS: Final = {
    "array": b"[",
    "boolean": b"tf",
    "integer": b"-0123456789",
    "number": b"-0123456789",
    "object": b"{",
    "string": b'"',
}

_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


class ColumnCheck(msgspec.Struct, frozen=True):
    """
    What a property's values must satisfy beyond their type.

    *meta* are arguments of `msgspec.Meta` and *choices* the members of a `Literal` that a decoder can check
    by itself; *rest* is what then remains, *accepts* is all of it. Both take a parsed JSON value other than
    null. *by_value* tells whether the bind value is that JSON value; if not, `accepts_json` reads the text,
    which must begin with one of *starts*. *null* tells whether null is valid.
    """

    null: bool
    by_value: bool
    meta: Mapping[str, Any] = msgspec.field(default_factory=dict)
    choices: tuple[str | int, ...] = ()
    rest: Check | None = None
    accepts: Check | None = None
    starts: bytes = b""
    notices: tuple[str, ...] = ()

    def accepts_json(self, text: bytes) -> bool:
        """
        Tell whether the JSON value *text*, which is not null, is valid; nested too deeply to say, it is not.
        """
        if self.starts and text[0] not in self.starts:
            return False
        try:
            return self.accepts is None or self.accepts(parse_json(text))
        except RecursionError:
            return False

    def faulty(self, values: Sequence[Any]) -> list[int]:
        """
        Return the positions of the *values* that *rest* refuses; None stands for null and is left out.
        """
        rest = self.rest
        if rest is None:
            return []
        return [place for place, value in enumerate(values) if value is not None and not rest(value)]


def parse_json(text: bytes) -> Any:
    """
    Parse a JSON value as the checks want it: integers as int, other numbers as Decimal.

    >>> parse_json(b'[1, 1.10, "a"]')
    [1, Decimal('1.10'), 'a']
    """
    return _decode(text)


def compile_checks(column: Field) -> ColumnCheck | None:
    """
    Compile what the schema of *column* asks for beyond types; None when it asks for nothing.

    >>> from target_oracle.singer.schema import read_fields
    >>> check = compile_checks(read_fields({"properties": {"a": {"type": "integer", "minimum": 3}}})[0])
    >>> dict(check.meta), check.rest, check.accepts(2)
    ({'ge': 3}, None, False)
    """
    try:
        return _compile(column)
    except RecursionError:
        notice = "the schema is nested too deeply to be checked"
        return ColumnCheck(null=column.nullable, by_value=True, notices=(notice,))


def _compile(column: Field) -> ColumnCheck | None:
    definitions = column.schema.get("$defs", {})
    scope = Scope(definitions)
    schema = _for_values(column.schema, definitions)
    if not column.types:  # null alone, or nothing
        schema = {"not": {}}
    if column.kind is Kind.ANY and "integer" in column.types and "number" not in column.types:
        schema["type"] = sorted(column.types)
    meta, met = _meta(column, schema)
    choices = _choices(column, schema)
    check = ColumnCheck(
        null=_null_is_valid(column),
        by_value=column.kind in _BY_VALUE,
        meta=meta,
        choices=choices,
        rest=compile_schema(schema, scope, met | {"enum"} if choices else met),
        accepts=compile_schema(schema, Scope(definitions)),
        starts=_starts(column),
        notices=tuple(dict.fromkeys(scope.notices)),
    )
    silent = check.accepts is None and check.null == column.nullable
    return None if silent and not check.starts and not check.notices else check


def _null_is_valid(column: Field) -> bool:
    whole = compile_schema(dict(column.schema), Scope(column.schema.get("$defs", {})))
    return whole is None or whole(None)


def _starts(column: Field) -> bytes:
    """
    Return the first bytes of valid values, for kinds that hold several types; none where every type is valid.
    """
    several = column.kind in (Kind.ANY, Kind.JSON)
    starts = bytes(sorted({byte for name in column.types for byte in _STARTS[name]}))
    everything = column.types >= _STARTS.keys() or column.types == {"array", "object"}
    return starts if several and not everything else b""


def _for_values(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Plain:
    """
    Return what *schema* asks of values other than null, without what types say: those are known to hold.
    """
    plain = {key: value for key, value in schema.items() if key not in _RESOLVED}
    for part in _parts(schema, definitions):
        if plain.keys() & part.keys():
            plain["allOf"] = [*plain.get("allOf", ()), part]
        else:
            plain.update(part)
    return plain


_CHOICES: Final = ("anyOf", "oneOf")
_RESOLVED: Final = _TYPE_ONLY | {"$ref", "allOf", "maxLength", *_CHOICES}


def _parts(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Plain]:
    """
    Yield what *schema* refers to and combines, each as if it stood alone.
    """
    reference = schema.get("$ref")
    if reference is not None:
        label = reference.removeprefix("#/$defs/")
        yield _for_values(_object(definitions[label]), definitions)
    for each in schema.get("allOf", ()):
        yield _for_values(_object(each), definitions)
    for keyword in _CHOICES:
        kept = _kept(schema, keyword)
        if len(kept) == 1:
            yield _for_values(_object(kept[0]), definitions)
        elif kept:
            yield {keyword: kept}


def _object(schema: Any) -> Mapping[str, Any]:
    return ({} if schema else {"not": {}}) if isinstance(schema, bool) else schema


def _kept(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    """
    Return the choices that a value other than null may meet; none when they differ in type or format alone.
    """
    choices = [each for each in schema.get(keyword, ()) if not _is_null(each)]
    if keyword == "anyOf":
        choices = [_without_length(each) for each in choices]
    plain = all(isinstance(each, dict) and each.keys() <= _TYPE_ONLY for each in choices)
    return [] if plain and (keyword == "anyOf" or _disjoint(choices)) else choices


def _without_length(schema: Any) -> Any:
    """
    Leave `maxLength` to the column, also where it stands in a choice.
    """
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key != "maxLength"}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and types_of(schema) == {"null"}


def _disjoint(choices: list[Any]) -> bool:
    """
    Tell whether a value can meet one of the plain *choices* at most; formats are taken to differ.
    """
    if any("format" in each for each in choices):
        return True
    named = [name for each in choices for name in types_of(each) - {"null"}]
    return len(named) == len(set(named)) and not {"integer", "number"} <= set(named)


def _meta(column: Field, schema: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """
    Return what `msgspec.Meta` can express of *schema*'s own keywords, and which keywords these are.
    """
    if column.types == {"integer"}:
        return _integer_meta(schema)
    return _string_meta(schema) if _is_text(column) else ({}, frozenset())


def _is_text(column: Field) -> bool:
    return column.kind in (Kind.STRING, Kind.TIME, Kind.UUID) and column.types == {"string"}


def _integer_meta(schema: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    met = {}
    for keyword, name in _INTEGER_META.items():
        number = _int64(schema.get(keyword))
        if number is not None and not isinstance(schema.get(_TWIN.get(keyword, "")), bool):
            met[keyword] = (name, number)
    for twins in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if met.keys() >= set(twins):  # Meta takes one of them
            del met[twins[1]]
    return dict(met.values()), frozenset(met)


def _int64(said: Any) -> int | None:
    number = None if isinstance(said, str) else exact(said)
    if number is None or abs(number) > _INT64 or not is_integral(number):
        return None
    return int(number)


def _string_meta(schema: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    meta: dict[str, Any] = {}
    least = _int64(schema.get("minLength"))
    if least is not None and least >= 0:
        meta["min_length"] = least
    pattern = schema.get("pattern")
    if pattern is not None and compile_pattern(pattern) is not None:
        meta["pattern"] = translate_pattern(pattern)
    return meta, frozenset(_STRING_META[name] for name in meta)


def _choices(column: Field, schema: Mapping[str, Any]) -> tuple[str | int, ...]:
    """
    Return the members of `enum` as a Literal takes them: only strings, or only integers of 64 bits.
    """
    sort = int if column.types == {"integer"} else str if _is_text(column) else None
    said = schema.get("enum")
    members = [each for each in said if type(each) is sort] if isinstance(said, list) else []
    large = any(isinstance(each, int) and abs(each) > _INT64 for each in members)
    return () if large else tuple(dict.fromkeys(members))


class NumberBounds(msgspec.Struct, frozen=True):
    """
    What a schema asks of a number.

    At *least* and at *most*, or more and less than that, and at most so many *places* behind the point.
    """

    least: Decimal | None = None
    most: Decimal | None = None
    over_least: bool = False
    under_most: bool = False
    places: int | None = None


def number_bounds(column: Field) -> NumberBounds | None:
    """
    Return what the schema of *column* asks of numbers, None where that is more than bounds.

    >>> from target_oracle.singer.schema import read_fields
    >>> number_bounds(read_fields({"properties": {"a": {"type": "number", "minimum": 0}}})[0]).least
    Decimal('0')
    """
    schema = _for_values(column.schema, column.schema.get("$defs", {}))
    if column.types != {"number"} or not schema.keys() <= _BOUNDS:
        return None
    least, over = _bound_of(schema, "minimum", "exclusiveMinimum", max)
    most, under = _bound_of(schema, "maximum", "exclusiveMaximum", min)
    places = _places(schema.get("multipleOf"))
    if places is not None and places < 0:
        return None
    return NumberBounds(least, most, over, under, places)


_BOUNDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})


def _bound_of(
    schema: Mapping[str, Any], keyword: str, exclusive: str, stricter: Callable[..., Decimal]
) -> tuple[Decimal | None, bool]:
    """
    Return one bound and whether it is excluded; `true` says of the other keyword's bound that it is.
    """
    bound, other = exact(schema.get(keyword)), schema.get(exclusive)
    beyond = exact(other)
    if beyond is None:
        return bound, other is True
    if bound is None or stricter(bound, beyond) == beyond:
        return beyond, True
    return bound, False


def _places(multiple: Any) -> int | None:
    """
    Return how many fraction digits multiples of a power of ten have; -1 for what is none.
    """
    if multiple is None:
        return None
    number = exact(multiple)
    if number is None or number <= 0:
        return -1
    digits, exponent = number.normalize().as_tuple()[1:]
    return -exponent if digits == (1,) and isinstance(exponent, int) and exponent <= 0 else -1


# What a schema can say of the record as a whole; its properties and types are read elsewhere, and properties
# that it lacks are dropped with a notice, whatever additionalProperties says.
_WHOLE: Final = frozenset(
    {"allOf", "anyOf", "dependencies", "dependentRequired", "dependentSchemas", "else", "if",
     "maxProperties", "minProperties", "not", "oneOf", "propertyNames", "then"}
)  # fmt: skip


def compile_record_check(schema: Mapping[str, Any]) -> Check | None:
    """
    Compile what a stream's *schema* asks of a record beyond its single properties; None for nothing.
    """
    whole = _of_whole(schema)
    if not whole:
        return None
    closed = dict(Document(schema).closed(whole, ()))
    return compile_schema(closed, Scope(closed.get("$defs", {})))


def _of_whole(schema: Mapping[str, Any]) -> dict[str, Any]:
    whole = {key: value for key, value in schema.items() if key in _WHOLE}
    parts = [_of_whole(each) for each in whole.pop("allOf", ()) if isinstance(each, dict)]
    if any(parts):
        whole["allOf"] = [part for part in parts if part]
    return whole


_SHOWN: Final = 80  # characters of a constraint in a message


def explain(schema: Mapping[str, Any], value: Any) -> str:
    """
    Say which keyword of *schema* refuses *value*, and where; the value itself is not told.

    >>> explain({"properties": {"a": {"maximum": 3}}}, {"a": 4})
    '"maximum": 3 is not met at properties.a'
    """
    from jsonschema import Draft4Validator, Draft202012Validator  # noqa: PLC0415 - slow to import
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    validator = (Draft4Validator if _speaks_draft_4(schema) else Draft202012Validator)(schema)
    try:
        fault = best_match(validator.iter_errors(_as_floats(value)))
    except Exception:  # noqa: BLE001 - a schema that no validator reads still has refused the value
        fault = None
    if fault is None:
        return "the value is not what the property's schema allows"
    constraint = json.dumps(fault.validator_value, ensure_ascii=False, default=str)
    shown = constraint if len(constraint) <= _SHOWN else f"{constraint[:_SHOWN]}…"
    place = ".".join(str(step) for step in list(fault.absolute_schema_path)[:-1])
    return f'"{fault.validator}": {shown} is not met' + (f" at {place}" if place else "")


def _speaks_draft_4(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_speaks_draft_4, schema))
    if not isinstance(schema, dict):
        return False
    exclusive = (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum"))
    return any(isinstance(each, bool) for each in exclusive) or any(map(_speaks_draft_4, schema.values()))


def _as_floats(value: Any) -> Any:
    """
    Return *value* with numbers as jsonschema divides and compares them.
    """
    if isinstance(value, list):
        return [_as_floats(each) for each in value]
    if isinstance(value, dict):
        return {key: _as_floats(each) for key, each in value.items()}
    return float(value) if isinstance(value, Decimal) else value
