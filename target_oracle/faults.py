"""
Why one row cannot be stored: a value with a code, carried as an exception only inside a converter.
"""

from __future__ import annotations


class RowFault(ValueError):
    """
    One value of one row cannot be stored as it is.

    *code* is the ORA code that Oracle would give where there is one, else a word of ours; *why* holds no
    value of the row.
    """

    __slots__ = ("code", "column", "why")

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.column: str | None = None

    @classmethod
    def of(cls, code: str, why: str, column: str | None) -> RowFault:
        """
        Return the fault with its *column* named.
        """
        fault = cls(code, why)
        fault.column = column
        return fault


class TooLong(RowFault):
    """
    A text does not fit its VARCHAR2 column; a column of *chars* characters and *size* bytes would hold it.
    """

    __slots__ = ("chars", "size")

    def __init__(self, chars: int, size: int, why: str) -> None:
        super().__init__("ORA-12899", why)
        self.chars = chars
        self.size = size
