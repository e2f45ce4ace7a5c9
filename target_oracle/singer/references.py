"""
Where `$ref` leads: inside the stream's schema only, nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from target_oracle.singer.shape import SchemaFault, Shape

Schema = Mapping[str, Any]

# Keywords that hold values, not schemas: a "$ref" in there is data.
_VALUES: Final = frozenset({"const", "default", "enum", "example", "examples"})


class Document(msgspec.Struct, frozen=True):
    """
    A stream's whole schema, with what has been found out about the places that `$ref` names.
    """

    root: Schema
    shapes: dict[str, Shape] = msgspec.field(default_factory=dict)
    bodies: dict[str, Any] = msgspec.field(default_factory=dict)

    def local(self, reference: str) -> str | None:
        """
        Return *reference* as a pointer into this document; None when it leads out of it.
        """
        base, _, pointer = reference.partition("#")
        own = self.root.get("$id") or self.root.get("id")
        inside = base == "" or (isinstance(own, str) and base == own.partition("#")[0])
        return pointer if inside and (pointer == "" or pointer.startswith("/")) else None

    def at(self, pointer: str, path: tuple[str, ...]) -> Any:
        """
        Return the schema at *pointer* (RFC 6901).
        """
        place: Any = self.root
        for step in pointer.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            try:
                place = place[int(key)] if isinstance(place, list) else place[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise SchemaFault(path, f'"$ref" leads to #{pointer}, which is not in the schema') from None
        return place

    def closed(self, schema: Any, path: tuple[str, ...]) -> Schema:
        """
        Return *schema* such that it can stand alone: what it refers to travels with it under `$defs`.

        References out of the document become schemas that let everything through.
        """
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if next(references(schema), None) is None:
            return schema  # type: ignore[no-any-return]  # a Mapping, as the caller has read it
        closed = _rewritten(schema, self)
        wanted = self._reached(schema, path)
        return {**closed, "$defs": {_label(pointer): self.bodies[pointer] for pointer in wanted}}

    def _reached(self, schema: Any, path: tuple[str, ...]) -> dict[str, None]:
        """
        Return every place that *schema* leads to, and keep its body ready to travel.
        """
        reached: dict[str, None] = {}
        waiting = [schema]
        while waiting:
            for pointer in self._pointers(waiting.pop()):
                if pointer not in reached:
                    reached[pointer] = None
                    waiting.append(self.at(pointer, path))
        for pointer in reached.keys() - self.bodies.keys():
            self.bodies[pointer] = _rewritten(self.at(pointer, path), self)
        return reached

    def _pointers(self, schema: Any) -> Iterator[str]:
        for reference in references(schema):
            pointer = self.local(reference)
            if pointer is not None:
                yield pointer


def references(schema: Any) -> Iterator[str]:
    """
    Yield every `$ref` in *schema*, its subschemas included.
    """
    waiting = [schema]
    while waiting:
        place = waiting.pop()
        if isinstance(place, Mapping):
            if isinstance(place.get("$ref"), str):
                yield place["$ref"]
            waiting.extend(value for key, value in place.items() if key not in _VALUES)
        elif isinstance(place, list):
            waiting.extend(place)


def _label(pointer: str) -> str:
    """
    Name a place under `$defs`: no character of it needs an escape, no two places share it.
    """
    return sha256(pointer.encode(errors="surrogatepass")).hexdigest()[:16]


def _rewritten(schema: Any, document: Document) -> Any:
    if isinstance(schema, list):
        return [_rewritten(item, document) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    copy = {
        key: value if key in _VALUES else _rewritten(value, document)
        for key, value in schema.items()
        if key not in ("$defs", "definitions")
    }
    reference = copy.get("$ref")
    if isinstance(reference, str):
        del copy["$ref"]
        pointer = document.local(reference)
        if pointer is not None:
            # In drafts up to 7 a `$ref` silences its neighbours; inside `allOf` it does not.
            copy["allOf"] = [*copy.get("allOf", ()), {"$ref": f"#/$defs/{_label(pointer)}"}]
    return copy
