"""
Rejects on their way out: what is written of them, where, and how many there may be.
"""

from __future__ import annotations

import base64
import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.checkpoint import Reject
from target_oracle.errors import ConfigError, TooManyRejects
from target_oracle.masking import Mask
from target_oracle.rejects import Budget, RejectFile, messages
from target_oracle.spool import Spool

NO_MASK = Mask(())
RECORD = b'{"type": "RECORD", "stream": "orders", "record": {"id": 1.50, "t": "\\u00e9"}}'
SCHEMA = b'{"type":"SCHEMA","stream":"orders"}\n'


def reject(raw=RECORD, stream="orders", line=1):
    return Reject(stream, line, "TYPE", "a number is expected", "id", raw)


# --- the message


def message(one, run_id, mask):
    (text,) = messages([one], run_id, mask)
    return text


def test_a_record_is_written_byte_for_byte_with_why_it_was_refused():
    text = message(reject(), "r1", NO_MASK)
    assert text.startswith(RECORD[:-1])
    why = json.loads(text)["_reject"]
    del why["rejected_at"]
    assert why == {
        "line": 1,
        "code": "TYPE",
        "reason": "a number is expected",
        "column": "id",
        "run_id": "r1",
    }


@pytest.mark.parametrize("number", [b"1e400", b"9" * 400])
def test_a_record_with_a_number_beyond_a_double_is_written_as_a_record(number):
    """
    NUMBER does not hold it, a column of text does: the file must load once there is one.
    """
    line = RECORD.replace(b"1.50", number)
    text = message(reject(line), "r1", NO_MASK)
    assert text.startswith(line[:-1] + b',"_reject":{')


@pytest.mark.parametrize("around", [b" %b\r", "\u00a0%b\u2028".encode(), b"\x0b%b\x0c"])
def test_what_is_around_a_record_is_left_out(around):
    text = message(reject(around.replace(b"%b", RECORD)), "r1", NO_MASK)
    assert text.startswith(RECORD[:-1] + b',"_reject":{')


def test_rejects_that_are_written_together_bear_the_same_time():
    whys = [json.loads(text)["_reject"] for text in messages([reject(line=1), reject(line=2)], "r1", NO_MASK)]
    assert [why["line"] for why in whys] == [1, 2]
    assert len({why["rejected_at"] for why in whys}) == 1


def test_a_line_that_was_no_record_is_written_as_invalid():
    found = json.loads(message(reject(b"no json", None), "r1", NO_MASK))
    assert (found["type"], found["stream"], found["text"]) == ("INVALID", None, "no json")


def test_broken_bytes_are_kept_as_base64():
    found = json.loads(message(reject(b"\xff\xfe"), "r1", NO_MASK))
    assert base64.b64decode(found["_reject"]["base64"]) == b"\xff\xfe"


def test_a_record_with_broken_bytes_stays_one():
    line = RECORD.replace(b"orders", b"or\xffders")
    found = json.loads(message(reject(line), "r1", NO_MASK))
    assert (found["type"], found["stream"]) == ("RECORD", "or\ufffdders")
    assert base64.b64decode(found["_reject"]["base64"]) == line


# --- the mask


def test_sensitive_properties_are_masked_at_any_depth_and_in_any_case():
    record = {"Card": "4111", "cardholder": "A", "list": [{"CARD": 1}], "id": 1.5, "card_2": None}
    line = json.dumps({"type": "RECORD", "stream": "s", "record": record}).encode()
    found = json.loads(Mask(["card*"]).line(line))
    assert found["record"] == {
        "Card": "***",
        "cardholder": "***",
        "list": [{"CARD": "***"}],
        "id": 1.5,
        "card_2": None,
    }
    assert found["stream"] == "s"


@pytest.mark.parametrize(
    ("globs", "hidden"),
    [
        ([], set()),
        (["*"], {"Straße", "a", "a.b", "ab*"}),
        (["STRASSE", "a"], {"Straße", "a"}),
        (["a?b", "[!s]b[*]"], {"a.b", "ab*"}),
        (["a*b*"], {"a.b", "ab*"}),
    ],
)
def test_a_name_is_hidden_by_any_of_the_globs(globs, hidden):
    record = dict.fromkeys(["Straße", "a", "a.b", "ab*"], 1)
    found = json.loads(Mask(globs).line(json.dumps({"record": record}).encode()))
    assert {name for name, value in found["record"].items() if value == "***"} == hidden


@given(
    st.recursive(
        st.integers(10**6, 10**7) | st.text("xyz", min_size=5),
        lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["a", "pin"]), one),
    )
)
def test_no_value_below_a_sensitive_property_is_left(value):
    line = json.dumps({"record": {"pin": value, "b": [{"pin": value}]}}).encode()
    found = json.loads(Mask(["pin"]).line(line))
    assert found == {"record": {"pin": "***", "b": [{"pin": "***"}]}}


@pytest.mark.parametrize(
    "raw", [b'{"record":{"pin":"1234",', b"pin=1234", b'{"pin":"1234"}', b'{"record":["1234"]}', b"[" * 5000]
)
def test_a_line_in_which_no_record_is_found_is_masked_as_a_whole(raw):
    assert "1234" not in message(reject(raw), "r1", Mask(["pin"])).decode()


def test_broken_bytes_of_a_masked_line_are_not_kept_either():
    raw = b'{"type":"RECORD","record":{"pin":"1234\xff"}}'
    assert "base64" not in message(reject(raw), "r1", Mask(["pin"])).decode()


# --- the file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rejects.jsonl"


def types(path):
    return [json.loads(line)["type"] for line in path.read_bytes().splitlines()]


def test_a_stream_is_described_once_before_its_first_reject(path):
    file = RejectFile(path, "r1", NO_MASK)
    for _ in range(2):
        file.write([reject(), reject()], {"orders": SCHEMA})
        file.settle()
    file.close()
    assert types(path) == ["SCHEMA", "RECORD", "RECORD", "RECORD", "RECORD"]


def test_a_checkpoint_that_is_replayed_writes_its_rejects_anew_in_place_of_the_first_ones(path):
    file = RejectFile(path, "r1", NO_MASK)
    file.write([reject()], {"orders": SCHEMA})
    file.settle()
    file.write([reject(line=2), reject(line=3)], {"orders": SCHEMA})
    file.write([reject(line=2)], {"orders": SCHEMA})
    file.settle()
    file.close()
    assert types(path) == ["SCHEMA", "RECORD", "RECORD"]


def test_rejects_of_a_checkpoint_that_was_never_settled_are_taken_back(path):
    file = RejectFile(path, "r1", NO_MASK)
    file.write([reject()], {})
    file.close()
    assert path.read_bytes() == b""


def test_what_is_in_the_file_stays_and_half_a_line_gets_its_end(path):
    path.write_bytes(b"before\nhalf")
    file = RejectFile(path, "r1", NO_MASK)
    file.write([reject()], {})
    file.settle()
    file.close()
    assert path.read_bytes().startswith(b"before\nhalf\n{")


def test_the_file_is_for_its_owner_only(path):
    RejectFile(path, "r1", NO_MASK).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["/dev/full", "/no/such/folder/rejects"])
def test_a_file_that_cannot_be_written_is_the_operators_to_mend(where):
    with pytest.raises(ConfigError, match=f"cannot write reject_file {where}: "):
        RejectFile(where, "r1", NO_MASK).write([reject()], {})


def test_a_pipe_may_take_rejects():
    reader, writer = os.pipe()
    file = RejectFile(f"/dev/fd/{writer}", "r1", NO_MASK)
    file.write([reject()], {})
    file.settle()
    file.close()
    os.close(writer)
    with os.fdopen(reader, "rb") as found:
        assert found.read().count(b"_reject") == 1


# --- the budget


@pytest.mark.parametrize(
    ("most", "percent", "rejects", "received", "holds"),
    [
        (0, 0, 0, 10, True),
        (0, 0, 1, 10, False),
        (2, 0, 2, 10, True),
        (2, 0, 3, 10, False),
        (0, 20, 2, 10, True),
        (0, 20, 3, 10, False),
        (5, 20, 5, 10, True),
        (5, 20, 6, 10, False),
        (0, 20, 99, None, True),
        (1, 0, 2, None, False),
    ],
)
def test_rejects_stay_within_the_larger_of_number_and_share(most, percent, rejects, received, holds):
    budget = Budget(most, percent)
    if holds:
        budget.check(rejects, received)
    else:
        with pytest.raises(TooManyRejects):
            budget.check(rejects, received)


def test_rejects_of_earlier_checkpoints_count():
    budget = Budget(3, 0)
    budget.settled = 2
    assert budget.left() == 1
    budget.check(1, 10)
    with pytest.raises(TooManyRejects, match="rows refused: 4, more than max_rejects 3"):
        budget.check(2, 10)


def test_a_share_leaves_no_number():
    assert Budget(3, 10).left() is None


# --- the spool


@given(
    st.lists(
        st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=6), max_size=6
    )
)
def test_lines_on_disk_are_the_lines_that_were_kept(batches):
    spool = Spool(None)
    kept = [spool.keep(batch) for batch in batches]
    for batch, lines in zip(batches, kept, strict=True):
        assert list(lines) == batch
        assert len(lines) == len(batch)
        assert lines[1:] == batch[1:]
        assert [lines[n] for n in range(len(batch))] == batch
    spool.clear()
    assert list(spool.keep([b"again"])) == [b"again"]
    spool.close()


def test_a_folder_that_is_not_there_is_the_operators_to_mend():
    with pytest.raises(ConfigError, match="temp_dir /no/such/folder"):
        Spool("/no/such/folder").keep([b"x"])
