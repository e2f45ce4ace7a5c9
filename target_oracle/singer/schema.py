"""
JSON Schema as taps write it -> fields: one field a property, with what a column needs to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle.singer.references import Document
from target_oracle.singer.shape import (
    ANYTHING,
    NOTHING,
    Kind,
    SchemaFault,
    Shape,
    both,
    either,
    plain_shape,
)

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["Field", "Kind", "SchemaFault", "read_fields"]


class Field(msgspec.Struct, frozen=True):
    """
    One property of a stream: *name* as the record spells it, *path* where it stands in the record.

    A flattened property's *name* is its path, joined. *types* are the JSON types that the schema allows,
    without null. *schema* is the property's own schema, for validators: it stands alone, what `$ref` names
    travels with it under `$defs`. *notices* say what the reader could not follow.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    types: frozenset[str]
    nullable: bool = True
    required: bool = False
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple_of: Decimal | None = None
    encoding: str | None = None  # "base64" or "hex" for Kind.BINARY
    sql_type: str | None = None  # x-sql-datatype
    description: str | None = None
    schema: Mapping[str, Any] = msgspec.field(default_factory=dict)
    notices: tuple[str, ...] = ()


class _Members(msgspec.Struct, frozen=True):
    """
    The properties of an object, by name, and those among them that it must have.
    """

    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    required: frozenset[str] = frozenset()


class _Place(msgspec.Struct, frozen=True):
    """
    Where in the record the reader stands, and what holds for everything below.
    """

    path: tuple[str, ...] = ()
    depth: int = 0  # levels that may still be flattened
    nullable: bool = False
    required: bool = True


def read_fields(schema: Mapping[str, Any], *, flatten_depth: int = 0, separator: str = "__") -> list[Field]:
    """
    Read the *schema* of a SCHEMA message; the order of its properties is kept.

    Objects with properties are flattened *flatten_depth* levels deep, their names joined by *separator*.
    Raises SchemaFault.

    >>> read_fields({"properties": {"id": {"type": ["null", "integer"]}}})[0].kind
    <Kind.INTEGER: 'integer'>
    """
    if not isinstance(schema, Mapping):
        raise SchemaFault((), "the schema is no JSON object")
    document = Document(schema)
    try:
        _must_be_object(schema, document)
        fields = list(_fields(schema, document, _Place(depth=flatten_depth), separator))
    except RecursionError:
        raise SchemaFault((), "the schema is nested too deeply to be read") from None
    _must_differ(fields)
    return fields


def _must_be_object(schema: Mapping[str, Any], document: Document) -> None:
    types = _shape(schema, document, ()).types
    if "object" not in types:
        raise SchemaFault((), f"records are objects, but the schema allows only: {', '.join(sorted(types))}")


def _must_differ(fields: list[Field]) -> None:
    seen: dict[str, Field] = {}
    for each in fields:
        if each.name in seen:
            why = f"{each.name!r} is also what {'.'.join(seen[each.name].path)!r} flattens to"
            raise SchemaFault(each.path, f"{why}; choose another flattening_separator")
        seen[each.name] = each


def _fields(schema: Any, document: Document, place: _Place, separator: str) -> Iterator[Field]:
    members = _members(schema, document, place.path, ())
    for name, each in members.properties.items():
        shape = _shape(each, document, (*place.path, name))
        here = _Place(
            path=(*place.path, name),
            depth=place.depth - 1,
            nullable=place.nullable or "null" in shape.types,
            required=place.required and not place.nullable and name in members.required,
        )
        inner = list(_fields(each, document, here, separator)) if _flattens(shape, place) else []
        if inner:
            yield from inner
        else:
            _must_be_possible(each, shape, here.path)
            yield _field(separator.join(here.path), here, shape, document.closed(each, here.path))


def _flattens(shape: Shape, place: _Place) -> bool:
    return place.depth > 0 and shape.types - {"null"} == {"object"}


def _field(name: str, place: _Place, shape: Shape, schema: Mapping[str, Any]) -> Field:
    kind = shape.kind
    return Field(
        name=name,
        path=place.path,
        kind=kind,
        types=shape.types - {"null"},
        nullable=place.nullable,
        required=place.required,
        max_length=shape.max_length,
        minimum=shape.minimum,
        maximum=shape.maximum,
        multiple_of=shape.multiple_of,
        encoding=shape.encoding if kind is Kind.BINARY else None,
        sql_type=shape.sql_type,
        description=shape.description,
        schema=schema,
        notices=shape.notices,
    )


def _must_be_possible(schema: Any, shape: Shape, path: tuple[str, ...]) -> None:
    """
    Refuse a schema that lets no value through, unless it is `false`, which says so on purpose.
    """
    if schema is False:
        return
    if not shape.types:
        raise SchemaFault(path, "the types that the schema asks for exclude each other")
    low, high = shape.minimum, shape.maximum
    if shape.types <= {"integer", "number"} and low is not None and high is not None and low > high:
        raise SchemaFault(path, f"no number is from {low} to {high}")


def _shape(schema: Any, document: Document, path: tuple[str, ...], trail: tuple[str, ...] = ()) -> Shape:
    """
    Read *schema* with all that it refers to and combines; *trail* are the references followed so far.
    """
    if isinstance(schema, bool):
        return ANYTHING if schema else NOTHING
    if not isinstance(schema, Mapping):
        raise SchemaFault(path, f"a schema must be an object, not {type(schema).__name__}")
    parts = [plain_shape(schema, path)]
    if isinstance(schema.get("$ref"), str):
        parts.append(_referred(schema["$ref"], document, path, trail))
    parts += [_shape(each, document, path, trail) for each in _listed(schema, "allOf", path)]
    for keyword in ("anyOf", "oneOf"):
        choices = [_shape(each, document, path, trail) for each in _listed(schema, keyword, path)]
        parts += [either(choices)] if choices else []
    shape = reduce(both, parts)
    return either([shape, _NULL]) if schema.get("nullable") is True else shape


_NULL: Final = Shape(types=frozenset({"null"}))


def _referred(reference: str, document: Document, path: tuple[str, ...], trail: tuple[str, ...]) -> Shape:
    pointer = document.local(reference)
    if pointer is None:
        return Shape(notices=(f'"$ref" to {reference!r} leads out of the schema: taken as any value',))
    if pointer in trail:
        raise SchemaFault(path, f'"$ref" to #{pointer} leads back to itself')
    if pointer not in document.shapes:
        target = document.at(pointer, path)
        document.shapes[pointer] = _shape(target, document, path, (*trail, pointer))
    return document.shapes[pointer]


def _listed(schema: Mapping[str, Any], keyword: str, path: tuple[str, ...]) -> list[Any]:
    said = schema.get(keyword)
    if said is None:
        return []
    if not isinstance(said, list):
        raise SchemaFault(path, f'"{keyword}" must be a list of schemas, not {type(said).__name__}')
    return said


def _members(schema: Any, document: Document, path: tuple[str, ...], trail: tuple[str, ...]) -> _Members:
    """
    Gather an object's properties from *schema* itself, from what it refers to and from what it combines.
    """
    if not isinstance(schema, Mapping):
        return _Members()
    parts = [_own_members(schema, path)]
    reference = schema.get("$ref")
    pointer = document.local(reference) if isinstance(reference, str) else None
    if pointer is not None and pointer not in trail:
        parts.append(_members(document.at(pointer, path), document, path, (*trail, pointer)))
    parts += [_members(each, document, path, trail) for each in _listed(schema, "allOf", path)]
    for keyword in ("anyOf", "oneOf"):
        choices = [
            _members(each, document, path, trail)
            for each in _listed(schema, keyword, path)
            if "object" in _shape(each, document, path).types
        ]
        parts += [_merged(choices, "anyOf")] if choices else []
    return parts[0] if len(parts) == 1 else _merged(parts, "allOf")


def _own_members(schema: Mapping[str, Any], path: tuple[str, ...]) -> _Members:
    properties = schema.get("properties") or {}
    if not isinstance(properties, Mapping):
        raise SchemaFault(path, f'"properties" must be an object, not {type(properties).__name__}')
    required = schema.get("required") or []
    if isinstance(required, bool):  # draft 3 wrote `required: true` at the property itself
        required = []
    if not isinstance(required, list):
        raise SchemaFault(path, f'"required" must be a list of names, not {type(required).__name__}')
    return _Members(dict(properties), frozenset(name for name in required if isinstance(name, str)))


def _merged(parts: list[_Members], keyword: str) -> _Members:
    """
    Join members; a property named by several parts keeps what each says of it, under *keyword*.
    """
    said: dict[str, list[Any]] = {}
    for part in parts:
        for name, schema in part.properties.items():
            said.setdefault(name, []).append(schema)
    combine = frozenset.union if keyword == "allOf" else frozenset.intersection
    return _Members(
        {name: each[0] if len(each) == 1 else {keyword: each} for name, each in said.items()},
        reduce(combine, (part.required for part in parts)),
    )
