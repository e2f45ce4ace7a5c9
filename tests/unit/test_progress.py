"""
The text of the live line.
"""

from __future__ import annotations

from target_oracle.progress import LiveLine
from target_oracle.summary import Summary


def test_the_line_tells_lines_rate_records_rejects_and_the_age_of_the_last_commit():
    now, read = [0.0], [0]
    summary = Summary(lambda: now[0])
    live = LiveLine(summary, lambda: read[0])
    assert live.text() == "0 lines read, 0/s, 0 records in, 0 rejects, no commit yet"
    now[0], read[0] = 2.0, 5000
    summary.of("orders").received = 4000
    summary.committed()
    now[0] = 4.0
    assert live.text() == "5,000 lines read, 1,250/s, 4,000 records in, 0 rejects, last commit 2 s ago"


def test_the_rate_is_that_of_the_last_seconds():
    now, read = [0.0], [1_000_000]
    live = LiveLine(Summary(lambda: now[0]), lambda: read[0])
    for second in range(20):
        now[0] = float(second)
        text = live.text()
    assert ", 0/s, " in text
