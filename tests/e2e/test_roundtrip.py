"""
What Oracle can hold comes back equal, from the whole range of each type and on each release.

The rest is a reject.

What a value must become is computed here by a road of its own, from what the SQL Language Reference says of
the type.
"""

from __future__ import annotations

# ruff: noqa: E501  # tables: one type a line
import base64
import json
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.rig import rig

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.standin

REFUSED = object()


@pytest.fixture(scope="module", params=[12, 19, 21, 23])
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("roundtrip"), request.param) as found:
        yield found


def notations(number: Decimal) -> st.SearchStrategy[str]:
    """
    Ways in which JSON can write *number*.
    """
    plain = format(number, "f")
    digits, exponent = format(number, "E").split("E")
    return st.sampled_from([plain, f"{digits}e{exponent}", f"{digits}E{int(exponent):+d}"])


integers = st.one_of(
    st.integers(-(10**6), 10**6),
    st.integers(-(2**64), 2**64),
    st.integers(-(10**38) - 3, 10**38 + 3),
    st.integers(-(10**41), 10**41),
)


def whole(number: int) -> Any:
    return number if abs(number) < 10**38 else REFUSED


decimals = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.one_of(st.integers(0, 10**6), st.integers(0, 10**38), st.integers(0, 10**60)),
    st.one_of(st.integers(-40, 5), st.integers(-170, 130)),
)


def number(value: Decimal) -> Any:
    """
    NUMBER: 38 digits, from 1e-130 to below 1e126; whole digits exact, fractions rounded half to even.
    """
    if not value:
        return 0
    if not -130 <= value.adjusted() <= 125:
        return REFUSED
    rounded = Context(38, ROUND_HALF_EVEN).plus(value)
    if rounded.adjusted() > 125 or (rounded != value and value.adjusted() >= 38):
        return REFUSED
    return rounded


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def bounded(most: int) -> Callable[[str], Any]:
    return lambda text: REFUSED if len(text) > most else text or None


moments = st.datetimes(timezones=st.builds(
    lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60)
))  # fmt: skip


def instant(value: datetime) -> Any:
    try:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError:
        return REFUSED


def spelled(value: datetime) -> str:
    text = value.isoformat()
    return json.dumps(text.replace("+00:00", "Z") if value.minute % 2 else text.replace("T", " ", 1))


def rounded(moment: tuple[datetime, int]) -> Any:
    """
    To the microsecond, the half of one upwards.
    """
    value, nanoseconds = moment
    try:
        return instant(value + timedelta(microseconds=nanoseconds >= 500))
    except OverflowError:
        return REFUSED


def to_the_nanosecond(moment: tuple[datetime, int]) -> str:
    value, nanoseconds = moment
    return json.dumps(
        f"{value:%H:%M:%S.%f}{nanoseconds:03d}".join((f"{value:%Y-%m-%d}".zfill(10) + "T", "Z"))
    )


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, documents, max_size=5)
doubles = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)


def clean(value: Any) -> Any:
    """
    Return a document as it comes back: the driver reads whole numbers as Decimal or int, which are equal.
    """
    return json.loads(value) if isinstance(value, str) else value


def asis(value: Any) -> Any:
    return value


# Property's schema, settings, values, how they are written, what they become, how what comes back is read.
TYPES: dict[str, tuple[dict[str, Any], dict[str, Any], Any, Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "integer": ({"type": "integer"}, {}, integers, str, whole, asis),
    "integer, in any notation": ({"type": "integer"}, {}, integers.map(Decimal),
                                 lambda value: format(value, "E"), whole, asis),
    "number": ({"type": "number"}, {}, decimals, str, number, asis),
    "number, written out": ({"type": "number"}, {}, decimals, lambda value: format(value, "f"), number, asis),
    "decimal string": ({"type": "string", "format": "singer.decimal"}, {}, decimals,
                       lambda value: f'"{value}"', number, asis),
    "double": ({"type": "number"}, {"number_type": "BINARY_DOUBLE"}, doubles, repr, asis, asis),
    "boolean": ({"type": "boolean"}, {}, st.booleans(), json.dumps, asis, asis),
    "text": ({"type": "string"}, {}, texts, json.dumps, bounded(4000), asis),
    "text, as it is": ({"type": "string"}, {}, texts,
                       lambda value: json.dumps(value, ensure_ascii=False), bounded(4000), asis),
    "text of blanks": ({"type": "string"}, {}, st.text(" \t\u00a0\u3000a", max_size=9), json.dumps,
                       bounded(4000), asis),
    "text of four bytes a character": ({"type": "string", "maxLength": 1200}, {},
                                       st.text(st.characters(min_codepoint=0x10000), max_size=40).map(lambda text: text * 40),
                                       json.dumps, bounded(1200), asis),
    "bounded text": ({"type": "string", "maxLength": 20}, {}, texts, json.dumps, bounded(20), asis),
    "long text": ({"type": "string", "maxLength": 100_000}, {}, texts, json.dumps, bounded(100_000), asis),
    "date-time": ({"type": "string", "format": "date-time"}, {}, moments, spelled, instant, asis),
    "date-time of nanoseconds": ({"type": "string", "format": "date-time"}, {},
                                 st.tuples(st.datetimes(timezones=st.just(timezone.utc)), st.integers(0, 999)),
                                 to_the_nanosecond, rounded, asis),
    "date-time as TIMESTAMP": ({"type": "string", "format": "date-time"}, {"timestamp_type": "TIMESTAMP"},
                               moments, spelled, instant, asis),
    "date": ({"type": "string", "format": "date"}, {}, st.dates(), lambda value: f'"{value.isoformat()}"',
             lambda value: datetime.combine(value, datetime.min.time()), asis),
    "time": ({"type": "string", "format": "time"}, {}, st.times(), lambda value: f'"{value}"', str, asis),
    "uuid": ({"type": "string", "format": "uuid"}, {}, st.uuids(), lambda value: f'"{value}"', str, asis),
    "base64": ({"type": "string", "contentEncoding": "base64"}, {}, st.binary(max_size=300),
               lambda value: f'"{base64.b64encode(value).decode()}"', lambda value: value or None, asis),
    "short base64": ({"type": "string", "contentEncoding": "base64", "maxLength": 400}, {}, st.binary(max_size=300),
                     lambda value: f'"{base64.urlsafe_b64encode(value).decode()}"', lambda value: value or None, asis),
    "hex": ({"type": "string", "format": "binary"}, {}, st.binary(max_size=300),
            lambda value: f'"{value.hex()}"', lambda value: value or None, asis),
    "object": ({"type": "object"}, {}, objects, json.dumps, asis, clean),
    "array, as it is": ({"type": "array"}, {}, st.lists(documents, max_size=5),
                        lambda value: json.dumps(value, ensure_ascii=False), asis, clean),
    "object as CLOB": ({"type": "object"}, {"json_type": "CLOB"}, objects, json.dumps, asis, clean),
    "anything": ({}, {}, st.one_of(texts, st.integers(), st.booleans()), json.dumps,
                 lambda value: (value or None) if isinstance(value, str) else json.dumps(value), asis),
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_value_comes_back_equal_or_is_a_reject(server, kind, data):
    schema, options, strategy, write, become, read = TYPES[kind]
    values = data.draw(st.lists(strategy, min_size=1, max_size=120))
    loaded = server.load(
        {**schema, "type": [schema["type"], "null"]} if schema else {}, list(map(write, values)), **options
    )
    for place, value in enumerate(values):
        expected = become(value)
        if expected is REFUSED:
            assert place in loaded.refused, (value, loaded.stored.get(place))
        else:
            assert place in loaded.stored, (value, loaded.refused.get(place))
            assert read(loaded.stored[place]) == expected
    assert loaded.stored.keys() | loaded.refused.keys() == set(range(len(values)))
