"""
`--check`: connect, look around, and say what a load would lack, with the statement or setting that mends it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from msgspec.structs import asdict

from target_oracle import __version__
from target_oracle.errors import LoadError, OutputClosed
from target_oracle.log import RUN_ID
from target_oracle.loglines import one_line
from target_oracle.oracle import names
from target_oracle.oracle.codes import describe
from target_oracle.oracle.database import DatabaseError
from target_oracle.oracle.examination import Finding, Needs, examine, scratch
from target_oracle.oracle.ledger import qualified
from target_oracle.oracle.session import open_session
from target_oracle.oracle.suspended import beside
from target_oracle.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_oracle.config import Config

_SCRATCH: Final = "TARGET_ORACLE_CHECK_"


def run(config: Config, as_json: bool) -> None:  # noqa: FBT001 - as all commands are called
    """
    Print what was found, changing nothing; raise LoadError when a load would fail.
    """
    _check(config, as_json=as_json, write=False)


def run_and_write(config: Config, as_json: bool) -> None:  # noqa: FBT001 - as all commands are called
    """
    As `run`, and make, fill and drop a scratch table.
    """
    _check(config, as_json=as_json, write=True)


def _check(config: Config, *, as_json: bool, write: bool) -> None:
    findings = list(_findings(config, write=write))
    _print(_json(findings) if as_json else _text(findings))
    failed = [finding for finding in findings if finding.level == "failed"]
    if failed:
        raise LoadError("; ".join(map(_fault, failed)))


def _findings(config: Config, *, write: bool) -> Iterator[Finding]:
    """
    Give every finding; a connection that cannot be made, or breaks, is the last of them.
    """
    try:
        session = open_session(config, RUN_ID)
    except (DatabaseError, LoadError) as refusal:
        cure = str(refusal) if isinstance(refusal, LoadError) else describe(refusal)
        yield Finding("connection", "refused", "failed", cure)
        return
    try:
        yield Finding("connection", "made")
        yield from examine(session, needs_of(config))
        if write:
            yield from scratch(session, _folded(config.default_target_schema), _SCRATCH + RUN_ID.upper())
    except DatabaseError as refusal:
        yield Finding("connection", "lost", "failed", describe(refusal))
    finally:
        session.close()


def needs_of(config: Config) -> Needs:
    """
    Return what loads with *config* ask of the database.
    """
    named = [
        config.default_target_schema,
        *config.schema_mapping.values(),
        *(
            said["default_target_schema"]
            for said in config.streams.values()
            if "default_target_schema" in said
        ),
    ]
    return Needs(
        owners=tuple(dict.fromkeys(map(_folded, named))),
        ddl=config.ddl_mode == "auto",
        overwrites="overwrite"
        in {config.load_method, *(said.get("load_method") for said in config.streams.values())},
        ledger_table=config.ledger_table if config.ledger else None,
        loader_id=config.loader_id,
        suspended_table=qualified(beside(config.ledger_table)),
    )


def _folded(schema: str | None) -> str | None:
    return names.fold(schema) if schema else None


def _fault(finding: Finding) -> str:
    return f"{finding.name}: {finding.value}" + (f": {finding.cure}" if finding.cure else "")


def _text(findings: list[Finding]) -> str:
    """
    Return a line a finding, and under it what to do.
    """
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:7}  {finding.name:{width}}  {finding.value}")
        lines += [f"{'':7}  {'':{width}}  -> {finding.cure}"] if finding.cure else []
    return "".join(f"{redact(one_line(line))}\n" for line in lines)


def _json(findings: list[Finding]) -> str:
    said = {
        "version": __version__,
        "ok": all(finding.level != "failed" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return redact(json.dumps(said, indent=2)) + "\n"


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as fault:
        raise OutputClosed(f"cannot write to stdout: {fault.strerror}") from fault
