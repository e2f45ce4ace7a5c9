"""
Singer names -> Oracle names: folded to upper case, cut to the server's limit, kept apart, quoted.

A folded name is what unquoted SQL reaches: `order-line` becomes `"ORDER_LINE"`, which a DBA may write as
`order_line`. Names are always sent quoted, so reserved words (`SELECT`, `LEVEL`, `DATE`) are names like
others.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Quoted = NewType("Quoted", str)

# Bytes that an identifier may have with COMPATIBLE 12.2 or higher; below that it is 30.
MAX_NAME_BYTES: Final = 128

# ROWID cannot name a column, quoted or not (SQL Language Reference, Oracle SQL Reserved Words); ORA_ROWSCN is
# resolved like it, as a hidden column of every table.
_NO_COLUMNS: Final = frozenset({"ROWID", "ORA_ROWSCN"})

# A table of ours by one of these names would stand before Oracle's own in every statement of its schema:
# DUAL in MERGE, the dictionary in what we and the DBA's tools ask of it.
_DICTIONARY: Final = (
    "COL_COMMENTS", "CONS_COLUMNS", "CONSTRAINTS", "INDEXES", "IND_COLUMNS", "JSON_COLUMNS", "OBJECTS",
    "SEQUENCES", "SYNONYMS", "TABLES", "TAB_COLS", "TAB_COLUMNS", "TAB_COMMENTS", "TAB_IDENTITY_COLS",
    "TAB_PRIVS", "TRIGGERS", "USERS", "VIEWS",
)  # fmt: skip
_NO_TABLES: Final = frozenset(
    {
        "DUAL", "NLS_DATABASE_PARAMETERS", "NLS_SESSION_PARAMETERS", "PRODUCT_COMPONENT_VERSION",
        "SESSION_PRIVS", "SESSION_ROLES", "USER_FREE_SPACE", "USER_ROLE_PRIVS", "USER_SYS_PRIVS",
        "USER_TS_QUOTAS", "V$INSTANCE", "V$PARAMETER", "V$SESSION", "V$VERSION",
    }
    | {f"{whose}_{view}" for whose in ("ALL", "DBA", "USER") for view in _DICTIONARY}
)  # fmt: skip

# Names that begin like this belong to private temporary tables and to the recycle bin.
_OWN_PREFIXES: Final = ("ORA$PTT_", "BIN$")

_HASH_DIGITS: Final = 8
_PART: Final = re.compile(r"\{([^{}]*)\}")
_UNICODE: Final = frozenset({"AL32UTF8", "UTF8"})


def fold(name: str, limit: int = MAX_NAME_BYTES, charset: str = "AL32UTF8") -> str:
    """
    Fold a Singer *name* to an Oracle one of at most *limit* bytes in the database's *charset*.

    Letters go to upper case, letters, digits, `_`, `$` and `#` stay, all else becomes `_`. In charsets other
    than Unicode a letter beyond ASCII becomes `_` too. A name that must be cut ends in a hash of the whole.

    >>> fold("order-line"), fold("straße"), fold("2nd"), fold("")
    ('ORDER_LINE', 'STRAßE', '2ND', 'UNNAMED')
    >>> fold("customer_shipping_address", limit=20)
    'CUSTOMER_SH_2500C061'
    """
    plain = "".join(map(_folded, unicodedata.normalize("NFC", name))) or "UNNAMED"
    if charset.upper() not in _UNICODE:
        plain = "".join(char if char.isascii() else "_" for char in plain)
    return plain if len(plain.encode()) <= limit else hashed(name, plain, limit)


def _folded(char: str) -> str:
    """
    Fold one character; a letter whose capital is more than one letter stays, as in Oracle's UPPER.
    """
    if char in "_$#" or char.isdecimal():
        return char
    if not char.isalpha():
        return "_"
    upper = char.upper()
    return upper if len(upper) == 1 else char


def hashed(name: str, plain: str, limit: int = MAX_NAME_BYTES, salt: int = 0) -> str:
    """
    Return *plain*, cut on a character boundary where needed, with a hash of the original *name* at its end.
    """
    original = f"{name}\0{salt}" if salt else name
    digest = sha256(original.encode(errors="surrogatepass")).hexdigest()
    mark = f"_{digest[:_HASH_DIGITS].upper()}"
    return plain.encode()[: limit - len(mark)].decode(errors="ignore") + mark


def column_name(name: str, limit: int = MAX_NAME_BYTES, charset: str = "AL32UTF8") -> str:
    """
    Fold *name* for a column.

    >>> column_name("rowid"), column_name("level")
    ('ROWID_', 'LEVEL')
    """
    plain = fold(name, limit, charset)
    return f"{plain}_" if plain in _NO_COLUMNS else plain


def assign(
    names: Sequence[str],
    limit: int = MAX_NAME_BYTES,
    taken: Mapping[str, str] | None = None,
    *,
    charset: str = "AL32UTF8",
    used: Iterable[str] = (),
) -> dict[str, str]:
    """
    Give each of *names* its own column; the order of *names* decides nothing.

    *taken* are the columns that the table already has, by original name: they never move. *used* are columns
    that belong to nobody we know and stay free of ours. Where several new names fold alike, one keeps the
    plain name (spelt in capitals first, then in small letters) and the others end in a hash of the original.

    >>> assign(["Name", "name"])
    {'Name': 'NAME_DCD1D522', 'name': 'NAME'}
    """
    columns = dict(taken or {})
    occupied = {*columns.values(), *used}
    plain = {name: column_name(name, limit, charset) for name in names if name not in columns}
    later = []
    for name in sorted(plain, key=lambda each: (_rank(each, plain[each]), each)):
        if plain[name] in occupied:
            later.append(name)
        else:
            columns[name] = plain[name]
            occupied.add(plain[name])
    for name in later:
        columns[name] = _free(name, plain[name], limit, occupied)
        occupied.add(columns[name])
    return {name: columns[name] for name in names}


def _rank(name: str, plain: str) -> int:
    return 0 if name == plain else 1 if name == plain.lower() else 2


def _free(name: str, plain: str, limit: int, occupied: set[str]) -> str:
    salt = 0
    while (column := hashed(name, plain, limit, salt)) in occupied:
        salt += 1
    return column


def table_name(
    stream: str,
    pattern: str = "{stream}",
    *,
    prefix: str = "",
    suffix: str = "",
    limit: int = MAX_NAME_BYTES,
    charset: str = "AL32UTF8",
) -> str:
    """
    Return the table of *stream*: *pattern* filled in, between *prefix* and *suffix*, folded.

    `{table}` is the stream's last part after `-` or `.`, `{schema}` is what stands before it. Raises
    ValueError for any other part.

    >>> table_name("public-album"), table_name("public-album", "{table}"), table_name("dual")
    ('PUBLIC_ALBUM', 'ALBUM', 'DUAL_')
    """
    schema, table = split_stream(stream)
    parts = {"stream": stream, "schema": schema, "table": table}
    plain = fold(prefix + _PART.sub(lambda found: _part(found[1], parts), pattern) + suffix, limit, charset)
    if plain in _NO_TABLES:
        return f"{plain}_"
    return plain.replace("$", "_", 1) if plain.startswith(_OWN_PREFIXES) else plain


def _part(name: str, parts: Mapping[str, str]) -> str:
    if name not in parts:
        known = ", ".join(f"{{{part}}}" for part in parts)
        raise ValueError(f"table_name_pattern knows {known}, not {{{name}}}")
    return parts[name]


def split_stream(stream: str) -> tuple[str, str]:
    """
    Split *stream* into what stands before its last `-` or `.`, and what follows.

    >>> split_stream("a.b-c"), split_stream("orders"), split_stream("orders-")
    (('a.b', 'c'), ('', 'orders'), ('', 'orders-'))
    """
    cut = max(stream.rfind("-"), stream.rfind("."))
    if cut < 0 or cut == len(stream) - 1:
        return "", stream
    return stream[:cut], stream[cut + 1 :]


def quote(identifier: str, limit: int = MAX_NAME_BYTES) -> Quoted:
    """
    Quote *identifier* for a statement: the one way in which a name gets into SQL.

    Raises ValueError for what Oracle cannot quote: nothing at all, `"`, U+0000, lone surrogates, too long.

    >>> quote("ORDER_LINE")
    '"ORDER_LINE"'
    """
    if not identifier:
        raise ValueError("a name must not be empty")
    if '"' in identifier or "\0" in identifier:
        raise ValueError(f"a name must hold neither a double quote nor U+0000: {identifier!r}")
    try:
        size = len(identifier.encode())
    except UnicodeEncodeError:
        raise ValueError(f"a name must be valid Unicode: {identifier!r}") from None
    if size > limit:
        raise ValueError(f"a name has at most {limit} bytes, this one has {size}: {identifier!r}")
    return Quoted(f'"{identifier}"')
