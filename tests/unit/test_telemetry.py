"""
Spans and counters of a run, as the SDK's exporters in memory get them.
"""

from __future__ import annotations

import sys

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from target_oracle import report, telemetry
from target_oracle.config import Config
from target_oracle.errors import ConfigError, LoadError
from target_oracle.log import RUN_ID
from tests.unit.test_report import run, summary_of_a_run


class Exported(InMemorySpanExporter):
    """
    Keeps its spans past the end of the run.
    """

    def shutdown(self):
        pass


@pytest.fixture
def seen():
    return Exported()


@pytest.fixture
def numbers():
    return InMemoryMetricReader()


def test_a_run_is_a_span_with_the_facts_of_its_report(seen, numbers):
    told = telemetry.Telemetry(seen, numbers)
    with told.run(Config(loader_id="orders")) as span:
        told.tell(span, report.facts(run(), summary_of_a_run()))
    (span,) = seen.get_finished_spans()
    assert span.name == "run"
    assert span.attributes["run_id"] == RUN_ID
    assert span.attributes["loader_id"] == "orders"
    assert span.attributes["target_oracle.received"] == 10
    assert span.resource.attributes["service.name"] == "target-oracle"


def test_records_are_counted_by_stream(seen, numbers):
    told = telemetry.Telemetry(seen, numbers)
    with told.run(Config()) as span:
        told.tell(span, report.facts(run(), summary_of_a_run()))
        (resource,) = numbers.get_metrics_data().resource_metrics
    points = {
        (point.attributes["stream"], point.attributes["result"]): point.value
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    assert points == {("orders", "received"): 10, ("orders", "rejected"): 1}


def test_no_text_of_what_went_wrong_leaves_the_process(seen, numbers):
    """
    From 23ai Oracle's messages quote values of rows.
    """
    told = telemetry.Telemetry(seen, numbers)
    tracer = told.tracers.get_tracer("the driver's")
    with pytest.raises(LoadError), told.run(Config()), tracer.start_as_current_span("INSERT"):
        raise LoadError("ORA-00001: (ID=42) exists")
    spans = seen.get_finished_spans()
    assert {span.name for span in spans} == {"run", "INSERT"}
    assert {span.status.status_code for span in spans} == {StatusCode.ERROR}
    assert "ID=42" not in "".join(span.to_json() for span in spans)


def test_nothing_is_told_unless_it_is_wanted():
    assert telemetry.telemetry_of(Config()) is None


def test_a_missing_extra_is_said_before_the_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.metrics.export", None)
    with pytest.raises(ConfigError, match=r"target-oracle\[otel\]"):
        telemetry.telemetry_of(Config(opentelemetry=True))
