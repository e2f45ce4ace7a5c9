"""
Sensitive properties of a rejected record -> `***`, before it is written anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

MASK: Final = b'"***"'
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Mask:
    """
    Hides the properties whose names match one of *globs*, in any case and at any depth; NULL stays NULL.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        self._globs = tuple(glob.casefold() for glob in globs)

    def __bool__(self) -> bool:
        """
        Tell whether there is anything to hide.
        """
        return bool(self._globs)

    def line(self, line: bytes) -> bytes | None:
        """
        Return the message *line* with its record masked; None where no record can be told apart.
        """
        try:
            members = _decode_members(line)
            members["record"] = msgspec.Raw(self._object(bytes(members["record"])))
        except (*_UNREADABLE, KeyError):
            return None
        return msgspec.json.encode(members)

    def _value(self, text: bytes) -> bytes:
        head = text.lstrip()[:1]
        if head == b"{":
            return self._object(text)
        if head == b"[":
            return msgspec.json.encode(
                [msgspec.Raw(self._value(bytes(item))) for item in _decode_items(text)]
            )
        return text

    def _object(self, text: bytes) -> bytes:
        members = _decode_members(text)
        return msgspec.json.encode(
            {name: msgspec.Raw(self._member(name, bytes(raw))) for name, raw in members.items()}
        )

    def _member(self, name: str, text: bytes) -> bytes:
        if not any(fnmatchcase(name.casefold(), glob) for glob in self._globs):
            return self._value(text)
        return text if text.strip() == b"null" else MASK
