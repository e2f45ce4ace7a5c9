"""
A run's numbers for Prometheus: a text file for its node exporter, or a push gateway. Needs an extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_oracle.errors import ConfigError
from target_oracle.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_oracle.config import Config

_PUSH_SECONDS: Final = 10
# By stream: the report's fact and what it is.
_BY_STREAM: Final = {
    "received": "records received",
    "inserted": "rows inserted",
    "updated": "rows updated",
    "merged": "rows merged",
    "unchanged": "rows found unchanged",
    "deleted": "rows deleted",
    "deduplicated": "older rows of a key within a batch",
    "skipped": "records that an earlier run had committed",
    "rejected": "records refused",
}
# Of the whole run.
_OF_THE_RUN: Final = {
    "seconds": "seconds that the run took",
    "exit_code": "exit code of the run",
    "checkpoints": "transactions committed",
    "retries": "attempts after a passing failure",
    "lost_connections": "connections lost",
}


def claim(config: Config) -> None:
    """
    Raise ConfigError where metrics are wanted and the package that writes them is missing.
    """
    if config.prometheus_file or config.prometheus_gateway:
        _client()


def _client() -> Any:
    try:
        import prometheus_client  # noqa: PLC0415 - an extra
    except ImportError as missing:
        why = "prometheus_file and prometheus_gateway need an extra: pip install 'target-oracle[prometheus]'"
        raise ConfigError(why) from missing
    return prometheus_client


def publish(config: Config, facts: dict[str, Any]) -> None:
    """
    Write and push the *facts* of a report; what the run did stays done when that fails.
    """
    if not (config.prometheus_file or config.prometheus_gateway):
        return
    client, registry = _client(), registry_of(facts)
    job = config.loader_id or config.query_tag
    file, gateway = config.prometheus_file, config.prometheus_gateway
    if file:
        _try("prometheus_file", lambda: client.write_to_textfile(file, registry))
    if gateway:
        _try(
            "prometheus_gateway",
            lambda: client.push_to_gateway(gateway, job, registry, timeout=_PUSH_SECONDS),
        )


def _try(setting: str, act: Callable[[], object]) -> None:
    try:
        act()
    except OSError as fault:
        logger.warning("%s: the metrics could not be delivered (%s)", setting, type(fault).__name__)


def registry_of(facts: dict[str, Any]) -> Any:
    """
    Return the client's registry of gauges, each the number of this run.
    """
    client = _client()
    registry = client.CollectorRegistry()

    def gauge(name: str, what: str, *labels: str) -> Any:
        return client.Gauge(f"target_oracle_{name}", what, labels, registry=registry)

    for name, what in _BY_STREAM.items():
        by_stream = gauge(f"rows_{name}", what, "stream")
        for stream, said in facts["streams"].items():
            by_stream.labels(stream).set(said[name])
    for name, what in _OF_THE_RUN.items():
        gauge(f"run_{name}", what).set(facts[name])
    gauge("run_ended_timestamp_seconds", "when the run ended").set_to_current_time()
    stages = gauge("stage_seconds", "seconds by stage of the run", "stage")
    for stage, seconds in facts["stages"]["seconds"].items():
        stages.labels(stage).set(seconds)
    return registry
