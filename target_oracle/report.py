"""
`--report FILE`: what a run did, as JSON, or as one HTML page where FILE ends in .html.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from target_oracle import __version__
from target_oracle.errors import ConfigError, TargetError
from target_oracle.log import logger
from target_oracle.redaction import redact
from target_oracle.rejects import CURES
from target_oracle.summary import RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_oracle.stages import Stages
    from target_oracle.summary import StreamTotal, Summary


class Run(msgspec.Struct, frozen=True):
    """
    What is known of a run beside its numbers. *server* is None where it never connected.
    """

    run_id: str
    started: datetime
    loader_id: str | None
    server: str | None
    ddl: Sequence[str]
    failure: TargetError | None


def claim(path: Path) -> None:
    """
    Raise ConfigError where *path* cannot be written, before anything is loaded.
    """
    try:
        path.open("a").close()
    except OSError as fault:
        raise ConfigError(f"cannot write report_file {path}: {fault.strerror}") from fault


def write(path: Path, found: dict[str, Any]) -> None:
    """
    Write the facts *found* to *path*; what the run did stays done when that cannot be written any more.
    """
    text = _page(found) if path.suffix.lower() in (".html", ".htm") else _json(found)
    try:
        path.write_text(redact(text), encoding="utf-8")
    except OSError as fault:
        logger.warning("cannot write report_file %s: %s", path, fault.strerror)


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _page(found: dict[str, Any]) -> str:
    from target_oracle.reportpage import page  # noqa: PLC0415 - few runs write one

    return page(found)


def facts(run: Run, summary: Summary) -> dict[str, Any]:
    """
    Return all that a report says, in JSON's types.
    """
    streams = summary.streams
    return {
        "version": __version__,
        "run_id": run.run_id,
        "loader_id": run.loader_id,
        "server": run.server,
        "started": run.started.isoformat(timespec="milliseconds"),
        "ended": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "seconds": round(summary.stages.elapsed, 3),
        "exit_code": run.failure.exit_code if run.failure else 0,
        "failure": str(run.failure) if run.failure else None,
        "received": sum(total.received for total in streams.values()),
        "stored": sum(total.stored for total in streams.values()),
        "rejected": sum(summary.reasons.values()),
        "checkpoints": summary.checkpoints,
        "retries": summary.retries,
        "lost_connections": summary.lost_connections,
        "streams": {name: _stream(total) for name, total in streams.items()},
        "rejects": _rejects(summary),
        "stages": _stages(summary.stages),
        "timeline": [
            {"second": round(second, 3), "received": received} for second, received in summary.timeline
        ],
        "ddl": list(run.ddl),
    }


def _stream(total: StreamTotal) -> dict[str, Any]:
    return {
        "received": total.received,
        **{name: getattr(total, name) for name in RESULTS},
        "adds_up": total.received == total.accounted,
        "batches": total.batches,
        "rows_per_second": round(total.rate()),
        "empty_texts_made_null": total.empty,
        "fractions_rounded": total.rounded,
    }


def _rejects(summary: Summary) -> list[dict[str, Any]]:
    return [
        {"count": count, "code": code, "stream": stream, "column": column, "cure": CURES.get(code, "")}
        for (stream, column, code), count in summary.reasons.most_common()
    ]


def _stages(stages: Stages) -> dict[str, Any]:
    seconds = {stage: round(spent, 3) for stage, spent in stages.seconds().items()}
    return {"seconds": seconds, "bottleneck": stages.bottleneck()}
