"""
Property name -> comment of its column, by which the column is found again in every later run.

The first column of a property carries its name alone. A column that was added because the property's type
changed carries the name and the kind of value: `price, as STRING`. Characters that cannot stand in a comment,
or that the database's character set lacks, are written as in JSON, and what is too long ends in a hash: two
properties never have the same comment.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from target_oracle.oracle.charsets import charset_of

# A line of a SQL*Plus script has at most 2499 characters; every quote is doubled, and names stand before it.
LONGEST: Final = 1000
# What a second column holds, by the type that it was made for.
_KINDS: Final = {
    "NUMBER": "NUMBER",
    "FLOAT": "NUMBER",
    "BINARY_DOUBLE": "DOUBLE",
    "BINARY_FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP WITH LOCAL TIME ZONE": "TIMESTAMP",
    "RAW": "BINARY",
    "BLOB": "BINARY",
    "JSON": "JSON",
}
STRING: Final = "STRING"
ALL_KINDS: Final = (*dict.fromkeys(_KINDS.values()), STRING)
_PROPERTY: Final = "PROPERTY"
# '' would take the comment away; a name of its own has no single backslash.
_EMPTY: Final = r"\empty"
_MARKED: Final = re.compile(rf", as (?:{'|'.join((*ALL_KINDS, _PROPERTY))})\Z")
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-f]{4})|\\)")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")


def comment_of(name: str, kind: str | None = None, charset: str = "AL32UTF8") -> str:
    r"""
    Return the comment of the column of property *name*; of its second one for values of *kind*.

    *charset* is the database's.

    >>> comment_of("price"), comment_of("price", "STRING"), comment_of("a\nb")
    ('price', 'price, as STRING', 'a\\u000ab')
    """
    # A property whose own name ends like that is always marked, which keeps it apart.
    if kind is None and is_marked(name):
        kind = _PROPERTY
    mark = f", as {kind}" if kind else ""
    said = charset_of(charset).json(_UNPRINTABLE.sub(_escaped, name))
    return _cut(said or _EMPTY, LONGEST - len(mark), "…" if charset_of(charset).is_unicode else "...") + mark


def name_in(comment: str) -> str:
    r"""
    Return the name that *comment* is of, as far as it tells: what is in it of a long one.

    >>> name_in(comment_of("a\b 日", charset="US7ASCII")) == "a\b 日"
    True
    """
    read = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\\", comment)
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_marked(comment: str | None) -> bool:
    """
    Tell whether *comment* ends like that of a second column.
    """
    return comment is not None and _MARKED.search(comment) is not None


def kind_of(type_name: str) -> str:
    """
    Return the kind of value that a second column of that type is for.
    """
    return _KINDS.get(type_name, STRING)


def _escaped(found: re.Match[str]) -> str:
    return "\\\\" if found[0] == "\\" else f"\\u{ord(found[0]):04x}"


def _cut(text: str, limit: int, dots: str) -> str:
    """
    Cut *text* to *limit* bytes on a character boundary; what is cut ends in a hash of the whole.
    """
    if len(text.encode()) <= limit:
        return text
    mark = f"{dots} {sha256(text.encode()).hexdigest()[:16]}"
    return text.encode()[: limit - len(mark.encode())].decode(errors="ignore") + mark
