"""
Large objects of one connection: the content behind each locator that it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.standin.encoding import clr, ub
from tests.standin.ttc_requests import LOB_CREATE, LobCall
from tests.standin.values import OracleError

if TYPE_CHECKING:
    from tests.standin.values import Value

LOCATOR = 40  # bytes
CHUNK_SIZE = 8060  # what a table in 8 KiB blocks answers
ABSTRACT, WIDE_TEXT, TEMPORARY = 0x40, 0x80, 0x01  # flags in bytes 4, 6 and 7 of a locator
LENGTH, READ, TRIM, WRITE = 0x0001, 0x0002, 0x0020, 0x0040
GET_CHUNK_SIZE, OPEN, CLOSE, IS_OPEN = 0x4000, 0x8000, 0x10000, 0x11000
BLOB_TYPE = 113


@dataclass(slots=True)
class Lob:
    """
    One LOB. Text is kept in UTF-16, as an AL32UTF8 database counts and sends it.
    """

    content: bytearray
    is_text: bool
    is_temporary: bool
    is_open: bool = False

    @property
    def unit(self) -> int:
        """
        Give the bytes that offsets and amounts count in.
        """
        return 2 if self.is_text else 1

    @property
    def size(self) -> int:
        return len(self.content) // self.unit

    @property
    def value(self) -> Value:
        """
        Give the content as a bind's value; an empty LOB is not null, but Oracle's '' is.
        """
        return self.content.decode("utf-16-be") if self.is_text else bytes(self.content)


class Lobs:
    """
    The LOBs of one connection by the number in their locators.
    """

    def __init__(self) -> None:
        self._lobs: dict[int, Lob] = {}
        self._last = 0

    def _keep(self, lob: Lob) -> bytes:
        self._last += 1
        self._lobs[self._last] = lob
        locator = bytearray(LOCATOR)
        locator[1] = LOCATOR - 2
        locator[4] = ABSTRACT if lob.is_temporary else 0
        locator[5] = 0x08  # initialised
        locator[6] = WIDE_TEXT if lob.is_text else 0
        locator[7] = TEMPORARY if lob.is_temporary else 0
        locator[8:16] = self._last.to_bytes(8, "big")
        return bytes(locator)

    def find(self, locator: bytes) -> Lob:
        lob = self._lobs.get(int.from_bytes(locator[8:16], "big"))
        if lob is None:
            raise OracleError(22275, "ORA-22275: invalid LOB locator specified")
        return lob

    def value_of(self, locator: bytes) -> Value:
        return self.find(locator).value

    def locate(self, word: str, value: Value) -> bytes:
        """
        Keep a result's LOB and write it as a row carries it: locator length, size, chunk size, locator.
        """
        is_text = word != "BLOB"
        content = bytearray(value.encode("utf-16-be") if is_text else value)
        lob = Lob(content, is_text, is_temporary=False)
        locator = self._keep(lob)
        return b"".join((ub(LOCATOR), ub(lob.size), ub(CHUNK_SIZE), clr(locator)))

    def free(self, locators: bytes) -> None:
        for at in range(0, len(locators), LOCATOR):
            self._lobs.pop(int.from_bytes(locators[at + 8 : at + 16], "big"), None)

    def call(self, call: LobCall) -> bytes:
        """
        Run an operation and build the part of its answer that comes before the ending.
        """
        if call.operation == LOB_CREATE:
            lob = Lob(bytearray(), call.target_offset != BLOB_TYPE, is_temporary=True)
            return b"\x08" + self._keep(lob).ljust(len(call.locator), b"\0") + b"\0\0"
        lob = self.find(call.locator)
        data, amount = self._run(lob, call)
        pieces = [b"" if data is None else b"\x0e" + clr(data), b"\x08", call.locator]
        if call.amount is not None:
            pieces.append(ub(amount))
        if call.operation == IS_OPEN:
            pieces.append(bytes((lob.is_open,)))
        return b"".join(pieces)

    def _run(self, lob: Lob, call: LobCall) -> tuple[bytes | None, int]:
        operation, amount = call.operation, call.amount or 0
        if operation == READ:
            start = (call.source_offset - 1) * lob.unit
            data = bytes(lob.content[start : start + amount * lob.unit])
            return (data or None), len(data) // lob.unit
        if operation == LENGTH:
            return None, lob.size
        if operation == GET_CHUNK_SIZE:
            return None, CHUNK_SIZE
        if operation in (OPEN, CLOSE, IS_OPEN):
            lob.is_open = operation == OPEN or (operation == IS_OPEN and lob.is_open)
            return None, amount
        if operation not in (TRIM, WRITE) or not lob.is_temporary:
            raise OracleError(3001, f"ORA-03001: unimplemented feature: LOB operation {operation:#x} here")
        if operation == TRIM:
            del lob.content[amount * lob.unit :]
        else:
            start = (call.source_offset - 1) * lob.unit
            lob.content.extend(bytes(max(0, start - len(lob.content))))
            data = call.data or b""
            lob.content[start : start + len(data)] = data
        return None, amount
