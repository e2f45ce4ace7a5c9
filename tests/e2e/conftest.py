"""
What end-to-end tests are made of: a database and the program.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests import databases
from tests.grammar import heard
from tests.program import Program
from tests.standin.launching import forked
from tests.standin.running import running
from tests.within import Within


def pytest_generate_tests(metafunc):
    """
    A test that takes `database` runs on each database there is.
    """
    if "database" in metafunc.fixturenames:
        kinds = ["oracle"] if metafunc.config.getoption("--oracle") else ["standin-19", "standin-23"]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session")
def real_oracle(request):
    """
    The one real Oracle of the session; nothing unless asked for with --oracle.
    """
    if not request.config.getoption("--oracle"):
        yield None
        return
    with databases.real_oracle() as database:
        yield database


@pytest.fixture
def database(request, real_oracle):
    """
    A `databases.Database` whose schema is empty.
    """
    if real_oracle is not None:
        real_oracle.drop_everything()
        yield real_oracle
        return
    version = int(request.param.removeprefix("standin-"))
    with running(version=version, launch=forked) as server, heard(server):
        yield databases.Database(server.dsn, server.user, server.password, version)


@pytest.fixture
def standin():
    """
    A factory of stand-in servers that stop with the test: `standin(faults=["cut@commit:1:after"])`.

    Each is what `tests.standin.running.running` gives; `databases.Database` makes a database of it.
    """
    with ExitStack() as servers:
        yield lambda **options: servers.enter_context(
            heard(servers.enter_context(running(launch=forked, **options)))
        )


@pytest.fixture
def target(tmp_path):
    """
    The program: `target(config, data, *args, env=...)` runs it, `target.start(...)` leaves it running.
    """
    program = Program(tmp_path)
    yield program
    program.stop()


@pytest.fixture
def within(tmp_path, monkeypatch):
    """
    The program in the test's own process: `within(config, data, *args)` runs it, quicker than `target`.
    """
    return Within(tmp_path, monkeypatch)
