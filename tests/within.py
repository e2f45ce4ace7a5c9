"""
The program within the test's own process: the same words, the same way, and no time to start.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_oracle import cli, pipeline, redaction
from tests import grammar
from tests.program import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class Within:
    """
    Runs the program's `cli.run` on input that lies in a file of *folder*; call it for a whole run.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        for name in list(os.environ):
            if name.startswith("TARGET_ORACLE_"):
                monkeypatch.delenv(name)

    def __call__(self, config: Mapping[str, Any], data: bytes, *args: str) -> Result:
        """
        Run to the end with *data* as input.
        """
        grammar.give(config)
        (self._folder / "config.json").write_text(json.dumps(config))
        (self._folder / "input.jsonl").write_bytes(data)
        words = [
            "--config",
            str(self._folder / "config.json"),
            "--input",
            str(self._folder / "input.jsonl"),
            *args,
        ]
        with (
            tempfile.TemporaryFile() as stdout,
            redirect_stderr(StringIO()) as log,
            self._monkeypatch.context() as patch,
        ):
            patch.setattr(pipeline, "STDOUT", stdout.fileno())
            # A new process knows no secrets; the short ones of another test would mask words of this log.
            patch.setattr(redaction, "_known", set())
            redaction._pattern.cache_clear()
            exit_code = cli.run(words)
            stdout.seek(0)
            printed = stdout.read()
        redaction._pattern.cache_clear()
        gc.unfreeze()
        gc.set_threshold(700, 10, 10)
        return Result(exit_code, printed, log.getvalue())
