"""
Singer names as Oracle names.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.oracle.names import assign, column_name, fold, hashed, quote, split_stream, table_name

# Any text that a JSON string can hold, lone surrogates included.
NAMES = st.text(st.characters(exclude_categories=()), max_size=200)
# Names that fold alike in many ways.
RIVALS = st.lists(st.text(alphabet="aAbB_- é", max_size=4), unique=True, max_size=12)
LIMITS = st.sampled_from([30, 128])


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("order-line", "ORDER_LINE"),
        ("a.b.c", "A_B_C"),
        ("My Stream!", "MY_STREAM_"),
        ("$x#_1", "$X#_1"),
        ("select", "SELECT"),
        ("123", "123"),
        ("_sdc_batched_at", "_SDC_BATCHED_AT"),
        ("", "UNNAMED"),
        ('"; DROP TABLE x --', "___DROP_TABLE_X___"),
        ("a\0b", "A_B"),
        ("é", "É"),
        ("e\u0301", "É"),  # the same letter, composed
        ("straße", "STRAßE"),  # Oracle's UPPER leaves ß
        ("名前", "名前"),
        ("日付١", "日付١"),
        ("😀", "_"),
        ("हिन्दी", "ह_न_द_"),  # vowel signs are no letters
        ("x²", "X_"),
        ("\ud800", "_"),
    ],
)
def test_a_name_folds_to_what_unquoted_sql_reaches(name, folded):
    assert fold(name) == folded


@given(name=NAMES, limit=LIMITS)
def test_a_folded_name_fits_can_be_quoted_and_folds_to_itself(name, limit):
    folded = fold(name, limit)
    assert len(folded.encode()) <= limit
    assert quote(folded, limit) == f'"{folded}"'
    assert fold(folded, limit) == folded


@given(name=NAMES, limit=LIMITS)
def test_a_folded_name_holds_letters_digits_and_three_signs_only(name, limit):
    assert all(char.isalpha() or char.isdecimal() or char in "_$#" for char in fold(name, limit))


@given(name=NAMES)
def test_outside_unicode_a_name_is_ascii(name):
    assert fold(name, 30, "WE8MSWIN1252").isascii()


def test_two_long_names_that_differ_at_the_end_stay_two():
    one, two = "x" * 999 + "1", "x" * 999 + "2"
    for limit in (30, 128):
        assert fold(one, limit) != fold(two, limit)
        assert len(fold(one, limit)) == len(fold(two, limit)) == limit


def test_a_name_is_cut_between_characters():
    folded = fold("é" * 100, 30)
    assert folded.startswith("ÉÉÉÉÉÉÉÉÉÉ_")
    assert len(folded.encode()) <= 30


def test_a_cut_name_is_the_same_in_every_run():
    """
    The hash is of the name alone; it is written down here because tables bear it.
    """
    assert fold("customer_shipping_address_street_line", 30) == "CUSTOMER_SHIPPING_ADD_962D27C4"


@pytest.mark.parametrize(
    ("name", "column"),
    [("rowid", "ROWID_"), ("ORA_ROWSCN", "ORA_ROWSCN_"), ("rownum", "ROWNUM"), ("level", "LEVEL"),
     ("sysdate", "SYSDATE"), ("user", "USER"), ("date", "DATE"), ("comment", "COMMENT")],
)  # fmt: skip
def test_only_what_cannot_name_a_column_is_renamed(name, column):
    assert column_name(name) == column


@pytest.mark.parametrize(
    ("names", "plain"),
    [(["name", "Name", "NAME"], "NAME"), (["Name", "name"], "name"), (["nAME", "Name"], "Name")],
)
def test_the_exact_spelling_keeps_the_plain_name(names, plain):
    assigned = assign(names)
    assert [name for name in names if assigned[name] == "NAME"] == [plain]


@given(names=RIVALS, limit=LIMITS)
def test_every_name_has_a_column_of_its_own(names, limit):
    assigned = assign(names, limit)
    assert list(assigned) == names
    assert len(set(assigned.values())) == len(names)
    assert all(len(column.encode()) <= limit for column in assigned.values())


@given(names=RIVALS, seed=st.integers())
def test_the_order_of_names_decides_nothing(names, seed):
    shuffled = random.Random(seed).sample(names, len(names))  # noqa: S311 - an order, no secret
    assert assign(names) == assign(shuffled)


@given(first=RIVALS, second=RIVALS)
def test_columns_that_a_table_has_never_move(first, second):
    before = assign(first)
    after = assign(second, taken=before)
    assert all(after[name] == before[name] for name in set(first) & set(second))
    others = {column for name, column in before.items() if name not in second}
    assert not others & set(after.values())


def test_a_column_of_nobody_is_not_taken_over():
    assert assign(["name"], used=["NAME"]) == {"name": hashed("name", "NAME")}


def test_a_name_that_looks_like_a_hashed_one_does_not_collide():
    taken = hashed("Name", "NAME")
    assigned = assign(["NAME", "Name", taken])
    assert assigned[taken] == taken
    assert len(set(assigned.values())) == 3


@pytest.mark.parametrize(
    ("stream", "pattern", "table"),
    [
        ("public-album", "{stream}", "PUBLIC_ALBUM"),
        ("public-album", "{table}", "ALBUM"),
        ("public-album", "{schema}__{table}", "PUBLIC__ALBUM"),
        ("db.public.album", "{table}", "ALBUM"),
        ("db-public.album", "{schema}", "DB_PUBLIC"),
        ("album", "{table}", "ALBUM"),
        ("album", "STG_{stream}", "STG_ALBUM"),
        ("{table}", "{stream}", "_TABLE_"),
        ("", "{stream}", "UNNAMED"),
        ("dual", "{stream}", "DUAL_"),
        ("all_tab_columns", "{stream}", "ALL_TAB_COLUMNS_"),
        ("user_events", "{stream}", "USER_EVENTS"),
        ("ORA$PTT_x", "{stream}", "ORA_PTT_X"),
        ("BIN$x", "{stream}", "BIN_X"),
    ],
)
def test_a_streams_table_follows_the_pattern(stream, pattern, table):
    assert table_name(stream, pattern) == table


def test_prefix_and_suffix_stand_around_the_pattern():
    assert table_name("orders", prefix="raw_", suffix="_v1") == "RAW_ORDERS_V1"


def test_a_pattern_with_an_unknown_part_is_refused():
    with pytest.raises(
        ValueError, match=r"knows \{stream\}, \{schema\}, \{table\}, not \{stream.__class__\}"
    ):
        table_name("orders", "{stream.__class__}")


@given(stream=NAMES, pattern=st.sampled_from(["{stream}", "{schema}_{table}", "{table}"]), limit=LIMITS)
def test_every_stream_has_a_table_name_that_can_be_quoted(stream, pattern, limit):
    assert quote(table_name(stream, pattern, prefix="p_", suffix="_s", limit=limit), limit)


@given(stream=NAMES)
def test_a_split_stream_loses_one_character_at_most(stream):
    schema, table = split_stream(stream)
    assert stream in (f"{schema}-{table}", f"{schema}.{table}", table)


@pytest.mark.parametrize("name", ["", 'a"b', '"', "a\0", "\udfff", "x" * 129, "é" * 65])
def test_what_oracle_cannot_quote_is_refused(name):
    with pytest.raises(ValueError, match="a name"):
        quote(name)


def test_a_quoted_name_is_held_to_the_servers_limit():
    assert quote("X" * 30, 30)
    with pytest.raises(ValueError, match="at most 30 bytes, this one has 31"):
        quote("X" * 31, 30)
