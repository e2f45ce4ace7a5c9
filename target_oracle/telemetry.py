"""
A run as OpenTelemetry sees it: one span with the driver's calls below it, and its records as a counter.

Where it goes, the standard variables say (OTEL_EXPORTER_OTLP_ENDPOINT and the like). Needs an extra.
What an exception says may quote a row, so no text of one leaves the process.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from target_oracle import __version__
from target_oracle.errors import ConfigError
from target_oracle.log import RUN_ID
from target_oracle.oracle.tracing import instrumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_oracle.config import Config

NAME: Final = "target-oracle"
_MISSING: Final = "opentelemetry needs an extra: pip install 'target-oracle[otel]'"
# Facts of a report that the run's span carries.
_FACTS: Final = (
    "received",
    "stored",
    "rejected",
    "checkpoints",
    "retries",
    "lost_connections",
    "seconds",
    "exit_code",
)
_FLUSH_MILLISECONDS: Final = 10_000


class Telemetry:
    """
    The run's span and counter; *spans* and *numbers* are the SDK's exporter and reader.
    """

    def __init__(self, spans: Any, numbers: Any) -> None:
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        resource = Resource.create({"service.name": NAME, "service.version": __version__})
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(BatchSpanProcessor(discreet(spans)))
        self.meters = MeterProvider([numbers], resource=resource)

    @contextmanager
    def run(self, config: Config) -> Iterator[Any]:
        """
        Span the body; give what `finish` wants.
        """
        about = {"run_id": RUN_ID, "loader_id": config.loader_id or ""}
        tracer = self.tracers.get_tracer(NAME, __version__)
        try:
            with (
                instrumented(self.tracers, self.meters),
                tracer.start_as_current_span("run", attributes=about, record_exception=False) as span,
            ):
                yield span
        finally:
            self.tracers.force_flush(_FLUSH_MILLISECONDS)
            self.tracers.shutdown()
            self.meters.shutdown(_FLUSH_MILLISECONDS)

    def tell(self, span: Any, facts: dict[str, Any]) -> None:
        """
        Put a report's *facts* on the run's *span*, and its records on the counter.
        """
        span.set_attributes({f"target_oracle.{name}": facts[name] for name in _FACTS})
        counter = self.meters.get_meter(NAME, __version__).create_counter(
            "target_oracle.records", description="records by stream and what became of them"
        )
        for stream, said in facts["streams"].items():
            for result in ("received", "rejected"):
                counter.add(said[result], {"stream": stream, "result": result})


def discreet(inner: Any) -> Any:
    """
    Return the exporter *inner*, given spans without events and without texts of what went wrong.
    """
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.export import SpanExporter  # noqa: PLC0415
    from opentelemetry.trace import Status  # noqa: PLC0415

    def bare(span: Any) -> Any:
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=span.attributes,
            links=span.links,
            kind=span.kind,
            status=Status(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    class Discreet(SpanExporter):  # type: ignore[misc, unused-ignore]
        def export(self, spans: Any) -> Any:
            return inner.export([bare(span) for span in spans])

        def shutdown(self) -> None:
            inner.shutdown()

    return Discreet()


@contextmanager
def traced(config: Config) -> Iterator[Callable[[dict[str, Any]], None]]:
    """
    Trace the body where *config* wants it; give what takes the facts of its report.
    """
    telemetry = telemetry_of(config)
    if telemetry is None:
        yield _nowhere
        return
    with telemetry.run(config) as span:
        yield partial(telemetry.tell, span)


def _nowhere(_facts: dict[str, Any]) -> None:
    return


def telemetry_of(config: Config) -> Telemetry | None:
    """
    Return what *config* wants; None where it wants none. Raise ConfigError when the extra is missing.
    """
    if not config.opentelemetry:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415 - an extra
            OTLPMetricExporter,
        )
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    except ImportError as missing:
        raise ConfigError(_MISSING) from missing
    return Telemetry(OTLPSpanExporter(), PeriodicExportingMetricReader(OTLPMetricExporter()))
