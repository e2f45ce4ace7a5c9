"""
Lines on stderr: the forms that Meltano reads, one line each, with the run's id and without secrets.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle import log, redaction
from target_oracle.config import Config
from target_oracle.loglines import one_line
from target_oracle.logwish import Wish, wished


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """
    Leave the log and the known secrets as they were.
    """
    monkeypatch.setattr(redaction, "_known", set())
    redaction._pattern.cache_clear()  # the fixture stands for a new process
    before = {one: (list(one.handlers), one.level, one.propagate) for one in (log.logger, log.metrics)}
    yield
    for one, (handlers, level, propagate) in before.items():
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)
    redaction._pattern.cache_clear()


@pytest.fixture
def lines(monkeypatch):
    """
    Start the log and return what it wrote so far.
    """

    def lines(environ=None, **settings):
        log.start(Config(**settings, given=frozenset(settings)), environ or {})
        stderr = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stderr)
        return lambda: stderr.getvalue().splitlines()

    return lines


def raised(fault, cause=None):
    try:
        raise fault from cause
    except type(fault) as caught:
        return caught


def test_a_console_line_has_the_sdk_s_columns(lines):
    written = lines()
    log.logger.info("loaded %d rows", 3)
    (line,) = written()
    columns = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| INFO     \| target-oracle                  \| "
    assert re.fullmatch(columns + rf"\[{log.RUN_ID}\] loaded 3 rows", line)


def test_a_metric_on_the_console_is_the_sdk_s(lines):
    """
    Readers take the rest of the line after "METRIC: " for JSON.
    """
    written = lines()
    log.counter("record_count", 5, stream="users")
    log.timer("batch_processing_time", 0.25, stream="users")
    log.timer("batch_processing_time", 0.5, succeeded=False, stream="users")
    said = [line.partition(" | singer_sdk.metrics             | METRIC: ")[2] for line in written()]
    pid = json.loads(said[0])["tags"]["pid"]
    run = f'"run_id":"{log.RUN_ID}"'
    timed = '{"type":"timer","metric":"batch_processing_time",'
    assert said == [
        f'{{"type":"counter","metric":"record_count","value":5,"tags":{{"stream":"users","pid":{pid},{run}}}}}',
        f'{timed}"value":0.25,"tags":{{"stream":"users","pid":{pid},"status":"succeeded",{run}}}}}',
        f'{timed}"value":0.5,"tags":{{"stream":"users","pid":{pid},"status":"failed",{run}}}}}',
    ]


def test_a_json_line_has_the_keys_that_meltano_asks_for(lines):
    written = lines(log_format="json")
    log.logger.info("loaded %d rows", 3, extra={"stream": "users"})
    said = json.loads(written()[0])
    assert {"level", "pid", "logger_name", "ts", "thread_name", "app_name", "message"} <= said.keys()
    assert (said["level"], said["message"], said["stream_name"]) == ("info", "loaded 3 rows", "users")
    assert said["extra"] == {"run_id": log.RUN_ID}
    assert "exception" not in said


def test_a_metric_in_json_stands_under_its_own_key(lines):
    written = lines(log_format="json")
    log.counter("record_count", 5, stream="users")
    said = json.loads(written()[0])
    assert (said["message"], said["logger_name"], said["stream_name"]) == (
        "METRIC",
        "singer_sdk.metrics",
        "users",
    )
    assert said["metric_info"]["metric"] == "record_count"
    assert said["metric_info"]["value"] == 5


def test_a_fault_in_json_tells_where_it_was_raised_and_not_its_text(lines):
    written = lines(log_format="json")
    fault = raised(ValueError("a row's value"), cause=raised(KeyError("another")))
    log.logger.warning("it failed", exc_info=fault)
    said = json.loads(written()[0])["exception"]
    assert (said["type"], said["module"], said["message"]) == ("ValueError", "builtins", "")
    assert said["traceback"][-1]["function"] == "raised"
    assert said["cause"]["type"] == "KeyError"
    assert "value" not in written()[0].replace("ValueError", "")


def test_a_fault_on_the_console_tells_where_it_was_raised_and_not_its_text(lines):
    written = lines()
    log.logger.warning("it failed", exc_info=raised(ValueError("a row's value")))
    assert written()[1] == "  ValueError"
    assert "in raised" in written()[-1]
    assert "a row's value" not in "".join(written())


def test_a_fault_that_hides_what_it_came_from_stays_alone(lines):
    def hide():
        try:
            raise KeyError  # noqa: TRY301 - it is what the other fault came from
        except KeyError:
            raise ValueError from None

    written = lines()
    try:
        hide()
    except ValueError as fault:
        log.logger.warning("it failed", exc_info=fault)
    assert [line.strip() for line in written() if line.strip() in {"ValueError", "KeyError"}] == [
        "ValueError"
    ]


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_healthy_line_has_neither_of_the_words_that_meltano_s_test_looks_for(lines, form):
    written = lines(log_format=form)
    log.logger.info("rows")
    log.counter("record_count", 5, stream="users")
    log.timer("batch_processing_time", 5, stream="users")
    assert not re.search("error|exception", "".join(written()), re.IGNORECASE)


@pytest.mark.parametrize("form", ["console", "json"])
@given(text=st.text())
def test_a_message_is_one_line(form, text):
    log.start(Config(log_format=form, given=frozenset({"log_format"})), {})
    record = logging.LogRecord("target-oracle", logging.INFO, "", 0, "%s", (text,), None)
    assert len(log.logger.handlers[0].format(record).splitlines()) == 1


@given(st.text())
def test_a_line_holds_no_control_character(text):
    assert not re.search(r"[\x00-\x1f\x7f]", one_line(text))


def test_lines_below_the_level_are_not_written(lines):
    written = lines(log_level="WARNING")
    log.logger.info("quiet")
    log.counter("record_count", 5)
    log.logger.warning("loud")
    assert len(written()) == 1


def test_a_log_that_starts_again_writes_each_line_once(lines):
    lines()
    written = lines()
    log.logger.info("once")
    assert len(written()) == 1


def test_no_other_log_gets_the_lines(lines, caplog):
    lines()
    log.logger.info("ours alone")
    assert caplog.records == []


STRUCTURED = {
    "version": 1,
    "formatters": {"singer_formatter": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "root": {"level": "WARNING"},
}
INI = (
    "[loggers]\nkeys=root\n[logger_root]\nlevel=DEBUG\n[formatter_child]\nclass=singer.StructuredFormatter\n"
)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        (json.dumps(STRUCTURED), Wish("WARNING", "json")),
        (
            json.dumps({"formatters": {"a": {"format": "%(message)s"}}, "root": {"level": "debug"}}),
            Wish("DEBUG"),
        ),
        (json.dumps({"root": {"level": "NOTSET"}}), Wish()),
        (json.dumps({"root": [], "formatters": 7}), Wish()),
        (json.dumps({"formatters": {"a": []}}), Wish()),
        (INI, Wish("DEBUG", "json")),
        ("[logger_root]\nlevel=INFO\n[formatter_a]\nformat=%(message)s\n", Wish("INFO")),
        ("{", Wish()),
        ("no ini", Wish()),
        ("", Wish()),
    ],
)
@pytest.mark.parametrize("variable", ["SINGER_SDK_LOG_CONFIG", "LOGGING_CONF_FILE"])
def test_meltano_s_file_tells_level_and_form(tmp_path, variable, text, wish):
    path = tmp_path / "logging"
    path.write_text(text)
    assert wished({variable: str(path)}) == wish


def test_a_log_file_that_is_not_there_wishes_nothing(tmp_path):
    assert wished({"SINGER_SDK_LOG_CONFIG": str(tmp_path / "missing")}) == Wish()
    assert wished({"SINGER_SDK_LOG_CONFIG": ""}) == Wish()


def test_the_log_is_as_meltano_wishes(lines, tmp_path):
    path = tmp_path / "logging.json"
    path.write_text(json.dumps(STRUCTURED))
    written = lines({"SINGER_SDK_LOG_CONFIG": str(path)})
    log.logger.info("quiet")
    log.logger.warning("loud")
    assert [json.loads(line)["message"] for line in written()] == ["loud"]


def test_what_the_config_says_wins_over_meltano_s_wish(lines, tmp_path):
    path = tmp_path / "logging.json"
    path.write_text(json.dumps(STRUCTURED))
    written = lines({"SINGER_SDK_LOG_CONFIG": str(path)}, log_level="INFO", log_format="console")
    log.logger.info("said")
    assert written()[0].endswith("said")


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("secret", ['p"a\\ss', "pässwörd", "line\tend", "a.b*c(d"])
def test_a_secret_is_masked_in_every_form(lines, form, secret):
    redaction.hide(secret)
    written = lines(log_format=form)
    log.logger.info("user %s password %s end", "app", secret)
    log.last_line(f"no {secret} here")
    text = "".join(written())
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text
    assert text.count("***") == 2


def test_a_secret_within_a_secret_is_masked_as_one():
    redaction.hide("tiger")
    redaction.hide("scott/tiger")
    assert redaction.redact("scott/tiger, tiger") == "***, ***"


def test_a_short_secret_is_masked_where_it_stands_alone():
    redaction.hide("a")
    redaction.hide("")
    assert redaction.redact("a cat, user=a") == "*** cat, user=***"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_survives(secret, before, after):
    redaction.hide(secret)
    assert secret not in redaction.redact(before + secret + after).replace("***", "\ue000")


class Broken(io.StringIO):
    """
    A stderr whose reader is gone.
    """

    def write(self, _text):
        raise BrokenPipeError


def test_a_stderr_that_nobody_reads_stops_nothing(monkeypatch, lines):
    lines()
    led = []
    monkeypatch.setattr(log, "abandon", led.append)
    monkeypatch.setattr(sys, "stderr", Broken())
    log.logger.info("lost")
    log.last_line("lost")
    assert led == [2, 2]


def test_a_closed_stderr_stops_nothing(monkeypatch, lines):
    lines()
    monkeypatch.setattr(sys, "stderr", None)
    log.logger.info("lost")
    log.last_line("lost")
