"""
The program as its users meet it: a process with a config file, bytes on stdin, lines on stdout and stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import grammar

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "target_oracle")


@dataclass(frozen=True, slots=True)
class Result:
    """
    What a run left behind.
    """

    exit_code: int
    stdout: bytes
    log: str

    @property
    def states(self) -> list[Any]:
        """
        The STATE values printed, in order; numbers as int or Decimal.
        """
        return [json.loads(line, parse_float=Decimal) for line in self.stdout.splitlines()]

    @property
    def last_line(self) -> str:
        """
        The last line on stderr, where a failed run says what to do; empty when there is none.
        """
        return self.log.rstrip("\n").rpartition("\n")[2]


class Program:
    """
    Starts the program in *folder*; call it for a whole run, `start` it to talk to it while it runs.
    """

    def __init__(self, folder: Path, command: tuple[str, ...] = COMMAND) -> None:
        self.folder = folder
        self.command = command
        self._started: list[subprocess.Popen[bytes]] = []
        self._configs = 0

    def __call__(
        self,
        config: Mapping[str, Any] | None,
        data: bytes = b"",
        *args: str,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> Result:
        """
        Run to the end with *data* on stdin; a run longer than *timeout* seconds raises TimeoutExpired.
        """
        process = self.start(config, *args, env=env)
        stdout, stderr = process.communicate(data, timeout=timeout)
        return Result(process.returncode, stdout, stderr.decode(errors="replace"))

    def start(
        self, config: Mapping[str, Any] | None, *args: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """
        Start a run with three pipes; `stop` ends what a test forgot.
        """
        process = subprocess.Popen(
            [*self.command, *self._config_arguments(config), *args],
            cwd=self.folder,
            env=self._environment(env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """
        Kill what still runs, by its process, and close the pipes.
        """
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None and not pipe.closed:
                    _close(pipe)

    def _config_arguments(self, config: Mapping[str, Any] | None) -> list[str]:
        if config is None:
            return []
        grammar.give(config)
        self._configs += 1
        path = self.folder / f"config-{self._configs}.json"
        path.write_text(json.dumps(config))
        return ["--config", str(path)]

    @staticmethod
    def _environment(more: Mapping[str, str]) -> dict[str, str]:
        """
        The environment without the developer's own settings of the program.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_ORACLE_")}
        path = os.pathsep.join(filter(None, [str(CHECKOUT), kept.get("PYTHONPATH")]))
        return {**kept, "PYTHONPATH": path, **more}


def _close(pipe: Any) -> None:
    """
    Close *pipe*; what its buffer still holds for a dead reader is lost, as it should be.
    """
    try:
        pipe.close()
    except BrokenPipeError:
        return
