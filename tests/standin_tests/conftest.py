"""
Servers with an engine that does what the test says.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

import oracledb
import pytest

from tests.standin.options import Options
from tests.standin.server import StandIn
from tests.standin_tests.fake import FakeDatabase


@pytest.fixture(params=[19, 23])
def version(request):
    return request.param


@pytest.fixture
def serve():
    """
    A factory of servers, stopped at the end of the test: `serve(replies, version=23, faults=(...))`.
    """
    with ExitStack() as servers:

        def start(replies=None, **options):
            return servers.enter_context(StandIn(Options(**options), FakeDatabase(replies)))

        yield start


@pytest.fixture
def connect():
    """
    A factory of connections to a server, closed at the end of the test.
    """
    with ExitStack() as connections:

        def start(server, **options):
            given = {"user": "app", "password": "secret", "dsn": server.dsn} | options
            connection = oracledb.connect(**given)
            connections.callback(close_quietly, connection)
            return connection

        yield start


def close_quietly(connection):
    with suppress(oracledb.Error):  # the test may have broken it
        connection.close()
