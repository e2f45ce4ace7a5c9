"""
The database's character set: what is stored of a text, and in how many bytes.

The client speaks UTF-8 (or UTF-16 for national text), and the server converts. A character that its set lacks
becomes the set's replacement character without a word (Globalization Support Guide, Choosing a Character Set,
Data Loss During Character Set Conversion). Oracle also puts some look-alikes in place, as e for é: those
tables are not here, so such a character is replaced too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Charset:
    """
    One set: Oracle's *name* and *number* of it, Python's *codec*, and what stands for what it lacks.

    *widest* is the most bytes of a character.
    """

    name: str
    number: int
    codec: str
    replacement: str = "\ufffd"
    widest: int = 1

    @property
    def is_unicode(self) -> bool:
        """
        Say whether it holds every character.
        """
        return self.codec == "utf-8"

    def size(self, text: str) -> int:
        """
        Count the bytes of a text.

        >>> CHARSETS["AL32UTF8"].size("5 €"), CHARSETS["WE8MSWIN1252"].size("5 €")
        (5, 3)
        """
        return len(text.encode(self.codec, "strict" if self.is_unicode else "replace"))

    def kept(self, text: str) -> str:
        """
        Give what is left of a text that is stored.

        >>> CHARSETS["WE8ISO8859P15"].kept("5 € für 日本"), CHARSETS["US7ASCII"].kept("5 €")
        ('5 € für ¿¿', '5 ?')
        """
        if self.is_unicode or text.isascii():
            return text
        return "".join(mark if self._has(mark) else self.replacement for mark in text)

    def _has(self, mark: str) -> bool:
        try:
            mark.encode(self.codec)
        except UnicodeEncodeError:
            return False
        return True


#: The numbers are NLS_CHARSET_ID's.
CHARSETS = {
    charset.name: charset
    for charset in (
        Charset("AL32UTF8", 873, "utf-8", widest=4),
        Charset("US7ASCII", 1, "ascii", "?"),
        Charset("WE8ISO8859P15", 46, "iso8859_15", "¿"),
        Charset("WE8MSWIN1252", 178, "cp1252", "¿"),
    )
}
UNICODE = CHARSETS["AL32UTF8"]
