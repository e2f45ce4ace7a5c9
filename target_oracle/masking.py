"""
Sensitive properties of a rejected record -> `***`, before it is written anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import Final

import msgspec

MASK: Final = msgspec.Raw(b'"***"')
_NEVER: Final = "(?!)"
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Mask:
    """
    Hides the properties whose names match one of *globs*, in any case and at any depth; NULL stays NULL.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        self._globs = tuple(glob.casefold() for glob in globs)
        self._hides = re.compile("|".join(map(translate, self._globs)) or _NEVER).match

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
            members["record"] = self._object(members["record"])
        except (*_UNREADABLE, KeyError):
            return None
        return msgspec.json.encode(members)

    def _value(self, raw: msgspec.Raw) -> msgspec.Raw:
        head = bytes(raw)[:1]
        if head == b"{":
            return self._object(raw)
        if head == b"[":
            return msgspec.Raw(msgspec.json.encode([self._value(item) for item in _decode_items(raw)]))
        return raw

    def _object(self, raw: msgspec.Raw) -> msgspec.Raw:
        members = _decode_members(raw)
        return msgspec.Raw(
            msgspec.json.encode({name: self._member(name, value) for name, value in members.items()})
        )

    def _member(self, name: str, raw: msgspec.Raw) -> msgspec.Raw:
        if not self._hides(name.casefold()):
            return self._value(raw)
        return raw if bytes(raw) == b"null" else MASK
