"""
Files, `.env` and the environment are read to the values that stand there, or refused with the place.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle import dotenv
from target_oracle.errors import ConfigError
from target_oracle.given import read_variables
from target_oracle.sources import FromEnvironment, read_environment, read_file
from tests.program import CHECKOUT


def values(tmp_path, text, environ=None):
    path = tmp_path / "config.json"
    path.write_bytes(text.encode())
    return read_file(str(path), environ or {}).values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("", "is no JSON: Expecting value at line 1, column 1"),
        ("[]", "must be a JSON object of settings"),
        ('"a"', "must be a JSON object of settings"),
        ('{"a": 1, "a": 2}', 'is no JSON that can be read: "a" stands there twice'),
        ('{"a": {"b": 1, "b": 2}}', 'is no JSON that can be read: "b" stands there twice'),
        ('{"a": NaN}', "is no JSON that can be read: NaN is no number"),
        ('{"a": "${GONE}"}', "a: the environment has no variable GONE"),
        ('{"a": {"b": ["x", "${GONE}"]}}', "a.b: the environment has no variable GONE"),
        ('{"a": 1, "a.b": 2}', '"a.b" and "a" cannot both be set'),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path, text, why):
    with pytest.raises(ConfigError) as caught:
        values(tmp_path, text)
    assert [fault.removeprefix(f"{tmp_path / 'config.json'}: ") for fault in caught.value.faults] == [why]


def test_a_file_that_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "config.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigError, match="is not UTF-8 at byte 7"):
        read_file(str(tmp_path / "config.json"), {})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_file(str(tmp_path), {})


def test_nesting_without_end_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no JSON that can be read"):
        values(tmp_path, '{"a":' + "[" * 200_000)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    assert values(tmp_path, '\ufeff{"a": 1}') == {"a": 1}


def test_null_is_absent_at_every_depth(tmp_path):
    assert values(tmp_path, '{"a": null, "b": {"c": null, "d": 1}}') == {"b": {"d": 1}}


def test_dotted_names_are_nested_and_merged(tmp_path):
    text = '{"a.b": 1, "a": {"c": 2}, "a.d.e": 3}'
    assert values(tmp_path, text) == {"a": {"b": 1, "c": 2, "d": {"e": 3}}}


def test_dots_in_the_names_of_streams_are_left_alone(tmp_path):
    assert values(tmp_path, '{"streams": {"a.b": {}}}') == {"streams": {"a.b": {}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "one"),
        ("x${A}-${B}y", "xone-twoy"),
        ("$A", "$A"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("{A}", "{A}"),
        ("${A", "${A"),
        ("${}", "${}"),
        ("a$", "a$"),
    ],
)
def test_references_are_taken_from_the_environment(tmp_path, text, expected):
    assert values(tmp_path, json.dumps({"a": text}), {"A": "one", "B": "two"}) == {"a": expected}


def test_a_reference_may_stand_for_a_value_of_any_type(tmp_path):
    found = values(tmp_path, '{"port": "${PORT}", "user": "app"}', {"PORT": "1522"})
    assert isinstance(found["port"], FromEnvironment)
    assert not isinstance(found["user"], FromEnvironment)


def test_what_a_reference_brings_in_is_not_read_again(tmp_path):
    assert values(tmp_path, '{"a": "${A}"}', {"A": "${B}", "B": "x"}) == {"a": "${B}"}


def test_the_environment_gives_settings_by_their_names(tmp_path):
    environ = {"TARGET_ORACLE_PORT": "1522", "TARGET_ORACLE_USER": "", "PATH": "x", "target_oracle_sid": "x"}
    assert read_environment(environ, tmp_path).values == {"port": "1522"}


def test_the_nearest_dotenv_above_stands_in_for_the_environment(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".env").write_text("TARGET_ORACLE_PORT=1\nTARGET_ORACLE_USER=far")
    (tmp_path / "a" / ".env").write_text("TARGET_ORACLE_USER=near\nTARGET_ORACLE_SID=S\nOTHER=x")
    found = read_environment({"TARGET_ORACLE_SID": "T"}, below).values
    assert found == {"user": "near", "sid": "T"}


def test_a_dotenv_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match=r"\.env: cannot be read"):
        read_environment({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("A = 1 ", {"A": "1"}),
        ("export A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1 # why", {"A": "1"}),
        ("A=1#2", {"A": "1#2"}),
        ("A=#1", {"A": "#1"}),
        ("A=", {"A": ""}),
        ("A=\nB=2", {"A": "", "B": "2"}),
        ("A='x # y'", {"A": "x # y"}),
        ("A='x\ny' # z\nB=1", {"A": "x\ny", "B": "1"}),
        (r"A='\n'", {"A": r"\n"}),
        (r'A="a\n\"b\"\\"', {"A": 'a\n"b"\\'}),
        ('A="x" y', {}),
        ("# A=1\n\nB=2", {"B": "2"}),
        ("A B=1\nC=2", {"C": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=a b c", {"A": "a b c"}),
        ("A=p@ss'w\"ord", {"A": "p@ss'w\"ord"}),
    ],
)
def test_a_dotenv_is_read_as_shells_and_other_programs_read_it(text, expected):
    assert dotenv.parse(text) == expected


@given(st.text(st.characters(exclude_characters="'\r", exclude_categories=["Cs"])))
def test_single_quotes_keep_every_character(value):
    assert dotenv.parse(f"A='{value}'") == {"A": value}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_double_quotes_can_say_every_text(value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert dotenv.parse(f'A="{escaped}"') == {"A": value}


@given(st.text())
def test_no_dotenv_breaks_the_program(text):
    dotenv.parse(text)


@pytest.mark.parametrize("count", [10, 1000])
def test_a_long_dotenv_is_read_in_linear_time(count):
    text = "A=" + " x" * 20 * count + "\n" + "B='" * count
    assert dotenv.parse(text)["A"].count("x") == 20 * count


def test_a_variable_that_nearly_is_a_setting_is_refused(tmp_path):
    reading = read_variables(read_environment({"TARGET_ORACLE_PASWORD": "x"}, tmp_path))
    assert reading.faults == [
        'TARGET_ORACLE_PASWORD: unknown setting; did you mean "TARGET_ORACLE_PASSWORD"?'
    ]


def test_a_variable_that_is_no_setting_is_told(tmp_path):
    reading = read_variables(read_environment({"TARGET_ORACLE__DIALECT": "oracle"}, tmp_path))
    assert reading.notices == ["TARGET_ORACLE__DIALECT is no setting and is not read"]
    assert reading.faults == []


def test_the_sample_dotenv_is_read():
    text = (CHECKOUT / ".env.example").read_text()
    names = dotenv.parse(text)
    environ = {"TARGET_ORACLE_" + name.removeprefix("TARGET_ORACLE_"): value for name, value in names.items()}
    reading = read_variables(read_environment(environ, CHECKOUT / "examples"))
    assert (reading.faults, reading.notices) == ([], [])
    assert len(reading.settings) == len(names)
