"""
Piggybacks: what travels before a request's function and has no answer of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.standin.encoding import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.encoding import Reader

LOB_FREE = 0x0111


@dataclass(frozen=True, slots=True)
class CloseCursors:
    cursors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetSchema:
    schema: str


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """
    End-to-end attributes: module, action, client_id, client_info, those that were set.
    """

    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class FreeLobs:
    locators: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """
    A piggyback that asks for nothing a client could see: context, pipeline begin, session state.
    """

    code: int


Piggyback: TypeAlias = "CloseCursors | SetSchema | SetAttributes | FreeLobs | Ignored"


def _close_cursors(reader: Reader) -> CloseCursors:
    reader.u8()
    return CloseCursors(tuple(reader.ub() for _ in range(reader.ub())))


def _set_schema(reader: Reader) -> SetSchema:
    reader.u8()
    return SetSchema(reader.text())


def _set_attributes(reader: Reader) -> SetAttributes:
    reader.raw(2)
    reader.ub()  # flags: what the pointers below say again

    def announced() -> int:
        """
        Give the length of a text to come, -1 where the attribute is not touched.
        """
        pointer, length = reader.u8(), reader.ub()
        return length if pointer else -1

    sizes = {name: announced() for name in ("client_id", "module", "action", "")}
    reader.u8()
    reader.ub()
    sizes["client_info"] = announced()
    announced()
    announced()
    sizes["dbop"] = announced()
    texts = {
        name: ((reader.clr() or b"").decode() if size else "") for name, size in sizes.items() if size >= 0
    }
    texts.pop("dbop", None)  # no view shows it
    return SetAttributes(texts)


def _free_lobs(reader: Reader) -> FreeLobs:
    reader.u8()
    size = reader.ub()
    reader.u8()
    for _ in range(3):
        reader.ub()
    reader.raw(3)
    if reader.ub() & 0x1FF != LOB_FREE:
        raise Unknown("LOB piggyback")
    reader.u8()
    for _ in range(3):
        reader.ub()
    reader.u8()
    for _ in range(3):
        reader.u8()
        reader.ub()
    return FreeLobs(reader.raw(size))


def _context(reader: Reader) -> Ignored:
    reader.u8()
    reader.ub()
    reader.u8()
    count = reader.ub()
    reader.ub()
    reader.u8()
    reader.clr()
    for _ in range(count):
        reader.sized()
        reader.sized()
        reader.ub()
    return Ignored(154)


def _session_state(reader: Reader) -> Ignored:
    reader.ub()
    return Ignored(176)


def _begin_pipeline(reader: Reader) -> Ignored:
    reader.ub()
    reader.raw(2)
    return Ignored(199)


_PIGGYBACKS: dict[int, Callable[[Reader], Piggyback]] = {
    105: _close_cursors,
    152: _set_schema,
    135: _set_attributes,
    96: _free_lobs,
    154: _context,
    176: _session_state,
    199: _begin_pipeline,
}


def read_piggyback(code: int, reader: Reader) -> Piggyback:
    if code not in _PIGGYBACKS:
        raise Unknown(f"piggyback {code}")
    return _PIGGYBACKS[code](reader)
