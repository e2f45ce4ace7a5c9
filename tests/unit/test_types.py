"""
Oracle types: declared, read back, compared and widened.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.oracle.declared import parse_type
from target_oracle.oracle.types import Fit, OracleType, Server, from_dictionary, widen

SERVER = Server((19,))
EXTENDED = Server((23,), max_string_bytes=32767)


@pytest.mark.parametrize(
    ("row", "declared"),
    [
        (("VARCHAR2", 640, 160, "C"), "VARCHAR2(160 CHAR)"),
        (("VARCHAR2", 4000, 4000, "B"), "VARCHAR2(4000 BYTE)"),
        (("CHAR", 1, 1, "B"), "CHAR(1 BYTE)"),
        (("NVARCHAR2", 40, 20, "C"), "NVARCHAR2(20)"),
        (("NUMBER", 22, 0, None, 38, 0), "NUMBER(38)"),
        (("NUMBER", 22, 0, None, 10, 2), "NUMBER(10,2)"),
        (("NUMBER", 22, 0, None, 5, -2), "NUMBER(5,-2)"),
        (("NUMBER", 22, 0, None, None, 0), "NUMBER(*,0)"),
        (("NUMBER", 22, 0, None, None, None), "NUMBER"),
        (("FLOAT", 22, 0, None, 126, None), "FLOAT(126)"),
        (("BINARY_DOUBLE", 8), "BINARY_DOUBLE"),
        (("DATE", 7), "DATE"),
        (("TIMESTAMP(6)", 11, 0, None, None, 6), "TIMESTAMP(6)"),
        (("TIMESTAMP(0)", 11, 0, None, None, 0), "TIMESTAMP(0)"),
        (("TIMESTAMP(9) WITH TIME ZONE", 13, 0, None, None, 9), "TIMESTAMP(9) WITH TIME ZONE"),
        (("TIMESTAMP(6) WITH LOCAL TIME ZONE", 11, 0, None, None, 6), "TIMESTAMP(6) WITH LOCAL TIME ZONE"),
        (("CLOB", 4000), "CLOB"),
        (("BLOB", 4000), "BLOB"),
        (("RAW", 16), "RAW(16)"),
        (("JSON", 8200), "JSON"),
        (("BOOLEAN", 1), "BOOLEAN"),
        (("LONG", 0), "LONG"),
        (("INTERVAL DAY(2) TO SECOND(6)", 11, 0, None, 2, 6), "INTERVAL DAY(2) TO SECOND(6)"),
    ],
)
def test_a_dictionary_row_reads_as_what_was_declared(row, declared):
    assert from_dictionary(*row).ddl() == declared


def test_the_json_check_is_told_apart_from_the_type():
    found = from_dictionary("CLOB", 4000, is_json=True)
    assert found.is_json
    assert found.ddl() == "CLOB"
    assert found.is_lob
    assert not found.is_text


DECLARED = st.one_of(
    st.builds(
        lambda n, unit: f"VARCHAR2({n} {unit})", st.integers(1, 32767), st.sampled_from(["BYTE", "CHAR"])
    ),
    st.builds(lambda n, unit: f"CHAR({n} {unit})", st.integers(1, 2000), st.sampled_from(["BYTE", "CHAR"])),
    st.builds(lambda n: f"NVARCHAR2({n})", st.integers(1, 16383)),
    st.builds(lambda n: f"RAW({n})", st.integers(1, 32767)),
    st.builds(
        lambda p, s: f"NUMBER({p},{s})" if s else f"NUMBER({p})", st.integers(1, 38), st.integers(-84, 127)
    ),
    st.builds(lambda s: f"NUMBER(*,{s})", st.integers(-84, 127)),
    st.builds(lambda p: f"FLOAT({p})", st.integers(1, 126)),
    st.builds(
        lambda f, zone: f"TIMESTAMP({f}){zone}",
        st.integers(0, 9),
        st.sampled_from(["", " WITH TIME ZONE", " WITH LOCAL TIME ZONE"]),
    ),
    st.sampled_from(
        ["NUMBER", "CLOB", "NCLOB", "BLOB", "DATE", "BOOLEAN", "JSON", "BINARY_DOUBLE", "BINARY_FLOAT"]
    ),
)


@given(text=DECLARED)
def test_a_declaration_is_read_and_written_alike(text):
    assert parse_type(text).ddl() == text
    assert parse_type(f" {text.lower()}  ") == parse_type(text)


@pytest.mark.parametrize(
    ("text", "declared"),
    [("varchar2(20)", "VARCHAR2(20 CHAR)"), ("Number ( 10 , 2 )", "NUMBER(10,2)"),
     ("timestamp", "TIMESTAMP(6)"), ("timestamp with time zone", "TIMESTAMP(6) WITH TIME ZONE"),
     ("FLOAT", "FLOAT(126)")],
)  # fmt: skip
def test_people_may_leave_out_what_goes_without_saying(text, declared):
    assert parse_type(text).ddl() == declared


@pytest.mark.parametrize(
    "text",
    ["", "jsonb", "VARCHAR2", "VARCHAR2(0)", "VARCHAR2(32768)", "VARCHAR2(-1)", "NVARCHAR2(10 CHAR)",
     "RAW(1 BYTE)", "NUMBER(39)", "NUMBER(10,128)", "NUMBER()", "FLOAT(127)", "TIMESTAMP(10)", "CLOB(4)",
     "LONG",
     "DATE); DROP", "NUMBER DEFAULT 1", 'CLOB "x"', "VARCHAR2(10) --", "XMLTYPE", "ROWID"],
)  # fmt: skip
def test_whatever_is_no_type_of_ours_is_refused(text):
    with pytest.raises(ValueError, match=r"no Oracle type|is not from|only VARCHAR2"):
        parse_type(text)


@pytest.mark.parametrize(
    ("charset", "size"),
    [("AL32UTF8", 4), ("UTF8", 3), ("UTFE", 4), ("WE8ISO8859P15", 1), ("US7ASCII", 1), ("ZHS16GBK", 2),
     ("JA16EUC", 2), ("ZHT32EUC", 4), ("", 4)],
)  # fmt: skip
def test_a_charset_tells_the_bytes_of_a_character(charset, size):
    assert Server((19,), charset=charset).char_bytes == size


@pytest.mark.parametrize(
    ("text", "size"),
    [("VARCHAR2(100 CHAR)", 400), ("VARCHAR2(1500 CHAR)", 4000), ("VARCHAR2(100 BYTE)", 100), ("RAW(16)", 16),
     ("NUMBER", 22), ("DATE", 7), ("TIMESTAMP(6)", 11), ("TIMESTAMP(6) WITH TIME ZONE", None), ("CLOB", None),
     ("BLOB", None), ("JSON", None), ("NVARCHAR2(10)", 20), ("BOOLEAN", 1), ("CHAR(1000 CHAR)", 2000)],
)  # fmt: skip
def test_a_key_counts_its_longest_value(text, size):
    assert parse_type(text).max_bytes(SERVER) == size


WIDENINGS = [
    # found, wanted, what happens, to which type
    ("VARCHAR2(10 CHAR)", "VARCHAR2(10 CHAR)", Fit.FITS, "VARCHAR2(10 CHAR)"),
    ("VARCHAR2(10 CHAR)", "VARCHAR2(200 CHAR)", Fit.MODIFY, "VARCHAR2(200 CHAR)"),
    ("VARCHAR2(200 CHAR)", "VARCHAR2(10 CHAR)", Fit.FITS, "VARCHAR2(200 CHAR)"),
    ("VARCHAR2(100 BYTE)", "VARCHAR2(50 CHAR)", Fit.MODIFY, "VARCHAR2(100 CHAR)"),
    ("VARCHAR2(400 BYTE)", "VARCHAR2(100 CHAR)", Fit.FITS, "VARCHAR2(400 BYTE)"),
    ("VARCHAR2(10 CHAR)", "VARCHAR2(4000 BYTE)", Fit.MODIFY, "VARCHAR2(4000 CHAR)"),
    ("VARCHAR2(4000 CHAR)", "VARCHAR2(4000 BYTE)", Fit.FITS, "VARCHAR2(4000 CHAR)"),
    ("VARCHAR2(4000 BYTE)", "VARCHAR2(4000 CHAR)", Fit.FITS, "VARCHAR2(4000 BYTE)"),
    ("VARCHAR2(10 BYTE)", "VARCHAR2(20 BYTE)", Fit.MODIFY, "VARCHAR2(20 BYTE)"),
    ("VARCHAR2(10 CHAR)", "VARCHAR2(5000 CHAR)", Fit.TO_CLOB, "CLOB"),
    ("VARCHAR2(10 CHAR)", "CLOB", Fit.TO_CLOB, "CLOB"),
    ("CLOB", "VARCHAR2(10 CHAR)", Fit.FITS, "CLOB"),
    ("NCLOB", "CLOB", Fit.FITS, "NCLOB"),
    ("NVARCHAR2(10)", "VARCHAR2(20 CHAR)", Fit.MODIFY, "NVARCHAR2(20)"),
    ("NVARCHAR2(20)", "VARCHAR2(20 CHAR)", Fit.FITS, "NVARCHAR2(20)"),
    ("NVARCHAR2(20)", "VARCHAR2(2001 CHAR)", Fit.TO_CLOB, "CLOB"),
    ("CHAR(1 BYTE)", "VARCHAR2(20 CHAR)", Fit.FITS, "CHAR(1 BYTE)"),
    ("NUMBER", "NUMBER(38)", Fit.FITS, "NUMBER"),
    ("NUMBER(38)", "NUMBER", Fit.MODIFY, "NUMBER"),
    ("NUMBER(*,0)", "NUMBER(38)", Fit.FITS, "NUMBER(*,0)"),
    ("NUMBER(10)", "NUMBER(38)", Fit.MODIFY, "NUMBER(38)"),
    ("NUMBER(10,2)", "NUMBER(10)", Fit.MODIFY, "NUMBER(12,2)"),
    ("NUMBER(10,2)", "NUMBER(38)", Fit.MODIFY, "NUMBER"),
    ("NUMBER(1)", "NUMBER(38)", Fit.MODIFY, "NUMBER(38)"),
    ("NUMBER(38)", "NUMBER(1)", Fit.FITS, "NUMBER(38)"),
    ("NUMBER(5,-2)", "NUMBER(5)", Fit.MODIFY, "NUMBER(7)"),
    ("NUMBER(38)", "BOOLEAN", Fit.FITS, "NUMBER(38)"),
    ("BOOLEAN", "NUMBER(38)", Fit.SECOND_COLUMN, "NUMBER(38)"),
    ("NUMBER(10,2)", "BINARY_DOUBLE", Fit.MODIFY, "NUMBER"),
    ("NUMBER", "BINARY_DOUBLE", Fit.FITS, "NUMBER"),
    ("BINARY_DOUBLE", "NUMBER", Fit.SECOND_COLUMN, "NUMBER"),
    ("BINARY_DOUBLE", "BINARY_FLOAT", Fit.FITS, "BINARY_DOUBLE"),
    ("NUMBER(38)", "VARCHAR2(4000 BYTE)", Fit.SECOND_COLUMN, "VARCHAR2(4000 BYTE)"),
    ("VARCHAR2(20 CHAR)", "NUMBER(38)", Fit.SECOND_COLUMN, "NUMBER(38)"),
    ("DATE", "TIMESTAMP(6) WITH TIME ZONE", Fit.SECOND_COLUMN, "TIMESTAMP(6) WITH TIME ZONE"),
    ("TIMESTAMP(6)", "DATE", Fit.FITS, "TIMESTAMP(6)"),
    ("TIMESTAMP(6)", "TIMESTAMP(6) WITH TIME ZONE", Fit.FITS, "TIMESTAMP(6)"),
    ("TIMESTAMP(0) WITH TIME ZONE", "TIMESTAMP(6)", Fit.MODIFY, "TIMESTAMP(6) WITH TIME ZONE"),
    ("TIMESTAMP(9)", "TIMESTAMP(6)", Fit.FITS, "TIMESTAMP(9)"),
    ("RAW(10)", "RAW(20)", Fit.MODIFY, "RAW(20)"),
    ("RAW(20)", "RAW(10)", Fit.FITS, "RAW(20)"),
    ("BLOB", "RAW(10)", Fit.FITS, "BLOB"),
    ("RAW(10)", "BLOB", Fit.SECOND_COLUMN, "BLOB"),
    ("CLOB", "JSON", Fit.FITS, "CLOB"),
    ("VARCHAR2(20 CHAR)", "JSON", Fit.TO_CLOB, "CLOB"),
    ("JSON", "CLOB", Fit.SECOND_COLUMN, "CLOB"),
    ("JSON", "NUMBER", Fit.SECOND_COLUMN, "NUMBER"),
    ("BLOB", "CLOB", Fit.SECOND_COLUMN, "CLOB"),
]


@pytest.mark.parametrize(("found", "wanted", "fit", "becomes"), WIDENINGS)
def test_a_column_widens_where_oracle_can(found, wanted, fit, becomes):
    widening = widen(parse_type(found), parse_type(wanted), SERVER)
    assert (widening.fit, widening.type.ddl()) == (fit, becomes)
    assert widening.reason or widening.fit is Fit.FITS


@pytest.mark.parametrize(
    ("found", "wanted", "usable"),
    [("DATE", "TIMESTAMP(6) WITH TIME ZONE", True), ("BINARY_DOUBLE", "NUMBER", True),
     ("RAW(10)", "BLOB", True), ("VARCHAR2(20 CHAR)", "NUMBER(38)", True), ("VARCHAR2(20 CHAR)",
     "DATE", True), ("CLOB", "BLOB", True),
     ("NUMBER", "DATE", False), ("DATE", "NUMBER", False), ("NUMBER(38)", "VARCHAR2(9 CHAR)", False),
     ("JSON", "CLOB", False), ("BLOB", "NUMBER", False), ("BOOLEAN", "NUMBER", False)],
)  # fmt: skip
def test_a_column_left_alone_may_still_take_the_values(found, wanted, usable):
    assert widen(parse_type(found), parse_type(wanted), SERVER).usable is usable


def test_a_json_check_lets_only_json_in():
    checked = OracleType("CLOB", is_json=True)
    assert widen(checked, OracleType("CLOB"), SERVER).fit is Fit.SECOND_COLUMN
    assert widen(checked, OracleType("JSON"), SERVER).fit is Fit.FITS
    assert widen(OracleType("JSON"), checked, SERVER).fit is Fit.FITS
    short = OracleType("VARCHAR2", 10, char=True, is_json=True)
    assert widen(short, OracleType("VARCHAR2", 20, char=True, is_json=True), SERVER).type.is_json


def test_extended_strings_widen_to_32767_bytes():
    found = widen(parse_type("VARCHAR2(10)"), parse_type("VARCHAR2(5000)"), EXTENDED)
    assert (found.fit, found.type.ddl()) == (Fit.MODIFY, "VARCHAR2(5000 CHAR)")


def test_a_type_that_we_do_not_know_gets_a_second_column():
    found = widen(OracleType("SDO_GEOMETRY"), OracleType("CLOB"), SERVER)
    assert (found.fit, found.usable) == (Fit.SECOND_COLUMN, False)


def capacity(kind: OracleType) -> tuple[float, ...]:
    """
    Measure a type: the larger, the more it holds, among types of one family.
    """
    if kind.name == "NUMBER" and kind.scale is None:
        return (999, 999)
    if kind.name == "NUMBER":
        precision = 38 if kind.precision is None else kind.precision
        return (precision - (kind.scale or 0), kind.scale or 0)
    if kind.name in ("CLOB", "NCLOB", "BLOB"):
        return (1e9, 1e9)
    if kind.name.startswith("TIMESTAMP"):
        return (kind.precision or 0,)
    if kind.name in ("VARCHAR2", "RAW", "NVARCHAR2", "CHAR"):
        return (kind.length or 0, kind.max_bytes(SERVER) or 0)
    return (0,)


@given(found=DECLARED, wanted=DECLARED)
def test_widening_never_shrinks_and_is_done_after_one_step(found, wanted):
    before, after = parse_type(found), parse_type(wanted)
    widening = widen(before, after, SERVER)
    if widening.fit is Fit.FITS:
        assert widening.type == before
    elif widening.fit is Fit.MODIFY:
        assert all(new >= old for new, old in zip(capacity(widening.type), capacity(before), strict=True))
        assert widening.type != before
    if widening.fit is not Fit.SECOND_COLUMN:
        assert widen(widening.type, after, SERVER).fit is Fit.FITS
