"""
The report's facts, and the page that is made of them.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import pytest

from target_oracle import report
from target_oracle.checkpoint import Outcome, Reject
from target_oracle.errors import ConfigError, LoadError
from target_oracle.redaction import hide
from target_oracle.reportpage import page
from target_oracle.stages import Stages, watched
from target_oracle.summary import MOST_SAMPLES, Summary


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run(failure=None, ddl=()):
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    return report.Run("0123456789ab", started, "orders", "Oracle Database 19.3", ddl, failure)


def summary_of_a_run():
    """
    Ten records in two checkpoints, of which one was refused and two were older rows of a key.
    """
    clock = Clock()
    summary = Summary(clock)
    summary.started("orders")
    clock.now = 1.0
    summary.of("orders").received = 4
    summary.count("orders", Outcome(inserted=4))
    summary.committed()
    clock.now = 3.0
    summary.of("orders").received = 10
    summary.count("orders", Outcome(inserted=3, deduplicated=2))
    summary.rejected([Reject("orders", 7, "ORA-12899", "too long", "note", b"{}")])
    summary.committed()
    clock.now = 4.0
    summary.stages.end()
    return summary


def test_the_facts_are_the_numbers_of_the_run():
    facts = report.facts(run(ddl=["CREATE TABLE x"]), summary_of_a_run())
    assert (facts["received"], facts["stored"], facts["rejected"]) == (10, 7, 1)
    assert facts["streams"]["orders"]["adds_up"] is True
    assert facts["rejects"][0]["code"] == "ORA-12899"
    assert facts["rejects"][0]["cure"]
    assert facts["timeline"] == [{"second": 1.0, "received": 4}, {"second": 3.0, "received": 10}]
    assert facts["ddl"] == ["CREATE TABLE x"]
    assert (facts["exit_code"], facts["failure"]) == (0, None)


def test_records_that_are_lost_are_seen():
    summary = summary_of_a_run()
    summary.of("orders").received = 11
    assert report.facts(run(), summary)["streams"]["orders"]["adds_up"] is False


def test_a_failure_is_told_with_its_exit_code():
    facts = report.facts(run(LoadError("ORA-01653: the tablespace is full")), summary_of_a_run())
    assert (facts["exit_code"], facts["failure"]) == (4, "ORA-01653: the tablespace is full")
    assert "the tablespace is full" in page(facts)


def test_the_page_refers_to_nothing_outside_itself():
    text = page(report.facts(run(), summary_of_a_run()))
    assert re.findall(r"https?:|src=|href=|url\(|@import|<script", text) == []


def test_names_cannot_become_markup():
    summary = summary_of_a_run()
    summary.of("<script>alert(1)</script>").received = 0
    text = page(report.facts(run(ddl=["COMMENT ON TABLE x IS '<b>'"]), summary))
    assert "<script" not in text
    assert "<b>'" not in text


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_has_both_charts():
    tags = _Tags()
    tags.feed(page(report.facts(run(), summary_of_a_run())))
    assert tags.open == []
    assert {"polyline", "polygon", "rect", "table", "svg"} <= tags.seen


def test_a_run_without_a_commit_has_a_page():
    assert "nothing was committed" in page(report.facts(run(), Summary(Clock())))


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_no_secret_is_in_a_report(tmp_path, name):
    hide("hunter2-in-a-report")
    report.write(tmp_path / name, report.facts(run(LoadError("hunter2-in-a-report")), summary_of_a_run()))
    assert "hunter2" not in (tmp_path / name).read_text()


def test_the_json_is_the_facts(tmp_path):
    facts = report.facts(run(), summary_of_a_run())
    report.write(tmp_path / "r.json", facts)
    assert json.loads((tmp_path / "r.json").read_text()) == facts


def test_a_report_that_cannot_be_written_is_said_before_the_load(tmp_path):
    with pytest.raises(ConfigError, match="report_file"):
        report.claim(tmp_path / "missing" / "r.json")


def test_a_report_that_cannot_be_written_any_more_takes_nothing_back(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="target-oracle"):
        report.write(tmp_path / "missing" / "r.json", report.facts(run(), summary_of_a_run()))


def test_a_long_run_keeps_a_curve_of_bounded_length():
    clock = Clock()
    summary = Summary(clock)
    for number in range(MOST_SAMPLES * 5):
        clock.now = float(number)
        summary.committed()
    assert len(summary.timeline) <= MOST_SAMPLES
    assert summary.timeline[-1][0] == float(MOST_SAMPLES * 5 - 1)


def test_stages_add_up_to_the_run():
    clock = Clock()
    stages = Stages(clock)
    with stages.of("read"):
        clock.now += 5
    with stages.of("execute"):
        clock.now += 2
    clock.now += 1
    seconds = stages.seconds()
    assert seconds["read"] + seconds["decode"] + seconds["wait"] == stages.elapsed
    assert sum(seconds[name] for name in ("connect", "tables", "execute", "commit", "idle")) == stages.elapsed
    assert stages.bottleneck() == "the tap"


def test_a_watched_thing_is_used_as_it_is():
    clock = Clock()
    stages = Stages(clock)

    class Thing:
        size = 3

        def work(self, more, *, less):
            clock.now += 2
            return more - less

    thing = watched(Thing(), stages, "wait")
    assert (thing.size, thing.work(5, less=1), thing.work(5, less=2)) == (3, 4, 3)
    assert stages.seconds()["wait"] == 4
