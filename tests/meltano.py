"""
A Meltano project as a user has one: an extractor, our loader by its definition, settings in variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests import databases
from tests.program import CHECKOUT

MELTANO = CHECKOUT / ".venv-meltano" / "bin" / "meltano"
PROGRAM = Path(sys.executable).with_name("target-oracle")
MISSING = "`make ecosystem` makes its environment"

OURS = ("TARGET_", "TAP_", "MELTANO_")


class Project:
    """
    A project in *folder* whose *extractor*, an entry of meltano.yml, is loaded into *server* by upsert.
    """

    def __init__(self, folder, server, extractor, **environment):
        self.folder = folder
        self.extractor = extractor["name"]
        self.database = databases.Database(server.dsn, server.user, server.password, server.version)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "TARGET_ORACLE_DSN": server.dsn,
            "TARGET_ORACLE_USER": server.user,
            "TARGET_ORACLE_PASSWORD": server.password,
            "TARGET_ORACLE_LOAD_METHOD": "upsert",
            "NO_COLOR": "1",
            **environment,
        }
        self._write(
            {
                "default_environment": "dev",
                "send_anonymous_usage_stats": False,
                "environments": [{"name": "dev"}],
                "plugins": {"extractors": [extractor]},
            }
        )
        self._add_loader()

    def meltano(self, *words, **environment):
        return subprocess.run(
            [str(MELTANO), *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def run(self, **environment):
        words = ("--log-format", "json", "run", self.extractor, "target-oracle")
        return self.meltano(*words, **environment)

    def state(self):
        """
        The STATE that Meltano keeps of the pipeline, as its text.
        """
        return self.meltano("state", "get", f"dev:{self.extractor}-to-target-oracle").stdout

    def _add_loader(self):
        """
        Add the loader from its definition, and let Meltano run the program that is here.
        """
        done = self.meltano(
            "add", "--no-install", "--plugin-type", "loader", "--from-ref",
            str(CHECKOUT / "plugin.yaml"), "target-oracle",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        project = yaml.safe_load((self.folder / "meltano.yml").read_text())
        (loader,) = project["plugins"]["loaders"]
        del loader["pip_url"]
        loader["executable"] = str(PROGRAM)
        self._write(project)

    def _write(self, project):
        (self.folder / "meltano.yml").write_text(yaml.safe_dump(project))


def events(done):
    """
    The lines of Meltano's structured log.
    """
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
