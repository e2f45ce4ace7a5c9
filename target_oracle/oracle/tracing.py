"""
The driver's own OpenTelemetry instrumentation, switched on and off for the time of a run.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def instrumented(tracers: Any, meters: Any) -> Iterator[None]:
    """
    Let connections that are made in the body tell *tracers* and *meters* of each call, without text or binds.
    """
    from oracledb.plugins import opentelemetry  # noqa: PLC0415 - it needs an extra

    opentelemetry.instrument(tracer_provider=tracers, meter_provider=meters)
    try:
        yield
    finally:
        opentelemetry.uninstrument()
