"""
What a load costs does not grow where it must not: memory by the input, round trips by more than the batches.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench import generated
from tests.bench.contenders import program
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
MOST_MEMORY = 100  # MiB, for any number of records


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


@pytest.mark.parametrize(("version", "log_in"), [(19, 5), (23, 3)])
def test_a_run_asks_little_before_its_first_row(standin, tmp_path, version, log_in):
    """
    Each question is a round trip, and felt on a long line.
    """
    stream = tmp_path / "few.jsonl"
    generated.write(stream, 10)
    server = standin(version=version)
    spent = [0]
    for _ in range(2):
        command = program(server.dsn, server.user, server.password, tmp_path)
        with stream.open("rb") as data:
            subprocess.run(command, stdin=data, capture_output=True, check=True, cwd=CHECKOUT)
        spent.append(server.stats()["round_trips"])
    server_facts, ledger_row, look, log_off = 2, 1, 3, 1
    known = log_in + server_facts + ledger_row + look + log_off
    ledger_table, no_such_table, made = 2, 2, 1 + 1 + len(generated.COLUMNS)
    rows, commit, ledger_row_goes = 1, 1, 1
    loaded = rows + commit + ledger_row_goes
    assert spent[1] == known + ledger_table + no_such_table + made + loaded
    assert spent[2] - spent[1] == known + loaded


def test_memory_does_not_grow_with_the_number_of_records(load):
    (few, _), (many, _) = load(50_000), load(150_000)
    assert many < few + 24
    assert many < MOST_MEMORY


@pytest.mark.soak
def test_a_million_records_fit_in_the_memory_of_a_few(load):
    memory, _ = load(1_000_000)
    assert memory < MOST_MEMORY
