"""
Requests of the log-in: protocol, data types, the two phases, and the first three of them in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.standin.encoding import Malformed

if TYPE_CHECKING:
    from tests.standin.encoding import Reader

PROTOCOL, DATA_TYPES, FUNCTION = 1, 2, 3
PHASE_ONE, PHASE_TWO = 118, 115
ZONE_FLAG = 0x01  # in byte 1 of the runtime capabilities: the client's time zone follows
ZONE_BYTES = 11
FILE_BYTE, FILE_FLAG = 37, 0x02  # in the compile capabilities: and the version of its zone file


@dataclass(frozen=True, slots=True)
class Negotiate:
    """
    The client's driver says who it is.
    """

    driver: str


@dataclass(frozen=True, slots=True)
class DataTypes:
    """
    The client's types, for the answer to repeat, and its capabilities.
    """

    types: tuple[int, ...]
    compile_capabilities: bytes


@dataclass(frozen=True, slots=True)
class Authenticate:
    """
    A phase of the log-in.
    """

    phase: int
    user: str
    mode: int
    pairs: dict[str, str]


@dataclass(frozen=True, slots=True)
class FastAuth:
    """
    The first three requests of a log-in in one.
    """

    negotiate: Negotiate
    data_types: DataTypes
    authenticate: Authenticate


def read_negotiate(reader: Reader) -> Negotiate:
    reader.until_zero()  # versions of the protocol
    return Negotiate(reader.until_zero().decode(errors="replace"))


def read_data_types(reader: Reader) -> DataTypes:
    reader.raw(5)  # character sets and flags
    compile_capabilities = reader.clr() or b""
    runtime = reader.clr() or b""
    if len(runtime) > 1 and runtime[1] & ZONE_FLAG:
        reader.raw(ZONE_BYTES)
        if len(compile_capabilities) > FILE_BYTE and compile_capabilities[FILE_BYTE] & FILE_FLAG:
            reader.raw(4)  # version of the zone file
    types: list[int] = []
    while kind := reader.u16():
        conversion = reader.u16()
        representation = reader.u16() if conversion else 0
        types += (kind, conversion, representation)
        if conversion:
            reader.u16()
    return DataTypes(tuple(types), compile_capabilities)


def read_phase_one(reader: Reader) -> Authenticate:
    return _authenticate(1, reader)


def read_phase_two(reader: Reader) -> Authenticate:
    return _authenticate(2, reader)


def _authenticate(phase: int, reader: Reader) -> Authenticate:
    has_user, _ = reader.u8(), reader.ub()
    mode = reader.ub()
    reader.u8()
    count = reader.ub()
    reader.raw(2)
    user = (reader.clr() or b"").decode() if has_user else ""
    pairs = {}
    for _ in range(count):
        name, value = reader.text(), reader.text()
        pairs[name] = value
        reader.ub()
    return Authenticate(phase, user, mode, pairs)


def read_fast_auth(reader: Reader) -> FastAuth:
    reader.raw(3)
    if reader.u8() != PROTOCOL:
        raise Malformed("fast log-in without its negotiation")
    negotiate = read_negotiate(reader)
    reader.raw(6)  # character sets, field version
    if reader.u8() != DATA_TYPES:
        raise Malformed("fast log-in without its types")
    data_types = read_data_types(reader)
    kind, code, _ = reader.raw(3)
    if kind != FUNCTION or code not in (PHASE_ONE, PHASE_TWO):
        raise Malformed("fast log-in without a log-in")
    return FastAuth(negotiate, data_types, _authenticate(1 if code == PHASE_ONE else 2, reader))
