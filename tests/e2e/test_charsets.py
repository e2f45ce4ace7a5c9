"""
Databases outside Unicode: what their character set lacks is refused, never replaced, and names stay apart.
"""

from __future__ import annotations

import json
import unicodedata

import pytest

from tests.e2e.loads import lines
from tests.e2e.rig import rig

pytestmark = pytest.mark.standin

CODECS = {"WE8MSWIN1252": "cp1252", "WE8ISO8859P15": "iso8859_15", "US7ASCII": "ascii"}
# Every letter and sign of the plane that most texts come from, and some beyond it.
CHARS = [chr(n) for n in range(0x20, 0x2700) if unicodedata.category(chr(n))[0] in "LNPSZ"][::3]
CHARS += ["é", "€", "Š", "¿", "?", "日", "本", "\U0001f600", "\U0001d49c"]
NAMES = ["größe", "Größe", "日本", "中国", "plain", "naïve", "emoji \U0001f600", "emoji \U0001f601"]


def has(charset: str, text: str) -> bool:
    try:
        text.encode(CODECS[charset])
    except UnicodeEncodeError:
        return False
    return True


@pytest.fixture(scope="module", params=CODECS)
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("charsets"), 19, charset=request.param) as found:
        yield found


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "string", "maxLength": 9}], ids=["any", "9"])
@pytest.mark.parametrize("key", [False, True], ids=["", "key"])
def test_a_text_is_stored_as_it_is_or_refused(server, schema, key):
    charset = server.server.options.charset
    texts = [f"a{mark}z" for mark in CHARS]
    loaded = server.load(schema, [json.dumps(text, ensure_ascii=False) for text in texts], key=key)
    for place, text in enumerate(texts):
        if has(charset, text):
            assert loaded.stored.get(place) == text
        else:
            _, reason = loaded.refused[place]
            assert charset in reason


def test_a_long_text_is_stored_as_it_is_or_refused(server):
    charset = server.server.options.charset
    texts = [mark * 5000 for mark in ("a", "é", "€", "日")]
    loaded = server.load({"type": "string"}, [json.dumps(text, ensure_ascii=False) for text in texts])
    assert server.column(loaded.table) == "CLOB"
    for place, text in enumerate(texts):
        assert loaded.stored.get(place) == (text if has(charset, text) else None)
        assert (place in loaded.refused) != has(charset, text)


def test_a_document_keeps_every_character(server):
    documents = [{"k": mark, mark: 1} for mark in CHARS[::40]]
    loaded = server.load({"type": "object"}, [json.dumps(each, ensure_ascii=False) for each in documents])
    assert not loaded.refused
    assert [loaded.stored[place] for place in range(len(documents))] == documents


def test_a_text_has_as_many_bytes_as_the_character_set_says(server):
    mark = "é" if has(server.server.options.charset, "é") else "e"
    loaded = server.load({"type": "string"}, [json.dumps(mark * 4000), json.dumps(mark * 4001)])
    assert loaded.stored == {0: mark * 4000, 1: mark * 4001}
    assert "becomes a CLOB" in loaded.result.log or server.column(loaded.table) == "CLOB"


def test_names_stay_apart_and_are_found_again(server):
    """
    A comment, which keeps the name of a property, is text of the database too.
    """
    schema = {
        "type": "SCHEMA",
        "stream": "straße 日本",
        "schema": {"properties": {name: {"type": "string"} for name in NAMES}},
        "key_properties": [],
    }
    record = {"type": "RECORD", "stream": "straße 日本", "record": {name: name[0] for name in NAMES[4:5]}}
    for again in range(2):
        result = server.run(lines([schema, record]))
        assert result.exit_code == 0, result.log
        columns = server.database.query(
            "SELECT column_name FROM user_tab_columns WHERE table_name LIKE 'STRA%' ORDER BY column_name"
        )
        assert len(columns) == len(NAMES)
        assert all(name.isascii() for (name,) in columns)
        ((table,),) = server.database.query(
            "SELECT table_name FROM user_tables WHERE table_name LIKE 'STRA%'"
        )
        assert server.database.count(table) == again + 1


def test_the_check_says_what_to_do(server, capsys):
    result = server.run(b"", "--check", "--format", "json")
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    charset = server.server.options.charset
    found = findings["character set"]
    assert (result.exit_code, found["value"], found["level"]) == (0, charset, "warning")
    assert f"rows with characters that {charset} lacks are refused: use a database with AL32UTF8" in str(
        found
    )
