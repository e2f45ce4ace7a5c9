"""
STATE -> stdout: one compact line each, byte for byte what the tap sent, only after a commit.
"""

from __future__ import annotations

import os
import re
from typing import Final

from target_oracle.errors import OutputClosed

# A string is kept as it is, white space between tokens goes.
_TOKENS: Final = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
# States that say nothing; an orchestrator that stored one would forget its bookmarks.
EMPTY: Final = frozenset({b"{}", b"null"})


def compact(value: bytes) -> bytes:
    r"""
    Return the JSON text *value* without white space between its tokens; numbers and escapes stay as written.

    >>> compact(b'{"a": 1.50, "b": " \\u00e9 "}')
    b'{"a":1.50,"b":" \\u00e9 "}'
    """
    return _TOKENS.sub(rb"\1", value)


class StateWriter:
    """
    Writes STATE lines to *descriptor*, each whole, flushed, and never the same one twice in a row.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.last: bytes | None = None
        self.written = 0

    def write(self, value: bytes | None) -> None:
        """
        Print the compact JSON text *value*; None, an empty state and a repeated one print nothing.

        Raise OutputClosed when nobody reads any more.
        """
        if value is None or value in EMPTY or value == self.last:
            return
        rest = value + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise OutputClosed(
                f"cannot write STATE to stdout ({error.strerror}); rows up to it are committed, start again "
                "from the last STATE that was read"
            ) from error
        self.last = value
        self.written += 1
