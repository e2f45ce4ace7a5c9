"""
Patterns as tables: what they say is what `re.search` says, and what they cannot say gives none.
"""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from target_oracle.singer.automata import Automaton, compile_automaton
from target_oracle.singer.constraints import translate_pattern


def automaton(pattern) -> Automaton:
    found = compile_automaton(pattern)
    assert found is not None
    return found


def misjudged(pattern, texts):
    """
    The *texts* of which the automaton of *pattern* says otherwise than `re.search`; None without automaton.
    """
    search, found = re.compile(pattern).search, compile_automaton(pattern)
    return found and [text for text in texts if found.matches(text) is (search(text) is None)]


REAL = [
    # pattern, texts that match, texts that do not
    (r"^SKU-[0-9]{6}$", ["SKU-123456"], ["SKU-12345", "SKU-1234567", "sku-123456", "SKU-123456\n", ""]),
    (r"^\d{4}-\w+$", ["2024-naïve_1", "٢٠٢٤-日本", "2024-\U0001d4b3"],
     ["2024-", "2024- x", "024-a", "2024-a\n"]),
    (r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", ["2024-02-29"], ["2024-13-01", "2024-2-29", "x"]),
    (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$",
     ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.123+05:30"],
     ["2024-02-29T12:00:00", "2024-02-29"]),
    (r"^[^@\s]+@[^@\s]+\.[^@\s]+$", ["jane.doe@example.com", "ü@ö.de"],
     ["jane@example", "a@b@c.d", "a b@c.d"]),
    (r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$", ["a+b@c", "a@b.c"],
     ["@", "a@", "a@b."]),
    (r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", ["123e4567-e89b-12d3-a456-426614174000"],
     ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"]),
    (r"^[A-Z]{2}$", ["DE"], ["de", "DEU", "D", "ÄÖ"]),
    (r"^[A-Z]{3}$|^$", ["EUR", ""], ["EU", "EURO"]),
    (r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", ["DE89370400440532013000"], ["DE8937", "D089370400440532013000"]),
    (r"^\+?[1-9]\d{1,14}$", ["+4915112345678", "12"], ["+0123", "1", "+1234567890123456"]),
    (r"^(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}$", ["(555) 123-4567", "555-123-4567"],
     ["555 123-4567", "5551234567"]),
    (r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$",
     ["1.0.0", "10.20.30-rc.1+build.5"], ["1.0", "01.0.0", "1.0.0-", "v1.0.0"]),
    (r"^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$", None, None),
    (r"^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$",
     ["192.168.0.1", "255.255.255.255"], ["256.1.1.1", "1.2.3", "1.2.3.4.5"]),
    (r"^https?://[^\s/?#]+(/\S*)?$", ["http://a", "https://a.b/c?d=é"], ["ftp://a", "http://", "http://a b"]),
    (r"^#?([a-f0-9]{6}|[a-f0-9]{3})$", ["#fff", "00ff00"], ["#ffff", "#ggg"]),
    (r"^(?<year>\d{4})Q(?<quarter>[1-4])$", ["2024Q1"], ["2024Q5"]),
    (r"\S", ["a", " é "], ["", " \t\n\u2003"]),
    (r"^(?!\s*$).+", None, None),
    (r"^[\u4e00-\u9fff]{1,20}$", ["日本"], ["", "日a", "ひ"]),
    (r"^\u{1F600}|[\uD83D-\uFFFD]$", ["😀x", "x\ufffc"], ["x😀", "x"]),
    (r"^(active|inactive|pending)$", ["active"], ["Active", "inactivepending"]),
    (r"^.{1,50}$", ["a", "é" * 50, "😀" * 50], ["", "é" * 51, "a\nb"]),
    (r"^[ -~]*$", ["", "plain"], ["naïve", "a\tb"]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "matching", "others"), REAL, ids=[each[0] for each in REAL])
def test_patterns_that_schemas_have(pattern, matching, others):
    spelt = translate_pattern(pattern)
    if matching is None:
        assert compile_automaton(spelt) is None
    else:
        assert [automaton(spelt).matches(text) for text in matching + others] == (
            [True] * len(matching) + [False] * len(others)
        )
        assert misjudged(spelt, matching + others) == []


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("", ["", "a", "\n"], []),
        ("a", ["a", "xay"], ["", "x"]),
        ("a$", ["a", "a\n", "ba\n"], ["a\n\n", "ab", "a\nb"]),
        (r"a\Z", ["a", "ba"], ["a\n"]),
        ("^$", ["", "\n"], ["\n\n", "a"]),
        (r"\A\Z", [""], ["\n"]),
        (r"$\Z", ["", "a", "a\n"], []),
        ("a$\n", ["a\n"], ["a", "a\n\n"]),
        ("a$\n$", ["a\n"], ["a"]),
        (r"a\Z\n", [], ["a", "a\n"]),
        ("a$b", [], ["ab", "a\nb"]),
        ("(?s)a$.", ["a\n"], ["a", "ab", "a\n\n"]),
        ("a$.", [], ["a\n"]),
        (r"(?:a$|\n)*\Z", ["a", "a\n", "b"], []),
        (r"^(?:a$|\n)*\Z", ["a", "a\n", "\n\n"], ["a\n\n", "aa"]),
        (r"^(?:a|$)*\Z", ["", "aa"], ["\n", "a\n"]),
        ("(^|,)x", ["x", "a,x"], ["ax"]),
        ("(?:^a)+", ["aa", "ab"], ["ba"]),
        ("a^", [], ["a", "aa"]),
        ("a*^b", ["b"], ["ab", ""]),
        ("^^a$$", ["a", "a\n"], ["aa"]),
        (r"(?x) a  b # c", ["ab"], ["a b"]),
        ("(?s)^.{2}$", ["a\n", "\n\n", "é\n\n"], ["a"]),
        ("(?s:a.)b.", ["a\nbc"], ["a\nb\n"]),
        ("(?s)a(?-s:.)", ["ab"], ["a\n"]),
        (r"(?a)^\w\Z", ["a", "_"], ["é", "٣", ""]),
        (r"^[^\W\d]$", ["a", "é", "_"], ["1", "٣", " "]),
        (r"^\S\D\W$", ["ab ", "é٬!"], ["a1 ", " a ", "aaa"]),
        ("^[^a]$", ["\n", "é", "😀"], ["a", ""]),
        ("(a*)*(b+)+?$", ["b", "aab"], ["a", "ba"]),
        ("^a{2,}b{,2}c{0}$", ["aa", "aaabb"], ["a", "aabbb", "aac"]),
        ("^(?:|a)(?:b|)$", ["", "a", "b", "ab"], ["ba"]),
        ("[\ud800]", [], ["", "a", "\ud7ff", "\ue000"]),
        ("^[\ud7ff-\ue000]$", ["\ud7ff", "\ue000"], ["\ud7fe", "\ue001"]),
    ],
    ids=repr,
)
def test_anchors_flags_and_empty_parts_mean_what_they_mean_to_re(pattern, matching, others):
    texts = [*matching, *others]
    assert [automaton(pattern).matches(text) for text in texts] == [text in matching for text in texts]
    assert misjudged(pattern, texts) == []


ATOMS = [
    "a", "b", "é", "😀", r"\n", " ", "-", ".", ".", "^", "$", r"\A", r"\Z", r"\d", r"\s", r"\D", r"\S",
    "[ab]", "[^a]", "[a-é]", r"[^\s-]", r"[\d_]", "[é-😀]", r"[^\u0800-\ufffe]", r"[\ud000-\U00010001]",
]  # fmt: skip
REPEATS = ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}", "{0}", "*?", "+?", "??", "{1,2}?"]


def longer(inner):
    grouped = st.builds(str.format, st.sampled_from(["(?:{})", "({})", "(?s:{})", "(?-s:{})"]), inner)
    return st.one_of(
        grouped,
        st.builds("{}{}".format, grouped, st.sampled_from(REPEATS)),
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), longer, max_leaves=10)
TEXTS = st.lists(st.text("ab1_- \n٣é\u2028😀", max_size=6), min_size=1, max_size=12)


@settings(max_examples=400)
@given(flags=st.sampled_from(["", "", "(?s)", "(?a)"]), pattern=PATTERNS, texts=TEXTS)
def test_a_pattern_says_what_re_says_of_any_text(flags, pattern, texts):
    """
    Few of these patterns take too much; were it most of them, none would be left to look at.
    """
    found = misjudged(flags + pattern, texts)
    assume(found is not None)
    assert found == []


@settings(max_examples=20)
@given(before=PATTERNS, category=st.sampled_from([r"\w", r"\W", r"[\w-]", r"[^\w ]"]), texts=TEXTS)
def test_a_word_character_is_what_re_takes_for_one(before, category, texts):
    assert misjudged(f"(?:{before}){category}", texts) in ([], None)


@pytest.mark.parametrize(
    "member", [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", ".", r"[^\W_]", "[\x7f-\u07ff\uffff-\U00010000]"]
)
def test_a_class_holds_the_characters_that_it_holds_in_re(member):
    near = {0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF}
    points = near | set(range(0x300)) | set(range(0, 0x110000, 211)) - set(range(0xD800, 0xE000))
    assert misjudged(rf"^{member}\Z", map(chr, points)) == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1", "(?P<n>a)(?P=n)", "(a)?(?(1)b|c)", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"\bab\b",
        r"a\Bb", "(?>a*)b", "a*+b", "a{1,2}+b", "(?i)a", "(?i:a)", "(?m)^a$", "(?m:^)a", "(?!)", "(?L)a",
        r"(?a:\W)", r"(?a)(?u:\d)",
    ],
)  # fmt: skip
def test_what_an_automaton_cannot_say_gives_none(pattern):
    assert compile_automaton(pattern) is None


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2,1}", r"\8", "*", "a{99999999999}", "(?au)a", "(" * 3999])
def test_what_re_does_not_know_gives_none(pattern):
    assert compile_automaton(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|b)*a(a|b){30}",
        "(.*a){12}.{40}b",
        r"^\w+@\w+\Z",
        "a{501}",
        "^.{1,255}$",
        "(?:){4000000000}",
        "(?:a{0})*" + "(?:" * 5 + "(?:){1000}" + "){1000}" * 5,
        "(?:(?:a?){90}){90}",
        "(a?){0,900}x$",
        "(a?b?c?d?){0,200}$",
        r"(?:\w?\W?){9}\Z",
        "|".join(f"{number:03}" for number in range(999)),
        "a" * 5000,
        "((((" * 200 + "a" + ")*)?)+)*" * 200,
    ],
    ids=range(14),
)
def test_a_pattern_that_takes_too_much_is_given_up(pattern):
    assert compile_automaton(pattern) is None


def test_a_table_within_the_bounds_is_made():
    assert len(automaton(r"^a{498}\Z").accepting) == 500


def test_an_unused_part_may_be_anything():
    assert automaton(r"(?:(?=a)\b){0}b").matches("b")


@given(pattern=PATTERNS)
def test_a_table_leads_from_states_to_states_and_never_out_of_the_dead_one(pattern):
    made = compile_automaton(pattern)
    assume(made is not None)
    count = len(made.accepting)
    assert len(made.table) == count * 512
    assert max(struct.unpack(f"<{count * 256}H", made.table)) < count
    assert (made.table[:512], made.accepting[0], made.start < count) == (bytes(512), 0, True)
    assert set(made.accepting) <= {0, 1}


def test_a_pattern_found_at_once_takes_two_states():
    assert len(automaton("a*").accepting) == 2


def test_the_parsers_warnings_are_not_repeated():
    assert automaton("[[a]").matches("[")
