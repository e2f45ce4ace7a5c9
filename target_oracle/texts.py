"""
Texts, JSON documents and bytes: every character and byte, as long as the column has room for them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from operator import countOf
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import replace

from target_oracle.conversion import (
    Converter,
    Faults,
    Finish,
    Tally,
    each,
    from_raw,
    json_type,
    string_of,
    utf8_of,
)
from target_oracle.faults import RowFault, TooLong
from target_oracle.oracle.charsets import Charset, charset_of
from target_oracle.oracle.types import OracleType, Server
from target_oracle.singer.schema import Field, Kind

_NOT_STRINGS: Final = frozenset({Kind.ANY, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DECIMAL_STRING})


def _text_types(prop: Field) -> frozenset[str]:
    """
    Return the JSON types that become text of *prop*: a number for a string is kept as it was written.
    """
    return prop.types | {"string", "number", "integer"} if prop.types else _ALL_TYPES


_ALL_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "object", "array"})


def limits_of(type_: OracleType, server: Server) -> tuple[int | None, int | None]:
    """
    Return how many characters and how many bytes a column of *type_* holds; None for no limit (LOBs).
    """
    if type_.length is None:
        return None, None
    if type_.char:
        return type_.length, server.max_string_bytes
    return type_.length, type_.length


def _fit_text(type_: OracleType, server: Server, tally: Tally) -> Callable[[str], str | None]:
    chars, size = limits_of(type_, server)
    charset = charset_of(server.charset)

    def fit(text: str) -> str | None:
        if not text:
            tally.empty += 1
            return None
        if charset.codec is None and (chars is None or size is None):
            return text
        long = _size(text, charset)
        if chars is not None and size is not None and (len(text) > chars or long > size):
            why = f"the text of {len(text)} characters, {long} bytes, is longer than {type_.ddl()}"
            raise TooLong(len(text), long, why)
        return text

    return fit


def _size(text: str, charset: Charset) -> int:
    if text.isascii():
        return len(text)
    try:
        return charset.size(text)
    except UnicodeEncodeError as fault:
        why = f"the text has a character that the database's character set {charset.name} lacks"
        raise RowFault("ORA-12713", why) from fault


def _read_text(prop: Field, fit: Callable[[str], str | None]) -> Callable[[bytes], str | None]:
    allowed = _text_types(prop)

    def read(raw: bytes) -> str | None:
        kind = json_type(raw)
        if kind not in allowed:
            raise RowFault("TYPE", f"text is expected, not {kind}")
        return fit(string_of(raw) if kind == "string" else utf8_of(raw))

    return read


def of_text(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    """
    Text as it is: first what cannot be too long or empty, then what may be, then whatever JSON it is.
    """
    fit = _fit_text(type_, server, tally)
    read = _read_text(prop, fit)
    if prop.kind in _NOT_STRINGS:
        return from_raw(read)
    chars, size = limits_of(type_, server)
    charset = charset_of(server.charset)
    finish = _finish_text(fit, tally, any_text=size is None and charset.codec is None)
    if chars is None or size is None:
        loose = Converter(str, read, finish, from_raw(read))
        return (
            loose
            if charset.codec
            else Converter(Annotated[str, msgspec.Meta(min_length=1)], read, None, loose)
        )
    safe = min(chars, size // charset.char_bytes)
    loose = Converter(Annotated[str, msgspec.Meta(max_length=chars)], read, finish, from_raw(read))
    if charset.codec or (safe < chars <= _SHORT_CHARS):
        return loose
    return Converter(Annotated[str, msgspec.Meta(min_length=1, max_length=max(safe, 1))], read, None, loose)


# Below this, a column in BYTE semantics is checked by bytes from the start: a quarter of it is too little.
_SHORT_CHARS: Final = 1000


def _finish_text(fit: Callable[[str], str | None], tally: Tally, *, any_text: bool) -> Finish:
    slow = each(fit)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        empty = countOf(values, "")
        if not any_text and not all(map(str.isascii, filter(None, values))):
            return slow(values)
        tally.empty += empty
        return values, {}

    return finish


# --- JSON documents


def of_json(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    """
    Convert objects and arrays to their JSON text, as it came.

    Where *prop* takes strings as well, one that holds such a text stands for it.
    """
    fit = _fit_text(type_, server, tally)
    charset = charset_of(server.charset)
    allowed = prop.types & _DOCUMENTS or _DOCUMENTS

    def read(raw: bytes) -> str | None:
        told = _document_in(raw) if "string" in prop.types and raw[:1] == b'"' else raw
        if json_type(told) not in allowed:
            raise RowFault("TYPE", f"{' or '.join(sorted(allowed))} is expected, not {json_type(raw)}")
        return fit(charset.json(utf8_of(told)))

    return from_raw(read)


_DOCUMENTS: Final = frozenset({"object", "array"})


def as_sent(prop: Field) -> Field:
    """
    Return *prop* as it is read where records are not validated: a document of either sort, or one as text.
    """
    return replace(prop, types=_DOCUMENTS | {"string"}) if prop.kind is Kind.JSON else prop


def _document_in(raw: bytes) -> bytes:
    """
    Return the JSON text that the JSON string *raw* holds, or *raw* itself where it holds none.

    >>> _document_in(b'" [1] "')
    b'[1]'
    """
    try:
        return bytes(msgspec.json.decode(string_of(raw), type=msgspec.Raw))
    except msgspec.DecodeError:
        return raw


def of_json_bytes(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    """
    Convert objects and arrays to the UTF-8 of their JSON text.
    """
    text = of_json(prop, OracleType("CLOB"), server, tally)
    fit = _fit_bytes(type_)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        read_values, faults = text.finish(values) if text.finish else (values, {})
        done, more = each(lambda value: fit(value.encode()))(read_values)
        return done, {**more, **faults}

    return Converter(msgspec.Raw, msgspec.Raw, finish)


# --- bytes


def _fit_bytes(type_: OracleType) -> Callable[[bytes], bytes]:
    def fit(data: bytes) -> bytes:
        if type_.length is not None and len(data) > type_.length:
            raise RowFault("ORA-12899", f"{len(data)} bytes are more than {type_.ddl()} holds")
        return data

    return fit


def of_binary(prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert base64 and hex texts to their bytes.
    """
    fit = _fit_bytes(type_)
    decode = _hex if prop.encoding == "hex" else _base64

    def read(raw: bytes) -> bytes | None:
        if raw[:1] != b'"':
            raise RowFault("TYPE", f"{prop.encoding or 'base64'} text is expected, not {json_type(raw)}")
        try:
            data = decode(string_of(raw))
            if not data:
                tally.empty += 1
                return None
            return fit(data)
        except (binascii.Error, ValueError) as fault:
            if isinstance(fault, RowFault):
                raise
            raise RowFault("ORA-01465", f"the text is no {prop.encoding or 'base64'}") from fault

    return from_raw(read)


def _hex(text: str) -> bytes:
    """
    Return the bytes of hex *text*, with or without `0x`; a digit alone gets a 0 before it, as in HEXTORAW.

    >>> _hex("0xA12").hex()
    '0a12'
    """
    digits = "".join(text.split()).lower().removeprefix("0x")
    return bytes.fromhex("0" * (len(digits) % 2) + digits)


def _base64(text: str) -> bytes:
    """
    Return the bytes of base64 *text*, in the standard or the URL alphabet, with or without padding.
    """
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
