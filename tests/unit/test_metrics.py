"""
The numbers for Prometheus, as its own client writes and reads them.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prometheus_client.parser import text_string_to_metric_families

from target_oracle import metrics, report
from target_oracle.config import Config
from target_oracle.errors import ConfigError
from tests.unit.test_report import run, summary_of_a_run


def samples(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def facts():
    return report.facts(run(), summary_of_a_run())


def test_the_file_holds_the_numbers_of_the_report(tmp_path):
    file = tmp_path / "target_oracle.prom"
    metrics.publish(Config(prometheus_file=str(file)), facts())
    found = samples(file.read_text())
    assert found["target_oracle_rows_received", "orders"] == 10
    assert found["target_oracle_rows_rejected", "orders"] == 1
    assert found["target_oracle_run_checkpoints",] == 2
    assert found["target_oracle_run_exit_code",] == 0
    assert found["target_oracle_stage_seconds", "decode"] == 4


def test_the_gateway_gets_them_under_the_loaders_name():
    pushed = []

    class Gateway(BaseHTTPRequestHandler):
        def do_PUT(self):
            pushed.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        config = Config(prometheus_gateway=f"127.0.0.1:{server.server_port}", loader_id="orders")
        metrics.publish(config, facts())
        thread.join(20)
    ((path, text),) = pushed
    assert path == "/metrics/job/orders"
    assert samples(text)["target_oracle_rows_received", "orders"] == 10


def test_a_gateway_that_is_away_takes_nothing_back(tmp_path):
    config = Config(prometheus_gateway="127.0.0.1:1", prometheus_file=str(tmp_path / "no" / "file"))
    metrics.publish(config, facts())


def test_a_missing_extra_is_said_before_the_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    metrics.claim(Config())
    with pytest.raises(ConfigError, match=r"target-oracle\[prometheus\]"):
        metrics.claim(Config(prometheus_file="x"))
