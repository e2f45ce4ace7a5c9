"""
One run of reader and loader, without threads, processes or a database: on a model of one.
"""

from __future__ import annotations

import json

from target_oracle.config import Config
from target_oracle.loader import Loader
from target_oracle.reader import Reader
from target_oracle.singer.lines import Chunk
from target_oracle.summary import Summary
from tests.unit.small_database import FakeTables

CONFIG = Config(
    user="app", host="h", service_name="s", batch_size_rows=3, commit_interval_rows=4, max_transaction_rows=7
)


def chunk(lines):
    """
    Lines that arrive together, the first of them on its own.
    """
    data = b"".join(line + b"\n" for line in lines[1:])
    return Chunk(lines[0] if lines else None, data, 0, len(data))


class Portions:
    """
    Lines in the portions in which they are given; None is a time-out.
    """

    def __init__(self, portions, *, half=False):
        if half:  # what no line feed ends comes last, and alone
            *before, last = portions
            portions = [*before, last[:-1], last[-1:]]
        self._portions = iter(portions)
        self.ended_in_half_a_line = half

    def next(self, _timeout):
        lines = next(self._portions, ())
        return lines if lines is None else chunk(lines)


class States:
    def __init__(self, model):
        self.model = model
        self.written = []

    def write(self, value):
        if (
            value is not None
            and value not in (b"{}", b"null")
            and (not self.written or self.written[-1][0] != value)
        ):
            self.written.append((value, {table: len(rows) for table, rows in self.model.rows.items()}))


class Direct:
    """
    The gate without a thread: the loader is called at once.
    """

    def __init__(self, loader):
        self._loader = loader

    def check(self):
        pass

    def resume(self):
        return self._loader.resume()

    def prepare(self, wish, *, may_change):
        return self._loader.prepare(wish, may_change=may_change)

    def load(self, batch, rejects):
        self._loader.load(batch, rejects)

    def act(self, act):
        self._loader.act(act)

    def close(self, ending):
        self._loader.close(ending)


class Run:
    """
    One run of reader and loader over *portions* against *model*; *make* makes the loader.
    """

    def __init__(self, model, portions, config=CONFIG, *, half=False, clock=None, stop=(), make=Loader):
        self.model = model
        self.states = States(model)
        self.summary = Summary(lambda: 0.0)
        self.slept = []
        self.loader = make(
            config,
            model.open_database(),
            states=self.states,
            rejects=None,
            summary=self.summary,
            sleep=self.slept.append,
        )
        self.loader._tables = FakeTables()
        self.reader = Reader(
            Portions(portions, half=half),
            Direct(self.loader),
            config,
            clock=clock or (lambda: 0.0),
            stop=list(stop),
        )

    def go(self):
        try:
            self.loader.open()
            self.reader.run()
            self.loader.end(clean=True)
        finally:
            self.loader.disconnect()
        return self


def schema(stream, *properties, keys=()):
    types = {
        name: {"type": ["null", "integer", "string"] if name == "v" else ["integer"]}
        for name in ("id", *properties)
    }
    return json.dumps(
        {"type": "SCHEMA", "stream": stream, "schema": {"properties": types}, "key_properties": list(keys)}
    ).encode()


def record(stream, number):
    return json.dumps({"type": "RECORD", "stream": stream, "record": {"id": number}}).encode()


def state(number):
    return json.dumps({"type": "STATE", "value": {"n": number}}).encode()
