"""
A database small enough to be obviously right: committed rows, open rows, a ledger, and faults on command.
"""

from __future__ import annotations

import json
from collections import defaultdict

import oracledb
import pyarrow as pa

from target_oracle.oracle.ledger import Entry
from target_oracle.oracle.types import Column, Server
from target_oracle.oracle.writer import Refusal, Written
from target_oracle.stream import Target
from target_oracle.typemap import column_types

SERVER = Server((23,), user="APP", schema="APP")
# The text of a session that is gone.
LOST = "ORA-03113: end-of-file on communication channel"


class Model:
    """
    What survives: *rows* by table, the ledger's *checkpoint*, *state* and *ahead*; one of *faults* a call.

    A fault is None, or (when, text): "before" the call acts, "after" it has acted.
    """

    def __init__(self, faults=()):
        self.rows = defaultdict(list)
        self.faults = iter(faults)
        self.checkpoint = 0
        self.state = None
        self.ahead = None
        self.refused = set()  # values of the first column that the table refuses

    def open_database(self, *, ledger=True):
        return FakeDatabase(self, ledger=ledger)


class FakeDatabase:
    """
    The part of `oracle.database.Database` that the loader uses.
    """

    def __init__(self, model, *, ledger):
        self._model = model
        self._ledger = ledger
        self._open = None
        self.server = SERVER
        self.before = Entry(model.checkpoint, "", model.state, model.ahead, "") if model.checkpoint else None
        self._checkpoint = model.checkpoint

    @property
    def is_open(self):
        return self._open is not None

    def _call(self, act, *, dml=False):
        fault = next(self._model.faults, None)
        if fault and not dml and fault[1] != LOST:
            fault = None  # only DML meets a deadlock
        if fault and fault[0] == "before":
            self._fail(fault[1])
        answer = act()
        if fault:
            self._fail(fault[1])
        return answer

    def _fail(self, text):
        raise oracledb.DatabaseError(text)

    def open(self):
        def act():
            self._open = defaultdict(list)

        try:
            self._call(act)
        except oracledb.Error:
            self._open = None
            raise

    def close(self):
        self._open = None

    def release(self):
        self._open = None

    def rollback(self):
        self._open = defaultdict(list)

    def ping(self):
        self._call(lambda: None)

    def write_rejects(self, rejects):
        pass

    def keep_rejects(self, rejects):
        pass

    def mark(self):
        self._mark = {table: list(rows) for table, rows in self._open.items()}

    def back_to_mark(self):
        self._open = defaultdict(list, self._mark)

    def end(self):
        pass

    def commit(self, state, ahead, rows):
        def act():
            for table, found in self._open.items():
                self._model.rows[table] += found
            self._open = defaultdict(list)
            self._model.checkpoint += 1
            self._model.state = state.decode() if state is not None else self._model.state
            self._model.ahead = ahead

        self._call(act)
        self._checkpoint += 1

    def resolve(self, rows):
        committed = self._call(lambda: self._model.checkpoint == self._checkpoint + 1)
        self._checkpoint = self._model.checkpoint
        return committed

    def writer(self, owner, table, columns, keys):
        return FakeWriter(self, table, len(columns))

    def insert(self, table, rows):
        def act():
            good = [row for row in rows if row[0] not in self._model.refused]
            self._open[table] += good
            return Written(
                len(good),
                tuple(
                    Refusal(n, "ORA-00001", None, "")
                    for n, row in enumerate(rows)
                    if row[0] in self._model.refused
                ),
            )

        return self._call(act, dml=True)


class FakeWriter:
    def __init__(self, database, table, columns):
        self._database = database
        self._table = table
        self._columns = columns

    def insert(self, rows):
        return self._database.insert(self._table, rows)

    def insert_columns(self, gathered):
        stream = gathered.stream(range(self._columns))
        columns = [column.to_pylist() for column in pa.table(stream).columns]
        rows = list(zip(*columns, strict=True))
        assert len(rows) == len(gathered)
        return self._database.insert(self._table, rows)


class FakeTables:
    """
    Tables that are whatever the SCHEMA says; the first SCHEMA of a stream needs DDL.
    """

    are_suspended = False

    def __init__(self):
        self._made = {}

    def restore(self, database):
        pass

    def end(self, database):
        pass

    def prepare(self, database, wish, *, may_change):
        shape = json.loads(wish.raw)["schema"]
        if self._made.get(wish.stream) != shape:
            if not may_change:
                return None
            self._made[wish.stream] = shape
        types = column_types(wish.fields, wish.keys, SERVER)
        columns = {prop.name: Column(prop.name.upper(), types[prop.name]) for prop in wish.fields}
        return Target("APP", wish.stream.upper(), columns, wish.keys, wish.settings.load_method, SERVER)
