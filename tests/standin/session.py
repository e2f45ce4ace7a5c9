"""
A session: a user, his settings, his transaction; what compiled statements ask of it.
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tests.standin import codes, conversions, dictionary, session_settings
from tests.standin.catalog import Sequence
from tests.standin.compiler import MARK, Compilation
from tests.standin.execution import Execution
from tests.standin.nls import Nls
from tests.standin.references import References
from tests.standin.refusal import Refusal
from tests.standin.rows import StoredRow, TableRows
from tests.standin.shown_views import ShownViews
from tests.standin.transactions import MustWait, Transaction
from tests.standin.values import Bind, ColumnInfo, OracleError, Outcome, Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as SequenceOf

    from tests.standin.catalog import Table, View
    from tests.standin.engine import Database
    from tests.standin.sqltypes import SqlType

_T = TypeVar("_T")
_MARKED = re.compile(f"{MARK}(\\w+){MARK}")


class Session:
    """
    A session: a user, his settings, his transaction. Used by one thread; *cancel* may be called from another.
    """

    def __init__(self, database: Database, user: str, *, internal: bool = False) -> None:
        self.database = database
        self.catalog = database.catalog
        self.user = user
        self.current_schema = user
        self.nls = Nls(version=database.version, max_string=database.max_string, charset=database.charset)
        self.attributes: dict[str, str | None] = {}
        self.ddl_lock_timeout = 0.0
        self.parallel_dml = False
        self.txn: Transaction | None = None
        self.closed = False
        self.private: dict[str, Table] = {}
        self.temporary: dict[int, Table] = {}
        self.current_values: dict[int, int] = {}
        self.cancelled = threading.Event()
        self.settings_version = 0
        self._closures: dict[object, int] = {}
        self._execution = Execution(self)
        self._views = ShownViews(self)
        self._rows: dict[str, tuple[int, TableRows]] = {}
        database.last_session += not internal
        self.number = 0 if internal else database.last_session

    # --- what the compiler asks -----------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """
        Tell whether something waits for COMMIT.
        """
        return self.txn is not None

    def closure(self, key: object, function: Callable[..., Any]) -> int:
        """
        Number a function that SQLite may call; the same key is the same function.
        """
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = self.database.store.add(function)
        return found

    def physical(self, table: Table) -> str:
        """
        Name a table in SQLite; a temporary one is made when first used.
        """
        if not table.temporary:
            return table.physical
        name = f"{table.physical}_{self.number}"
        if table.number not in self.temporary:
            self.temporary[table.number] = table
            self.database.builder.create(table, name, "temp.")
        return name

    def private_table(self, name: str) -> Table | None:
        """
        Find a private temporary table of this session.
        """
        return self.private.get(name)

    def dictionary(self, name: str) -> list[tuple[str, SqlType]] | None:
        """
        Describe a dictionary view; None where this user has none of that name.
        """
        view = dictionary.find(name, self._views.instance())
        return None if view is None else list(view.columns)

    def userenv(self, parameter: str) -> str | None:
        """
        Read a parameter of USERENV.
        """
        return session_settings.userenv(self, parameter)

    def next_value(self, sequence: Sequence) -> int:
        """
        Draw from a sequence; what is drawn is gone, whatever becomes of the transaction.
        """
        value = sequence.value
        sequence.value += sequence.increment
        self.database.drawn[sequence.number] = value
        self.current_values[sequence.number] = value
        return value

    def current_value(self, sequence: Sequence) -> int:
        """
        Repeat what this session drew last; ORA-08002 before it drew any.
        """
        if sequence.number not in self.current_values:
            raise Refusal(8002, name=sequence.name)
        return self.current_values[sequence.number]

    # --- what plans ask -------------------------------------------------------------------------------------

    def select(self, sql: str, compilation: Compilation, row: SequenceOf[Any]) -> list[tuple[Any, ...]]:
        """
        Run compiled SQL with a row of binds.
        """
        parameters = dict(zip(compilation.bind_names, self._stored(compilation, row), strict=False))
        for n, make in enumerate(compilation.extras, 1):
            parameters[f"x{n}"] = make()
        self.database.store.running = self.cancelled
        if compilation.dictionary:
            self._views.fill(compilation.dictionary)
        return self.database.store.all(self._seen(sql), parameters)  # type: ignore[arg-type]

    def _stored(self, compilation: Compilation, row: SequenceOf[Any]) -> list[Any]:
        stores = compilation.stores
        made = [None if value is None else store(value) for store, value in zip(stores, row, strict=False)]
        for index in compilation.checked:
            self.check_length(index, made[index])
        return made

    def check_length(self, index: int, value: Any) -> None:
        """
        Refuse text and bytes that are too long for a bind: ORA-01461.
        """
        limit = self.nls.max_string
        if isinstance(value, str):
            if len(value) * 4 > limit and self.nls.charset.size(value) > limit:
                raise Refusal(1461, place=index + 1)
        elif isinstance(value, bytes) and len(value) > (limit if limit > 4000 else 2000):
            raise Refusal(1461, place=index + 1)

    def _seen(self, sql: str) -> str:
        """
        Say in a statement which row versions this transaction sees.
        """
        manager = self.database.transactions
        if len(manager.live) == (self.txn is not None):
            return _MARKED.sub("_d=0", sql)
        return _MARKED.sub(lambda mark: manager.visible(mark[1], self.txn), sql)

    def rows_of(self, table: Table) -> TableRows:
        """
        Return the rows of a table, as the catalog has it now.
        """
        physical = self.physical(table)
        version = self.catalog.version
        found = self._rows.get(physical)
        if found is None or found[0] != version:
            database = self.database
            made = TableRows(database.store, database.transactions, self.catalog, table, physical)
            found = self._rows[physical] = (version, made)
        return found[1]

    def written(self, txn: Transaction, table: Table, made: list[StoredRow], gone: list[StoredRow]) -> None:
        """
        Hold references between tables; note that the table has rows, which needs space to be granted.
        """
        if self.catalog.references():
            References(self).check(txn, table, made, gone)
        if made and not table.written and not table.temporary:
            table.written = True
            self.catalog.save(table)

    def may_write(self, table: Table) -> None:
        """
        Refuse rows where the owner has no space: ORA-01950, at the first row (deferred segments).
        """
        owner = self.catalog.users.get(table.owner)
        if owner is None or owner.quota or table.temporary:
            return
        if "UNLIMITED TABLESPACE" not in owner.privileges and "DBA" not in owner.roles:
            raise Refusal(1950, name=owner.name)

    def unit(self, work: Callable[[Transaction], _T], *, keeps_locks: bool = False) -> _T:
        """
        Do a piece of work wholly or not at all; wait for others as it asks and begin anew.

        Work that wrote nothing leaves no lock on its table either, unless it *keeps_locks*.
        """
        deadline: float | None = None
        manager = self.database.transactions
        while True:
            if self.cancelled.is_set():
                raise Refusal(1013)
            txn = self.txn
            if txn is None:
                txn = self.txn = manager.begin()
            mark, tables = len(txn.undo), dict(txn.tables)
            try:
                made = work(txn)
            except MustWait as must:
                manager.undo_to(txn, mark)
                txn.tables = tables
                if must.seconds == 0:
                    raise Refusal(must.code) from None
                if deadline is None and must.seconds is not None:
                    deadline = time.monotonic() + must.seconds
                manager.wait(txn, must, deadline, self.cancelled)
            except BaseException:
                manager.undo_to(txn, mark)
                txn.tables = tables
                raise
            else:
                if len(txn.undo) == mark and not keeps_locks:
                    txn.tables = tables
                return made

    # --- statements -----------------------------------------------------------------------------------------

    def execute(
        self,
        sql: str,
        binds: SequenceOf[Bind] = (),
        rows: SequenceOf[SequenceOf[Value]] = (),
        *,
        batch_errors: bool = False,
        row_counts: bool = False,
        commit: bool = False,
    ) -> Outcome:
        """
        Execute a statement, once for each of *rows*; *commit* commits behind it unless a row failed.
        """
        with self.database.lock:
            self._ready()
            sql, rows = self.nls.charset.kept(sql), self._kept(binds, rows)
            try:
                outcome = self._execution.run(
                    sql, tuple(binds), rows, batch_errors=batch_errors, row_counts=row_counts
                )
                if commit and not outcome.batch_errors and outcome.kind != "query":
                    self.commit_quietly()
                    outcome.committed = True
            except Refusal as refusal:
                raise codes.oracle_error(refusal, self.database.version, refusal.done) from None
            finally:
                self._let_go()
            return outcome

    def describe(self, sql: str) -> list[ColumnInfo]:
        """
        Describe a query's columns without running it; none for what is no query.
        """
        with self.database.lock:
            self._ready()
            try:
                return self._execution.describe(self.nls.charset.kept(sql))
            except Refusal as refusal:
                raise codes.oracle_error(refusal, self.database.version) from None

    def _kept(
        self, binds: SequenceOf[Bind], rows: SequenceOf[SequenceOf[Value]]
    ) -> SequenceOf[SequenceOf[Value]]:
        """
        Convert what the client sends as text of the database, not what it sends as national text.
        """
        charset = self.nls.charset
        if charset.is_unicode:
            return rows
        texts = [not bind.type.startswith("N") for bind in binds]
        return [
            [
                charset.kept(value) if is_text and isinstance(value, str) else value
                for is_text, value in zip(texts, row, strict=True)
            ]
            for row in rows
        ]

    def _ready(self) -> None:
        if self.closed:
            raise OracleError(1012, "ORA-01012: not logged on")
        self.cancelled.clear()
        self.database.store.running = self.cancelled

    def _let_go(self) -> None:
        """
        End a transaction that nothing was written or locked in.
        """
        txn = self.txn
        if txn is not None and not txn.undo and not txn.tables:
            self.database.transactions.rollback(txn)
            self.txn = None

    def compilation(self, types: list[SqlType], binds: SequenceOf[Bind]) -> Compilation:
        """
        Begin a compilation.
        """
        made = Compilation(self, types, user=self.user, schema=self.current_schema)
        made.stores = [conversions.store(bind) for bind in binds]
        made.bind_names = [f"b{n}" for n in range(1, len(types) + 1)]
        return made

    # --- transactions ---------------------------------------------------------------------------------------

    def commit_quietly(self) -> None:
        """
        Commit as DDL does, before and after, and as a statement does that ends a transaction.
        """
        if self.txn is not None:
            self.database.transactions.commit(self.txn)
            self.txn = None
        self._empty_temporary()
        self._save_sequences()
        self.database.store.keep()

    def rollback_quietly(self) -> None:
        """
        Roll back within a call that is made already.
        """
        if self.txn is not None:
            self.database.transactions.rollback(self.txn)
            self.txn = None
        self._empty_temporary()

    def _empty_temporary(self) -> None:
        """
        End what a transaction's temporary tables hold, and private ones that end with it.
        """
        for table in list(self.temporary.values()):
            if not table.preserve:
                self.database.store.run(f"DELETE FROM {self.physical(table)}")
        for name, table in list(self.private.items()):
            if not table.preserve:
                self.drop_private(name)

    def drop_private(self, name: str) -> None:
        """
        Drop a private temporary table.
        """
        table = self.private.pop(name)
        self.drop_temporary(table)
        self.settings_version += 1

    def drop_temporary(self, table: Table) -> None:
        """
        Drop what this session holds of a temporary table.
        """
        if self.temporary.pop(table.number, None) is not None:
            physical = f"{table.physical}_{self.number}"
            self.database.store.run(f"DROP TABLE IF EXISTS temp.{physical}")
            self.database.transactions.forget(physical)

    def _save_sequences(self) -> None:
        for number in list(self.database.drawn):
            for found in self.catalog.objects.values():
                if isinstance(found, Sequence) and found.number == number:
                    version = self.catalog.version
                    self.catalog.save(found)
                    self.catalog.version = version
            del self.database.drawn[number]

    def commit(self) -> None:
        """
        Commit.
        """
        with self.database.lock:
            self._ready()
            self.commit_quietly()

    def rollback(self) -> None:
        """
        Roll back.
        """
        with self.database.lock:
            self._ready()
            self.rollback_quietly()

    def close(self) -> None:
        """
        End the session: roll back and forget it.
        """
        with self.database.lock:
            if self.closed:
                return
            self.rollback_quietly()
            for table in list(self.temporary.values()):
                self.drop_temporary(table)
            self.private.clear()
            self.database.store.remove(list(self._closures.values()))
            self.database.sessions.pop(self.number, None)
            self.closed = True

    def cancel(self) -> None:
        """
        End the statement that runs or waits: ORA-01013.
        """
        self.cancelled.set()
        with self.database.changed:
            self.database.changed.notify_all()

    # --- what the client tells ------------------------------------------------------------------------------

    def forget_plans(self) -> None:
        """
        Compile statements anew: settings changed that they depend on.
        """
        self.settings_version += 1

    def set_attributes(
        self,
        *,
        module: str | None = None,
        action: str | None = None,
        client_id: str | None = None,
        client_info: str | None = None,
        current_schema: str | None = None,
        **others: str | None,
    ) -> None:
        """
        Keep what the client tells of itself; *current_schema* is where unqualified names are looked for.
        """
        given = {
            "MODULE": module,
            "ACTION": action,
            "CLIENT_IDENTIFIER": client_id,
            "CLIENT_INFO": client_info,
        }
        self.attributes.update({name: value for name, value in given.items() if value is not None})
        self.attributes.update({name.upper(): value for name, value in others.items() if value is not None})
        if current_schema:
            with self.database.lock:
                self.use_schema(current_schema)

    def use_schema(self, name: str) -> None:
        """
        Look for unqualified names in another schema; ORA-01435 where there is none.
        """
        if name not in self.catalog.users:
            raise codes.oracle_error(Refusal(1435), self.database.version)
        self.current_schema = name
        self.settings_version += 1

    def view_columns(self, view: View) -> list[tuple[str, SqlType, bool]]:
        """
        Describe a view's columns; none where it has become invalid.
        """
        return self._views.view_columns(view)
