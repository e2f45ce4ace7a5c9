"""
A database's character set: how many bytes a text has there, and whether it can hold it at all.

Oracle replaces what its character set lacks without a word (`?`), so it is asked beforehand. What Oracle
calls a character set has a codec in Python for all that are common (Globalization Support Guide, Locale
Data).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import msgspec

# The two that hold every character; UTF8 writes those beyond U+FFFF as two of three bytes each (CESU-8).
_UNICODE: Final = {"AL32UTF8": 4, "UTF8": 3}
# fmt: off
_CODECS: Final = {
    "US7ASCII": "ascii",
    **{f"{prefix}8ISO8859P{part}": f"iso8859_{part}" for prefix, part in (
        ("WE", 1), ("EE", 2), ("SE", 3), ("NEE", 4), ("CL", 5), ("AR", 6), ("EL", 7), ("IW", 8), ("WE", 9),
        ("NE", 10), ("BLT", 13), ("WE", 15),
    )},
    **{f"{prefix}8MSWIN{page}": f"cp{page}" for prefix, page in (
        ("EE", 1250), ("CL", 1251), ("WE", 1252), ("EL", 1253), ("TR", 1254), ("IW", 1255), ("AR", 1256),
        ("BLT", 1257), ("VN", 1258),
    )},
    **{f"{prefix}8PC{page}": f"cp{page}" for prefix, page in (
        ("US", 437), ("WE", 850), ("EE", 852), ("WE", 858), ("RU", 866), ("WE", 860), ("CDN", 863),
        ("N", 865),
    )},
    "AR8MSAWIN": "cp1256",
    "BLT8CP921": "iso8859_13",
    "CL8KOI8R": "koi8_r",
    "CL8KOI8U": "koi8_u",
    "TH8TISASCII": "tis_620",
    "JA16EUC": "euc_jp",
    "JA16SJIS": "shift_jis",
    "KO16KSC5601": "euc_kr",
    "KO16MSWIN949": "cp949",
    "ZHS16CGB231280": "gb2312",
    "ZHS16GBK": "gbk",
    "ZHS32GB18030": "gb18030",
    "ZHT16BIG5": "big5",
    "ZHT16HKSCS": "big5hkscs",
    "ZHT16MSWIN950": "cp950",
}
# fmt: on
_BEYOND: Final = re.compile(r"[^\x00-\x7f]")
_SUPPLEMENTARY: Final = re.compile(r"[\U00010000-\U0010ffff]")


class Charset(msgspec.Struct, frozen=True):
    """
    The character set called *name*, whose longest character has *char_bytes*.

    *codec* is Python's where one is needed.
    """

    name: str
    char_bytes: int
    codec: str | None = None

    @property
    def is_unicode(self) -> bool:
        """
        Tell whether it holds every character.
        """
        return self.name in _UNICODE

    @property
    def is_known(self) -> bool:
        """
        Tell whether it can be said which characters it holds.
        """
        return self.is_unicode or self.codec is not None

    def size(self, text: str) -> int:
        """
        Return the bytes of *text* there; raise UnicodeEncodeError for a character that it lacks.

        >>> [charset_of(name).size("€") for name in ("WE8MSWIN1252", "AL32UTF8")]
        [1, 3]
        """
        if self.codec is not None:
            return len(text.encode(self.codec))
        plain = len(text.encode())
        return plain + 2 * len(_SUPPLEMENTARY.findall(text)) if self.name == "UTF8" else plain

    def json(self, text: str) -> str:
        r"""
        Return the JSON *text* with the characters that it lacks written as JSON can: `\u20ac`.

        Where it is not known which these are, so are all beyond ASCII.

        >>> charset_of("WE8ISO8859P1").json('["é", "€", "😀"]')
        '["é", "\\u20ac", "\\ud83d\\ude00"]'
        """
        if self.is_unicode or text.isascii():
            return text
        return _BEYOND.sub(lambda found: self._escaped(found[0]), text)

    def _escaped(self, char: str) -> str:
        if self._has(char):
            return char
        units = char.encode("utf-16-be").hex()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

    def _has(self, char: str) -> bool:
        if not self.is_known:
            return False
        try:
            self.size(char)
        except UnicodeEncodeError:
            return False
        return True


@cache
def charset_of(name: str) -> Charset:
    """
    Return the character set that NLS_CHARACTERSET calls *name*.

    >>> charset_of("WE8MSWIN1252").codec, charset_of("WE8EBCDIC37").is_known
    ('cp1252', False)
    """
    plain = name.upper()
    bits = re.match(r"[A-Z]+(\d+)", plain)
    char_bytes = _UNICODE.get(plain) or (-(-int(bits[1]) // 8) if bits else 4)
    return Charset(plain, char_bytes, _CODECS.get(plain))
