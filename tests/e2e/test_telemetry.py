"""
A run whose traces and numbers go to a collector.
"""

from __future__ import annotations

import json

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.collector import running


@pytest.fixture
def collector():
    with running() as (address, got):
        yield address, got


ROW = "a-value-of-a-row"


def test_a_collector_gets_the_run_and_the_calls_below_it(target, database, collector):
    address, got = collector
    lines = (
        {"type": "SCHEMA", "stream": "orders", "schema": {"properties": {"note": {"type": "string"}}}},
        {"type": "RECORD", "stream": "orders", "record": {"note": ROW}},
        {"type": "STATE", "value": 1},
    )
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    config = database.config(opentelemetry=True, loader_id="orders")
    result = target(config, data, env={"OTEL_EXPORTER_OTLP_ENDPOINT": address})
    assert result.exit_code == 0, result.log
    spans = [
        span
        for body in got["/v1/traces"]
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    (whole,) = (span for span in spans if span.name == "run")
    facts = {fact.key: fact.value for fact in whole.attributes}
    assert facts["target_oracle.received"].int_value == 1
    assert facts["loader_id"].string_value == "orders"
    assert len(spans) > 5
    assert {span.trace_id for span in spans} == {whole.trace_id}
    metrics = {
        metric.name
        for body in got["/v1/metrics"]
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert "target_oracle.records" in metrics
    assert ROW.encode() not in b"".join(body for bodies in got.values() for body in bodies)
