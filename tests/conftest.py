"""
The option for a real Oracle, and the closing list of what could not run here.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

from tests import databases

# How quick the machine is says nothing about a property, and luck does not decide: the same examples always.
# `--hypothesis-profile search` looks for others.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("whole", settings.get_profile("search"), derandomize=True)
settings.load_profile("whole")


def pytest_addoption(parser):
    parser.addoption(
        "--oracle",
        action="store_true",
        help="run the end-to-end tests on a real Oracle",
    )


def pytest_configure(config):
    if config.getoption("--oracle") and (why := databases.real_oracle_is_missing()):
        raise pytest.UsageError(
            f"--oracle: {why}; set {', '.join(databases.ADDRESS)}, or start a Docker engine"
        )


def pytest_collection_modifyitems(config, items):
    if config.getoption("--oracle"):
        skip = pytest.mark.skip(reason="needs the stand-in's faults, counters or log")
        for item in items:
            if item.get_closest_marker("standin") or "standin" in getattr(item, "fixturenames", ()):
                item.add_marker(skip)


def pytest_report_header(config):
    if config.getoption("--oracle"):
        return "database of the end-to-end tests: a real Oracle"
    return "database of the end-to-end tests: the stand-in server, as 19c and as 23ai"


def pytest_terminal_summary(terminalreporter, config):
    """
    Say what this run could not show: tests skipped, by reason, and the database that was not there.
    """
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()))
    terminalreporter.section("not run here")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} tests: {reason.removeprefix('Skipped: ')}")
    if not config.getoption("--oracle"):
        why = databases.real_oracle_is_missing() or "run `make test-oracle` for that"
        terminalreporter.line(f"no test ran on a real Oracle: {why}")
