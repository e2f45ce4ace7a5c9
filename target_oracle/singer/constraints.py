"""
JSON Schema -> one function that tells whether a parsed value is valid, compiled once, called for each record.

Drafts 4 to 2020-12 are read alike; where they differ by shape (`exclusiveMinimum: true`, `items` as a list)
both shapes are known. `format` is an annotation, as the drafts say. Numbers are compared exactly: values are
int or Decimal, and a Decimal that spells a binary double in full (taps send 1.98 with 51 digits) also counts
as the shortest decimal of that double. Keywords that are malformed check nothing and are noticed.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle.singer.shape import JSON_TYPES, exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sized

    Check = Callable[[Any], bool]

# A double has at most 17 significant digits; more of them in one number are its full binary expansion.
_DOUBLE_DIGITS: Final = 17


class Scope(msgspec.Struct, frozen=True):
    """
    What is known while one schema is compiled: the places that `$ref` names, and what went unchecked.
    """

    definitions: Mapping[str, Any] = msgspec.field(default_factory=dict)
    compiled: dict[str, Check | None] = msgspec.field(default_factory=dict)
    notices: list[str] = msgspec.field(default_factory=list)


def compile_schema(schema: Any, scope: Scope, skip: frozenset[str] = frozenset()) -> Check | None:
    """
    Compile *schema* without the keywords in *skip*; None when every value is valid.

    >>> valid = compile_schema({"type": "integer", "minimum": 3}, Scope())
    >>> valid(3), valid(2), valid("3")
    (True, False, False)
    """
    if isinstance(schema, bool):
        return None if schema else _never
    if not isinstance(schema, dict):
        raise TypeError("a schema is an object or a boolean")
    made = [
        _made(keyword, make, schema, scope)
        for keyword, make in _KEYWORDS.items()
        if keyword in schema and keyword not in skip
    ]
    scope.notices.extend(f'"{keyword}" is not checked' for keyword in _UNCHECKED if keyword in schema)
    check = every([check for check in made if check is not None])
    return _or_null(check) if check is not None and schema.get("nullable") is True else check


def every(checks: list[Check]) -> Check | None:
    """
    Join *checks*, all of which a value must pass.
    """
    if len(checks) <= 1:
        return checks[0] if checks else None
    if len(checks) == 2:  # noqa: PLR2004 - the usual case, without a loop
        first, second = checks
        return lambda value: first(value) and second(value)
    return lambda value: all(check(value) for check in checks)


def _never(_value: Any) -> bool:
    return False


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _made(keyword: str, make: Maker, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    try:
        return make(schema[keyword], schema, scope)
    except (AttributeError, KeyError, TypeError, ValueError):
        scope.notices.append(f'"{keyword}" is malformed and not checked')
        return None


# Any value: type, enum, const


def is_integral(value: Any) -> bool:
    """
    Tell whether a parsed value is an integer in JSON Schema's sense: 1.0 is one.
    """
    if type(value) is Decimal:
        return bool(value == value.to_integral_value())
    return type(value) is int or (type(value) is float and value.is_integer())


_CLASSES: Final[Mapping[str, tuple[type, ...]]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, Decimal, float),
    "object": (dict,),
    "string": (str,),
}


def _type(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
    names = said if isinstance(said, list) else [said]
    if not names or JSON_TYPES.issubset(names):
        return None
    classes = frozenset(each for name in names for each in _CLASSES[name])
    if "integer" in names and "number" not in names:
        return lambda value: type(value) in classes or is_integral(value)
    return lambda value: type(value) in classes


def canonical(value: Any) -> Any:
    """
    Return a hashable stand-in for a parsed *value*: equal exactly when JSON Schema calls the values equal.

    >>> canonical(1) == canonical(1.0), canonical(True) == canonical(1), canonical([1]) == canonical([1, 2])
    (True, False, False)
    """
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (float, Decimal)):
        return _as_written(value)
    if isinstance(value, list):
        return ("array", *map(canonical, value))
    if isinstance(value, dict):
        return frozenset((key, canonical(each)) for key, each in value.items())
    return value


def _as_written(value: float | Decimal) -> Decimal:
    if isinstance(value, float):
        return Decimal(repr(value))
    return shortest(value) if len(value.as_tuple().digits) > _DOUBLE_DIGITS else value


def shortest(value: Decimal) -> Decimal:
    """
    Return the shortest decimal of the double that *value* spells in full; any other value stays.

    >>> shortest(Decimal("1.979999999999999982236431605997495353221893310546875"))
    Decimal('1.98')
    """
    double = float(value)
    return Decimal(repr(double)) if Decimal(double) == value else value


def _enum(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
    if not isinstance(said, list):
        raise TypeError("an enum is a list")
    if all(isinstance(each, str) or each is None for each in said):
        words = frozenset(said)
        return lambda value: (type(value) is str or value is None) and value in words
    values = frozenset(map(canonical, said))
    return lambda value: canonical(value) in values


def _const(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    return _enum([said], schema, scope)


# Numbers


def _number(holds: Check) -> Check:
    def check(value: Any) -> bool:
        kind = type(value)
        if kind is Decimal:
            return holds(value) or holds(shortest(value))
        if kind is float:
            return holds(Decimal(repr(value)))
        return kind is not int or holds(value)

    return check


def _plain(number: Decimal) -> int | Decimal:
    """
    Return an int where *number* is one of ordinary size: ints compare faster.
    """
    return int(number) if number.adjusted() < 40 and number == number.to_integral_value() else number  # noqa: PLR2004


def _exactly(said: Any) -> Decimal:
    number = exact(said)
    if number is None:
        raise TypeError("a bound is a number")
    return number


def _bound(compare: Callable[[Any], Check]) -> Maker:
    def make(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
        return _number(compare(_plain(_exactly(said))))

    return make


def _at_least(bound: Any) -> Check:
    return lambda value: bool(value >= bound)


def _at_most(bound: Any) -> Check:
    return lambda value: bool(value <= bound)


def _above(bound: Any) -> Check:
    return lambda value: bool(value > bound)


def _below(bound: Any) -> Check:
    return lambda value: bool(value < bound)


def _exclusive(inclusive: str, compare: Callable[[Any], Check]) -> Maker:
    """
    Make the exclusive bound: a number, or in draft 4 `true` beside the *inclusive* one.
    """
    make_bound = _bound(compare)

    def make(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
        if isinstance(said, bool):
            return make_bound(schema[inclusive], schema, scope) if said and inclusive in schema else None
        return make_bound(said, schema, scope)

    return make


# Wide enough for the quotient of any two numbers that NUMBER holds; beyond it the slow way is exact too.
_WIDE: Final = Context(prec=400)


def _multiple_of(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
    step = _exactly(said)
    if step <= 0:
        raise ValueError("a step is above 0")

    def holds(value: Any) -> bool:
        try:
            return not _WIDE.remainder(value, step)
        except InvalidOperation:
            return _is_multiple(*_parts(value), *_parts(step))

    return _number(holds)


def _parts(number: int | Decimal) -> tuple[int, int]:
    """
    Return the integer and the power of ten whose product *number* is.
    """
    if isinstance(number, int):
        return number, 0
    sign, digits, exponent = number.as_tuple()
    whole = int("".join(map(str, digits)))
    return (-whole if sign else whole), exponent if isinstance(exponent, int) else 0


def _is_multiple(whole: int, exponent: int, step: int, step_exponent: int) -> bool:
    """
    Tell whether whole * 10**exponent is a multiple of step * 10**step_exponent, at any size of the exponents.
    """
    shift = exponent - step_exponent
    if shift >= 0:
        return whole % step * pow(10, shift, step) % step == 0
    if whole == 0:
        return True
    return -shift <= len(str(abs(whole))) and whole % (step * 10**-shift) == 0


# Strings


def _whole(said: Any) -> int:
    number = _exactly(said)
    if not is_integral(number):
        raise ValueError("a count is whole")
    return int(number)


def _at_least_long(sort: type[Sized]) -> Maker:
    def make(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
        bound = _whole(said)
        return lambda value: type(value) is not sort or len(value) >= bound

    return make


def _at_most_long(sort: type[Sized]) -> Maker:
    def make(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
        bound = _whole(said)
        return lambda value: type(value) is not sort or len(value) <= bound

    return make


def _pattern(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    compiled = compile_pattern(said)
    if compiled is None:
        scope.notices.append('"pattern" is no regular expression known here and not checked')
        return None
    search = compiled.search
    return lambda value: type(value) is not str or search(value) is not None


# What ECMA 262 writes otherwise than Python: an escape is copied as it is, so is a class in brackets.
_ECMA: Final = re.compile(
    r"\\u\{(?P<point>[0-9a-fA-F]+)\}|\\k<(?P<back>\w+)>|\\.|(?P<name>\(\?<(?![=!]))"
    r"|\[(?:\\.|[^\]\\])*\]|(?P<end>\$)",
    re.DOTALL,
)


def translate_pattern(pattern: str) -> str:
    r"""
    Spell an ECMA 262 regular expression as Python does.

    >>> print(translate_pattern(r"^(?<year>\d{4})-[$]\$$"))
    ^(?P<year>\d{4})-[$]\$\Z
    """
    return _ECMA.sub(_translated, pattern)


def _translated(found: re.Match[str]) -> str:
    if found["point"]:
        return f"\\U{int(found['point'], 16):08x}"
    if found["back"]:
        return f"(?P={found['back']})"
    if found["name"]:
        return "(?P<"
    return r"\Z" if found["end"] else found[0]


def compile_pattern(said: Any) -> re.Pattern[str] | None:
    """
    Compile a `pattern`; None for what Python cannot express.
    """
    try:
        return re.compile(translate_pattern(said))
    except (re.error, TypeError, OverflowError, RecursionError):
        return None


# Arrays


def _items(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    if isinstance(said, list):  # a tuple, before 2020-12
        return _tuple(said, schema.get("additionalItems", True), scope)
    if "prefixItems" in schema:
        return None  # prefixItems looks at the rest as well
    check = compile_schema(said, scope)
    if check is None:
        return None
    return lambda value: type(value) is not list or all(map(check, value))


def _prefix_items(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    return _tuple(said, schema.get("items", True), scope)


def _tuple(said: list[Any], rest: Any, scope: Scope) -> Check:
    checks = [compile_schema(each, scope) or _always for each in said]
    others = compile_schema(rest, scope) or _always

    def check(value: Any) -> bool:
        if type(value) is not list:
            return True
        fixed = all(each(item) for each, item in zip(checks, value, strict=False))
        return fixed and all(map(others, value[len(checks) :]))

    return check


def _always(_value: Any) -> bool:
    return True


def _unique_items(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
    if said is not True:
        return None
    return lambda value: type(value) is not list or len(set(map(canonical, value))) == len(value)


def _contains(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    check = compile_schema(said, scope) or _always
    least = _whole(schema.get("minContains", 1))
    most = _whole(schema["maxContains"]) if "maxContains" in schema else None

    def holds(value: Any) -> bool:
        if type(value) is not list:
            return True
        found = sum(map(check, value))
        return found >= least and (most is None or found <= most)

    return holds


# Objects


def _properties(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    compiled = ((name, compile_schema(each, scope)) for name, each in said.items())
    checks = [(name, check) for name, check in compiled if check is not None]
    if not checks:
        return None
    return lambda value: (
        type(value) is not dict or all(name not in value or check(value[name]) for name, check in checks)
    )


def _pattern_properties(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    pairs = _patterns(said, scope)
    return lambda value: (
        type(value) is not dict
        or all(check(each) for key, each in value.items() for pattern, check in pairs if pattern.search(key))
    )


def _patterns(said: Mapping[str, Any], scope: Scope) -> list[tuple[re.Pattern[str], Check]]:
    pairs = [
        (compile_pattern(pattern), compile_schema(each, scope) or _always) for pattern, each in said.items()
    ]
    return [(pattern, check) for pattern, check in pairs if pattern is not None]


def _additional_properties(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    check = compile_schema(said, scope)
    if check is None:
        return None
    known = frozenset(schema.get("properties", ()))
    patterns = [pattern for pattern, _ in _patterns(schema.get("patternProperties", {}), scope)]
    return lambda value: (
        type(value) is not dict
        or all(
            key in known or any(pattern.search(key) for pattern in patterns) or check(each)
            for key, each in value.items()
        )
    )


def _property_names(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    check = compile_schema(said, scope)
    return None if check is None else lambda value: type(value) is not dict or all(map(check, value))


def _required(said: Any, _schema: Mapping[str, Any], _scope: Scope) -> Check | None:
    if not isinstance(said, list):  # draft 3: `required: true` at the property
        return None
    names = frozenset(said)
    return lambda value: type(value) is not dict or names <= value.keys()


def _dependencies(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    pairs = [
        (name, compile_schema({"required": needs} if isinstance(needs, list) else needs, scope) or _always)
        for name, needs in said.items()
    ]
    return lambda value: (
        type(value) is not dict or all(check(value) for name, check in pairs if name in value)
    )


# Combinations


def _all_of(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    return every(_compiled(said, scope))


def _compiled(said: Iterable[Any], scope: Scope) -> list[Check]:
    return [check for each in said for check in (compile_schema(each, scope),) if check is not None]


def _any_of(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    checks = _compiled(said, scope)
    if len(checks) < len(said):
        return None
    return lambda value: any(check(value) for check in checks)


def _one_of(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    checks = [compile_schema(each, scope) or _always for each in said]
    return lambda value: sum(check(value) for check in checks) == 1


def _not(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    check = compile_schema(said, scope)
    return _never if check is None else lambda value: not check(value)


def _if(said: Any, schema: Mapping[str, Any], scope: Scope) -> Check | None:
    condition = compile_schema(said, scope) or _always
    then = compile_schema(schema.get("then", True), scope) or _always
    otherwise = compile_schema(schema.get("else", True), scope) or _always
    return lambda value: then(value) if condition(value) else otherwise(value)


def _ref(said: Any, _schema: Mapping[str, Any], scope: Scope) -> Check | None:
    """
    Check by the definition that *said* names, compiled once; it may refer to itself.
    """
    label = said.removeprefix("#/$defs/")
    if label not in scope.compiled:
        scope.compiled[label] = None
        scope.compiled[label] = compile_schema(scope.definitions[label], scope)
    compiled = scope.compiled

    def check(value: Any) -> bool:
        found = compiled[label]
        return found is None or found(value)

    return check


if TYPE_CHECKING:
    Maker = Callable[[Any, Mapping[str, Any], Scope], Check | None]

_KEYWORDS: Final[Mapping[str, Maker]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _bound(_at_least),
    "maximum": _bound(_at_most),
    "exclusiveMinimum": _exclusive("minimum", _above),
    "exclusiveMaximum": _exclusive("maximum", _below),
    "multipleOf": _multiple_of,
    "minLength": _at_least_long(str),
    "maxLength": _at_most_long(str),
    "pattern": _pattern,
    "minItems": _at_least_long(list),
    "maxItems": _at_most_long(list),
    "prefixItems": _prefix_items,
    "items": _items,
    "uniqueItems": _unique_items,
    "contains": _contains,
    "minProperties": _at_least_long(dict),
    "maxProperties": _at_most_long(dict),
    "required": _required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "dependencies": _dependencies,
    "dependentRequired": _dependencies,
    "dependentSchemas": _dependencies,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "$ref": _ref,
}
_UNCHECKED: Final = ("$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties")
