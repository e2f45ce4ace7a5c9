"""
What a load costs does not grow where it must not: memory by the input, round trips by more than the batches.
"""

from __future__ import annotations

import pytest

from tests.bench import generated
from tests.bench.contenders import program, run

pytestmark = pytest.mark.standin

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
        _, _, memory = run(program(server.dsn, server.user, server.password, tmp_path), stream)
        return memory, server.stats()["round_trips"]

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
