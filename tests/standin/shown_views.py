"""
Dictionary views, as one session sees them, in the tables of SQLite that stand for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin import dictionary, session_settings
from tests.standin.compiler import Compilation
from tests.standin.dictionary_view import Fields, Instance
from tests.standin.refusal import Refusal
from tests.standin.selects import compile_query, text_name
from tests.standin.sql_ast import Query
from tests.standin.sql_parser import parse

if TYPE_CHECKING:
    from tests.standin.catalog import View
    from tests.standin.session import Session
    from tests.standin.sqltypes import SqlType


class ShownViews:
    """
    The dictionary views of one session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def instance(self) -> Instance:
        """
        Return the database as this session sees it in the dictionary.
        """
        database = self._session.database
        return Instance(
            self._session.catalog,
            self._session.nls,
            self._session.user,
            database.version,
            database.max_string,
            database.service,
            self.view_columns,
            self._session_rows,
            list(self._session.private.values()),
        )

    def _session_rows(self) -> list[Fields]:
        return [
            session_settings.session_fields(session) for session in self._session.database.sessions.values()
        ]

    def view_columns(self, view: View) -> list[tuple[str, SqlType, bool]]:
        """
        Describe a view's columns; none where it has become invalid.
        """
        compilation = Compilation(self._session, [], user=view.owner, schema=view.owner)
        try:
            found = parse(view.text, self._session.database.version).statement
            columns = compile_query(compilation, found).columns if isinstance(found, Query) else []
        except Refusal:
            return []
        names = view.columns or [column.name for column in columns]
        return [(name, column.type, column.nullable) for name, column in zip(names, columns, strict=True)]

    def fill(self, names: set[str]) -> None:
        """
        Fill the tables in SQLite that stand for dictionary views, where they do not stand so already.
        """
        instance = self.instance()
        filled = self._session.database.filled
        for name in sorted(names):
            view = dictionary.find(name, instance)
            if view is None:
                raise Refusal(942, owner="SYS", name=name)
            state = (
                self._session.number,
                self._session.catalog.version,
                self._session.settings_version,
                len(self._session.private),
            )
            if filled.get(name) == state and name not in dictionary.LIVELY:
                continue
            table = text_name(name)
            width = len(view.columns)
            if name not in filled:
                columns = ", ".join(f"c{n}" for n in range(1, width + 1))
                self._session.database.store.run(f"CREATE TABLE {table} ({columns})")
            self._session.database.store.run(f"DELETE FROM {table}")
            rows = dictionary.stored_rows(view, instance)
            marks = ", ".join("?" * width)
            self._session.database.store.run_many(f"INSERT INTO {table} VALUES ({marks})", rows)
            filled[name] = state
