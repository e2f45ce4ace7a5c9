"""
What values a schema lets through, as far as a column must know: types, text formats, bounds.

Two shapes combine in two ways: a value may be of either (`anyOf`, `oneOf`), or must be of both (`allOf`,
`$ref` beside other keywords).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import reduce
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

JSON_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NUMERIC: Final = frozenset({"integer", "number"})

T = TypeVar("T")


class SchemaFault(ValueError):
    """
    A schema that cannot be read, or that lets no value through; *path* leads to the property.
    """

    def __init__(self, path: tuple[str, ...], why: str) -> None:
        place = f'property "{".".join(path)}": ' if path else ""
        super().__init__(place + why)
        self.path = path


class Kind(Enum):
    """
    What a property's values are, after `$ref`, `anyOf` and type lists are resolved.
    """

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"
    DATE_TIME = "date-time"
    DATE = "date"
    TIME = "time"
    UUID = "uuid"
    BINARY = "binary"  # base64 or hex text that stands for bytes; see Field.encoding
    DECIMAL_STRING = "decimal-string"  # a decimal written as a JSON string (singer.decimal)
    JSON = "json"  # object or array only
    ANY = "any"  # no type, or types that share no narrower kind: kept as text


_PLAIN: Final = {
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "string": Kind.STRING,
    "object": Kind.JSON,
    "array": Kind.JSON,
}

# Kinds that together are one kind; whatever else is mixed is Kind.ANY.
_TOGETHER: Final = {
    frozenset({Kind.INTEGER, Kind.NUMBER}): Kind.NUMBER,
    frozenset({Kind.DECIMAL_STRING, Kind.INTEGER}): Kind.DECIMAL_STRING,
    frozenset({Kind.DECIMAL_STRING, Kind.NUMBER}): Kind.DECIMAL_STRING,
    frozenset({Kind.DECIMAL_STRING, Kind.INTEGER, Kind.NUMBER}): Kind.DECIMAL_STRING,
}

# `binary` is what MySQL taps write for BINARY and VARBINARY; their values are hex digits.
_FORMATS: Final = {
    "date-time": Kind.DATE_TIME,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "uuid": Kind.UUID,
    "singer.decimal": Kind.DECIMAL_STRING,
    "x-singer.decimal": Kind.DECIMAL_STRING,
    "binary": Kind.BINARY,
}

# RFC 4648 names; `base16` and `hex` are one thing.
_ENCODINGS: Final = {"base64": "base64", "base16": "hex", "hex": "hex"}


class Shape(msgspec.Struct, frozen=True):
    """
    The *types* a schema allows, null among them; *text* is what its strings mean, the rest are bounds.
    """

    types: frozenset[str] = JSON_TYPES
    text: Kind = Kind.STRING
    encoding: str | None = None
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple_of: Decimal | None = None
    sql_type: str | None = None
    description: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """
        The one kind that holds every value but null.
        """
        kinds = frozenset(self.text if t == "string" else _PLAIN[t] for t in self.types if t != "null")
        if len(kinds) == 1:
            return next(iter(kinds))
        return _TOGETHER.get(kinds, Kind.ANY)


ANYTHING: Final = Shape()
NOTHING: Final = Shape(types=frozenset())


def both(left: Shape, right: Shape) -> Shape:
    """
    Combine two shapes that a value must have at once.
    """
    text, encoding = _narrower(left, right)
    return Shape(
        types=_common(left.types, right.types),
        text=text,
        encoding=encoding,
        max_length=_either(min, left.max_length, right.max_length),
        minimum=_either(max, left.minimum, right.minimum),
        maximum=_either(min, left.maximum, right.maximum),
        multiple_of=left.multiple_of if right.multiple_of is None else right.multiple_of,
        sql_type=left.sql_type or right.sql_type,
        description=left.description or right.description,
        notices=_together(left, right),
    )


def either(shapes: list[Shape]) -> Shape:
    """
    Combine shapes of which a value needs one; a bound holds when every shape that it concerns has it.
    """
    return reduce(_union, shapes, NOTHING)


def _union(left: Shape, right: Shape) -> Shape:
    if not left.types - {"null"}:
        return _with_types(right, left)
    if not right.types - {"null"}:
        return _with_types(left, right)
    text, encoding = _wider(left, right)
    return Shape(
        types=left.types | right.types,
        text=text,
        encoding=encoding,
        max_length=_widest(max, left, right, "max_length", frozenset({"string"})),
        minimum=_widest(min, left, right, "minimum", _NUMERIC),
        maximum=_widest(max, left, right, "maximum", _NUMERIC),
        multiple_of=left.multiple_of if left.multiple_of == right.multiple_of else None,
        sql_type=left.sql_type if left.sql_type == right.sql_type else None,
        description=left.description or right.description,
        notices=_together(left, right),
    )


def _with_types(shape: Shape, other: Shape) -> Shape:
    """
    Widen *shape* by *other*, which is null or nothing at all.
    """
    return replace(
        shape,
        types=shape.types | other.types,
        description=shape.description or other.description,
        notices=_together(shape, other),
    )


def _common(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """
    Intersect type sets; every integer is a number.
    """
    common = left & right
    if ("integer" in left and "number" in right) or ("integer" in right and "number" in left):
        common |= {"integer"}
    return common


def _narrower(left: Shape, right: Shape) -> tuple[Kind, str | None]:
    if left.text in (Kind.STRING, right.text):
        return right.text, right.encoding or left.encoding
    if right.text is Kind.STRING:
        return left.text, left.encoding
    return Kind.STRING, None


def _wider(left: Shape, right: Shape) -> tuple[Kind, str | None]:
    if "string" not in left.types:
        return right.text, right.encoding
    if "string" not in right.types or (left.text, left.encoding) == (right.text, right.encoding):
        return left.text, left.encoding
    return Kind.STRING, None


def _either(choose: Callable[[T, T], T], left: T | None, right: T | None) -> T | None:
    if left is None or right is None:
        return right if left is None else left
    return choose(left, right)


def _widest(
    choose: Callable[[Any, Any], Any], left: Shape, right: Shape, name: str, concerned: frozenset[str]
) -> Any:
    bounds = [getattr(shape, name) for shape in (left, right) if shape.types & concerned]
    return reduce(choose, bounds) if bounds and None not in bounds else None


def _together(left: Shape, right: Shape) -> tuple[str, ...]:
    return tuple(dict.fromkeys(left.notices + right.notices))


def plain_shape(schema: Mapping[str, Any], path: tuple[str, ...]) -> Shape:
    """
    Read the keywords of *schema* itself, leaving out `$ref` and the combining ones.
    """
    text, encoding = _text(schema)
    return Shape(
        types=types_of(schema, path),
        text=text,
        encoding=encoding,
        max_length=_length(schema, path),
        minimum=_either(max, *_bounds(schema, "minimum", "exclusiveMinimum", path)),
        maximum=_either(min, *_bounds(schema, "maximum", "exclusiveMaximum", path)),
        multiple_of=_step(schema, path),
        sql_type=_said(schema, "x-sql-datatype"),
        description=_said(schema, "description"),
    )


def types_of(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> frozenset[str]:
    """
    Return the types that *schema* itself names, or those of its `const` or `enum`, or else all.
    """
    said = schema.get("type")
    if said is None or said == []:
        types = _inferred(schema)
    else:
        names = said if isinstance(said, list) else [said]
        strange = [name for name in names if not isinstance(name, str) or name not in JSON_TYPES]
        if strange:
            known = ", ".join(sorted(JSON_TYPES))
            raise SchemaFault(path, f'"type" says {strange[0]!r}, but the types of JSON Schema are {known}')
        types = frozenset(names)
    return types


def _inferred(schema: Mapping[str, Any]) -> frozenset[str]:
    """
    Say what types the values of `enum` or `const` have; without them, all.
    """
    if "const" in schema:
        return frozenset({json_type(schema["const"])})
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return frozenset(json_type(value) for value in values)
    return JSON_TYPES


_TYPE_NAMES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    ((float, Decimal), "number"),
    (str, "string"),
    (list, "array"),
    (Mapping, "object"),
)


def json_type(value: Any) -> str:
    """
    Name the JSON type of a parsed *value*; 1.0 is an integer (JSON Schema 2020-12, 4.2.3).

    >>> [json_type(value) for value in (None, True, 1, 1.0, 1.5, "a", [], {})]
    ['null', 'boolean', 'integer', 'integer', 'number', 'string', 'array', 'object']
    """
    name = next((name for kind, name in _TYPE_NAMES if isinstance(value, kind)), "null")
    return "integer" if name == "number" and value == int(value) else name


def _text(schema: Mapping[str, Any]) -> tuple[Kind, str | None]:
    encoding = schema.get("contentEncoding")
    if isinstance(encoding, str) and encoding.lower() in _ENCODINGS:
        return Kind.BINARY, _ENCODINGS[encoding.lower()]
    if schema.get("x-singer.decimal"):
        return Kind.DECIMAL_STRING, None
    said = schema.get("format")
    kind = _FORMATS.get(said, Kind.STRING) if isinstance(said, str) else Kind.STRING
    return kind, "hex" if kind is Kind.BINARY else None


def _said(schema: Mapping[str, Any], keyword: str) -> str | None:
    said = schema.get(keyword)
    return said if isinstance(said, str) and said.strip() else None


def _length(schema: Mapping[str, Any], path: tuple[str, ...]) -> int | None:
    number = _number(schema, "maxLength", path)
    if number is None:
        return None
    if number < 0 or number != int(number):
        raise SchemaFault(path, f'"maxLength" must be a whole number from 0, not {number}')
    return int(number)


def _step(schema: Mapping[str, Any], path: tuple[str, ...]) -> Decimal | None:
    number = _number(schema, "multipleOf", path)
    if number is not None and number <= 0:
        raise SchemaFault(path, f'"multipleOf" must be above 0, not {number}')
    return number


def _bounds(
    schema: Mapping[str, Any], plain: str, exclusive: str, path: tuple[str, ...]
) -> tuple[Decimal | None, Decimal | None]:
    """
    Read a bound and its exclusive twin, which is a boolean in draft 4 and a number since draft 6.
    """
    second = None if isinstance(schema.get(exclusive), bool) else _number(schema, exclusive, path)
    return _number(schema, plain, path), second


def _number(schema: Mapping[str, Any], keyword: str, path: tuple[str, ...]) -> Decimal | None:
    said = schema.get(keyword)
    if said is None:
        return None
    number = exact(said)
    if number is None:
        raise SchemaFault(path, f'"{keyword}" must be a number, not {type(said).__name__} {said!r}')
    return number


def exact(said: Any) -> Decimal | None:
    """
    Read a number as JSON parsers leave it, or as text; None for whatever is no finite number.

    >>> exact(1e-30), exact("0.01"), exact(18446744073709551615), exact(True), exact("x")
    (Decimal('1E-30'), Decimal('0.01'), Decimal('18446744073709551615'), None, None)
    """
    if isinstance(said, bool) or not isinstance(said, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(str(said))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
