"""
What a load costs does not grow where it must not: memory by the input, round trips by more than the batches.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench import generated
from tests.program import CHECKOUT

pytestmark = pytest.mark.standin

# A process counts the memory of the one it was forked from: a small one starts it, not this one.
_MEASURE = """
import sys
from pathlib import Path
from tests.bench.contenders import program, run

dsn, user, password, folder, stream = sys.argv[1:]
print(run(program(dsn, user, password, Path(folder)), Path(stream))[2])
"""
MOST_MEMORY = 120  # MiB, for any number of records


@pytest.fixture
def load(standin, tmp_path):
    """
    Load so many generated records into a stand-in that acknowledges: peak memory in MiB, round trips.
    """

    def load(records):
        stream = tmp_path / f"{records}.jsonl"
        generated.write(stream, records)
        server = standin(ack=True)
        given = [server.dsn, server.user, server.password, str(tmp_path), str(stream)]
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, *given], capture_output=True, check=True, cwd=CHECKOUT
        )
        return float(done.stdout), server.stats()["round_trips"]

    return load


def test_a_batch_is_one_round_trip_and_its_commit_another(load):
    (_, one), (_, four) = load(10_000), load(40_000)
    assert four - one == 3 * 2


def test_memory_does_not_grow_with_the_number_of_records(load):
    (few, _), (many, _) = load(50_000), load(150_000)
    assert many < few + 24
    assert many < MOST_MEMORY


@pytest.mark.soak
def test_a_million_records_fit_in_the_memory_of_a_few(load):
    memory, _ = load(1_000_000)
    assert memory < MOST_MEMORY
