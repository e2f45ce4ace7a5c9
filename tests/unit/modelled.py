"""
A database of tables that understands the statements of `oracle.sql` by their text, with Oracle's refusals.

What it makes of them is written without the program's own idea of it, so that plans can be tried out on it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager

import oracledb
from msgspec.structs import replace

from target_oracle.oracle.declared import parse_type
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column

NAME = r'"([^"\x00]+)"'
TABLE = rf"{NAME}\.{NAME}"
TYPES_OF_LOBS = {"CLOB", "BLOB", "NCLOB"}


def refuse(number, text="refused"):
    raise oracledb.DatabaseError(f"ORA-{number:05d}: {text}")


class Modelled:
    """
    Tables by owner and name, with rows as dictionaries; it is its own connection and cursor.

    `before` is called with each statement before it runs, for tests that come between; after `cut_after`
    statements the connection is gone.
    """

    def __init__(self, *tables):
        self.tables = {(table.owner, table.name): table for table in tables}
        self.rows = {key: [] for key in self.tables}
        self.statements = []
        self.before = lambda _: None
        self.cut_after = None
        self.commits = 0

    # What the driver offers.

    @contextmanager
    def cursor(self):
        yield self

    def commit(self):
        self.commits += 1

    def execute(self, statement):
        if statement.startswith("ALTER SESSION"):
            return
        if self.cut_after is not None and len(self.statements) >= self.cut_after:
            raise oracledb.OperationalError("DPY-4011: the database or network closed the connection")
        self.before(statement)
        self.statements.append(statement)
        for pattern, run in self._GRAMMAR:
            match = re.fullmatch(pattern, statement)
            if match:
                run(self, *match.groups())
                return
        refuse(900, f"not understood: {statement}")

    def read(self, _connection, owner, name):
        return self.tables.get((owner, name))

    # Statements.

    def _create(self, owner, name, body, _options):
        if (owner, name) in self.tables:
            refuse(955)
        if any(table.primary_key_name == name for table in self.tables.values()):
            refuse(955)
        self.tables[owner, name] = Table(owner, name, ())
        self.rows[owner, name] = []
        for part in pieces(body):
            if part.startswith("CONSTRAINT"):
                key = re.fullmatch(rf"CONSTRAINT {NAME} PRIMARY KEY \((.*)\)", part)
                if key[1] in self._names(owner):
                    del self.tables[owner, name]
                    refuse(955)
                self._add_key(owner, name, key[1], key[2])
            else:
                self._add_column(owner, name, part)

    def _names(self, owner):
        tables = [table for (whose, _), table in self.tables.items() if whose == owner]
        return {table.name for table in tables} | {table.primary_key_name for table in tables}

    def _add(self, owner, name, body):
        there = {column.name for column in self._table(owner, name).columns}
        parts = pieces(body)
        if any(re.match(NAME, part)[1] in there for part in parts):
            refuse(1430)
        for part in parts:
            self._add_column(owner, name, part)

    def _add_column(self, owner, name, definition):
        found = re.fullmatch(rf"{NAME} (.+?)( NOT NULL)?( CHECK \({NAME} IS JSON\))?", definition)
        if found is None:
            refuse(904, definition)
        type_ = replace(parse_type(found[2]), is_json=found[4] is not None)
        table = self._table(owner, name)
        if table.column(found[1]):
            refuse(957)
        column = Column(found[1], type_, nullable=found[3] is None)
        self._put(replace(table, columns=(*table.columns, column)))

    def _add_key(self, owner, name, key_name, body):
        table = self._table(owner, name)
        keys = tuple(re.findall(NAME, body))
        if table.primary_key:
            refuse(2260)
        if key_name in self._names(owner):
            refuse(2264)
        for key in keys:
            column = self._column(table, key)
            if column.type.name in TYPES_OF_LOBS or column.type.name.endswith("TIME ZONE"):
                refuse(2329)
        values = [tuple(row.get(key) for key in keys) for row in self.rows[owner, name]]
        if any(None in value for value in values):
            refuse(1449)
        if len(set(values)) < len(values):
            refuse(2437)
        columns = tuple(
            replace(column, nullable=False) if column.name in keys else column for column in table.columns
        )
        self._put(replace(table, columns=columns, primary_key=keys, primary_key_name=key_name))

    def _drop_key(self, owner, name):
        table = self._table(owner, name)
        if not table.primary_key:
            refuse(2441)
        self._put(replace(table, primary_key=(), primary_key_name=None))

    def _modify(self, owner, name, body):
        for part in pieces(body):
            found = re.fullmatch(rf"{NAME}(?: ((?!NULL|NOT)\S.*?))?(?: (NULL|NOT NULL))?", part)
            table = self._table(owner, name)
            column = self._column(table, found[1])
            if found[2]:
                column = self._widened(column, parse_type(found[2]))
            if found[3] == "NULL":
                if column.nullable or column.name in table.primary_key:
                    refuse(1451)
                column = replace(column, nullable=True)
            self._put(with_column(table, found[1], column))

    @staticmethod
    def _widened(column, type_):
        was = column.type
        if {was.name, type_.name} & TYPES_OF_LOBS and was.name != type_.name:
            refuse(22858)
        if was.name != type_.name:
            refuse(1439)
        if was.name == "VARCHAR2" and type_.length < was.length:
            refuse(1441)
        return replace(column, type=replace(type_, is_json=was.is_json))

    def _rename(self, owner, name, old, new):
        table = self._table(owner, name)
        column = self._column(table, old)
        if table.column(new):
            refuse(957)
        for row in self.rows[owner, name]:
            row[new] = row.pop(old, None)
        renamed = with_column(table, old, replace(column, name=new))
        keys = tuple(new if key == old else key for key in table.primary_key)
        self._put(replace(renamed, primary_key=keys))

    def _drop(self, owner, name, old):
        table = self._table(owner, name)
        self._column(table, old)
        if old in table.primary_key:
            refuse(12991)
        for row in self.rows[owner, name]:
            row.pop(old, None)
        self._put(replace(table, columns=tuple(each for each in table.columns if each.name != old)))

    def _copy(self, owner, name, target, source):
        table = self._table(owner, name)
        self._column(table, source)
        self._column(table, target)
        for row in self.rows[owner, name]:
            if row.get(target) is None and row.get(source) is not None:
                row[target] = row[source]

    def _comment_table(self, owner, name, comment):
        self._put(replace(self._table(owner, name), comment=comment.replace("''", "'")))

    def _comment_column(self, owner, name, column, comment):
        table = self._table(owner, name)
        found = self._column(table, column)
        self._put(with_column(table, column, replace(found, comment=comment.replace("''", "'"))))

    _GRAMMAR = (
        (rf"CREATE TABLE {TABLE} \(((?:[^()]|\([^()]*\))*)\)( .*)?", _create),
        (rf"ALTER TABLE {TABLE} ADD \((.*)\)", _add),
        (rf"ALTER TABLE {TABLE} ADD CONSTRAINT {NAME} PRIMARY KEY \((.*)\)", _add_key),
        (rf"ALTER TABLE {TABLE} DROP PRIMARY KEY", _drop_key),
        (rf"ALTER TABLE {TABLE} MODIFY \((.*)\)", _modify),
        (rf"ALTER TABLE {TABLE} RENAME COLUMN {NAME} TO {NAME}", _rename),
        (rf"ALTER TABLE {TABLE} (?:DROP|SET UNUSED) COLUMN {NAME}", _drop),
        (rf'UPDATE {TABLE} SET {NAME} = {NAME} WHERE "\3" IS NULL AND "\4" IS NOT NULL', _copy),
        (rf"COMMENT ON TABLE {TABLE} IS '((?:[^']|'')*)'", _comment_table),
        (rf"COMMENT ON COLUMN {TABLE}\.{NAME} IS '((?:[^']|'')*)'", _comment_column),
    )

    # Looking up.

    def _table(self, owner, name):
        return self.tables.get((owner, name)) or refuse(942)

    @staticmethod
    def _column(table, name):
        return table.column(name) or refuse(904)

    def _put(self, table):
        self.tables[table.owner, table.name] = table


def with_column(table, name, column):
    return replace(table, columns=tuple(column if each.name == name else each for each in table.columns))


def pieces(body):
    """
    Split at the commas that stand outside of quotes and parentheses.
    """
    found = re.findall(r'(?:"[^"]*"|\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,"()])+', body)
    return [piece.strip() for piece in found]
