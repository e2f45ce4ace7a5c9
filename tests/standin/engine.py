"""
The engine: databases and sessions that execute Oracle's SQL under Oracle's rules, on SQLite.

A statement's way: lexer and parser (sql_*) make a tree; compiler, selects and functions make SQLite's SQL of
it, inserts, updates and merges a plan; rows and transactions run the plan, admin, ddl and alters what defines
tables; codes says what was refused.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tests.standin import (
    arithmetic,  # noqa: F401 -- registers its operators
    codes,
    conversions,
    dictionary,
    session_settings,
    sqltypes,
)
from tests.standin.admin import Admin
from tests.standin.alters import Alters
from tests.standin.catalog import DBA_PRIVILEGES, USUAL_PRIVILEGES, Catalog, Sequence, Table, User, View
from tests.standin.charsets import CHARSETS
from tests.standin.compiler import MARK, Compilation
from tests.standin.ddl import Builder, now
from tests.standin.describing import column_info
from tests.standin.dictionary import Fields, Instance
from tests.standin.inserts import InsertValues, compile_insert
from tests.standin.merges import compile_merge
from tests.standin.nls import Nls
from tests.standin.references import References
from tests.standin.refusal import Refusal
from tests.standin.rows import NoBulk, StoredRow, TableRows
from tests.standin.selects import CompiledQuery, compile_query, text_name
from tests.standin.slots import Plan
from tests.standin.sql_ast import (
    Delete,
    Insert,
    LockTable,
    Merge,
    Query,
    Update,
)
from tests.standin.sql_ast import (
    Transaction as TransactionStatement,
)
from tests.standin.sql_parser import Parsed, parse
from tests.standin.sqlite import Store
from tests.standin.transactions import MustWait, Transaction, Transactions
from tests.standin.updates import compile_delete, compile_update
from tests.standin.values import Bind, ColumnInfo, OracleError, Outcome, Row, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Sequence as SequenceOf

    from tests.standin.sqltypes import SqlType

__all__ = ["Bind", "ColumnInfo", "Database", "OracleError", "Outcome", "Row", "Session", "Value"]

_T = TypeVar("_T")
_MARKED = re.compile(f"{MARK}(\\w+){MARK}")
#: Refusals of a whole call, even with batch errors (oracle-facts 3.3).
_NEVER_PER_ROW = frozenset({54, 60, 600, 1013, 1536, 1653, 1950, 1031, 3001, 30006, 30926})
_CACHED_STATEMENTS = 200
MAX_STRING_SIZES = {"standard": 4000, "extended": 32767}
#: Names have 30 bytes before 12.2.
MAX_NAME_BYTES = 128


class Database:
    """
    One database: its file, its users, its sessions. Thread safe: one statement at a time.

    *version* is 12, 18, 19, 21 or 23. *path* keeps committed data; without one they are gone with the
    process.
    """

    def __init__(
        self,
        *,
        version: int = 23,
        max_string_size: str = "standard",
        path: str | None = None,
        user: str = "app",
        service: str = "FREEPDB1",
        charset: str = "AL32UTF8",
    ) -> None:
        self.version = version
        self.charset = CHARSETS[charset]
        self.max_string = MAX_STRING_SIZES[max_string_size]
        self.service = service
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.store = Store(path)
        self.store.run("CREATE TABLE IF NOT EXISTS _live (id INTEGER PRIMARY KEY)")
        self.catalog = Catalog(self.store.db, durable=path is not None)
        self.transactions = Transactions(self.store.db, self.changed)
        self.sessions: dict[int, Session] = {}
        self.last_session = 0
        self.drawn: dict[int, int] = {}
        #: Dictionary views that stand in SQLite, each with the state of the catalog that it shows.
        self.filled: dict[str, tuple[int, ...]] = {}
        self._users(user.upper())
        self.owner = Session(self, "SYSTEM", internal=True)
        self.builder = Builder(self.store, self.catalog, self.owner, version, self.max_string)
        self._recover()
        self.store.keep()

    def _users(self, user: str) -> None:
        for number, (name, roles, privileges) in enumerate(
            (
                ("SYS", {"DBA"}, DBA_PRIVILEGES),
                ("SYSTEM", {"DBA"}, (*USUAL_PRIVILEGES, *DBA_PRIVILEGES)),
                (user, {"CONNECT", "RESOURCE"}, USUAL_PRIVILEGES),
            )
        ):
            if name not in self.catalog.users:
                made = User(name, number if number < 2 else 105, set(privileges), set(roles), created=now())
                self.catalog.save_user(made)

    def _recover(self) -> None:
        """
        Undo what a killed server left uncommitted, and make anew what SQLite does not keep.
        """
        live = [number for (number,) in self.store.all("SELECT id FROM _live")]
        for table in self.catalog.tables():
            if table.temporary:
                continue
            for number in live:
                self.store.run(f"DELETE FROM {table.physical} WHERE _i = ?", (number,))
                self.store.run(f"UPDATE {table.physical} SET _d = 0 WHERE _d = ?", (number,))
            self.builder.realise_checks(table, table.physical)
        self.store.run("DELETE FROM _live")
        self.transactions.last = max(live, default=0)
        highest = [self._highest(table) for table in self.catalog.tables() if not table.temporary]
        self.transactions.last = max([self.transactions.last, *highest])

    def _highest(self, table: Table) -> int:
        found = self.store.all(f"SELECT coalesce(max(_i), 0) FROM {table.physical}")
        return int(found[0][0])

    def session(self, user: str) -> Session:
        """
        Open a session; an unknown user is ORA-01017, one without CREATE SESSION ORA-01045.
        """
        with self.lock:
            found = self.catalog.users.get(user) or self.catalog.users.get(user.upper())
            if found is None:
                raise codes.oracle_error(Refusal(1017), self.version)
            if "CREATE SESSION" not in found.privileges and not found.roles & {"CONNECT", "DBA"}:
                raise codes.oracle_error(Refusal(1045, name=found.name), self.version)
            made = Session(self, found.name)
            self.sessions[made.number] = made
            return made

    def close(self) -> None:
        """
        Close the database; open sessions are rolled back.
        """
        with self.lock:
            for session in list(self.sessions.values()):
                session.close()
            self.store.keep()
            self.store.close()

    def grant(self, user: str, privilege: str) -> None:
        """
        Give a user a system privilege or a role; QUOTA lets his tables have rows.
        """
        self._change(user, privilege, given=True)

    def revoke(self, user: str, privilege: str) -> None:
        """
        Take a system privilege, a role or QUOTA from a user.
        """
        self._change(user, privilege, given=False)

    def _change(self, user: str, privilege: str, *, given: bool) -> None:
        with self.lock:
            found = self.catalog.users[user.upper()]
            name = privilege.upper()
            if name == "QUOTA":
                found.quota = given
            else:
                for kept in (found.privileges, found.roles) if not given else (found.privileges,):
                    (kept.add if given else kept.discard)(name)
            self.catalog.save_user(found)
            self.store.keep()


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
        self.txn: Transaction | None = None
        self.closed = False
        self.private: dict[str, Table] = {}
        self.temporary: dict[int, Table] = {}
        self.current_values: dict[int, int] = {}
        self.cancelled = threading.Event()
        self.settings_version = 0
        self._closures: dict[object, int] = {}
        self._plans: OrderedDict[object, Any] = OrderedDict()
        self._rows: dict[str, tuple[int, TableRows]] = {}
        self._dictionary_version: object = None
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
        view = dictionary.find(name, self._instance())
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
            self._fill_dictionary(compilation.dictionary)
        return self.database.store.all(self._seen(sql), parameters)  # type: ignore[arg-type]

    def _stored(self, compilation: Compilation, row: SequenceOf[Any]) -> list[Any]:
        stores = compilation.stores
        made = [None if value is None else store(value) for store, value in zip(stores, row, strict=False)]
        for index in compilation.checked:
            self._check_length(index, made[index])
        return made

    def _check_lengths(self, compilation: Compilation, rows: SequenceOf[SequenceOf[Value]]) -> None:
        """
        Refuse text that is too long where it stands, in any row and before the first: ORA-01461 is of no row.
        """
        for index in compilation.checked:
            for row in rows:
                self._check_length(index, row[index])

    def _check_length(self, index: int, value: Any) -> None:
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
                outcome = self._execute(
                    sql, tuple(binds), rows, batch_errors=batch_errors, row_counts=row_counts
                )
                if commit and not outcome.batch_errors and outcome.kind != "query":
                    self._commit()
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
                parsed = self._parsed(self.nls.charset.kept(sql))
                if not isinstance(parsed.statement, Query):
                    return []
                types = [sqltypes.VARCHAR] * len(parsed.binds)
                compilation = self.compilation(types, [])
                query = compile_query(compilation, parsed.statement)
                return [column_info(column, self.nls) for column in query.columns]
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

    def _parsed(self, sql: str) -> Parsed:
        key = ("parsed", sql)
        found = self._plans.get(key)
        if found is None:
            found = parse(sql, self.database.version, MAX_NAME_BYTES)
            self._remember(key, found)
        self._plans.move_to_end(key)
        made: Parsed = found
        return made

    def _remember(self, key: object, found: Any) -> None:
        self._plans[key] = found
        while len(self._plans) > _CACHED_STATEMENTS:
            self._plans.popitem(last=False)

    def compilation(self, types: list[SqlType], binds: SequenceOf[Bind]) -> Compilation:
        """
        Begin a compilation.
        """
        made = Compilation(self, types, user=self.user, schema=self.current_schema)
        made.stores = [conversions.store(bind) for bind in binds]
        made.bind_names = [f"b{n}" for n in range(1, len(types) + 1)]
        return made

    def _planned(self, sql: str, binds: tuple[Bind, ...], compile_: Callable[[Compilation], _T]) -> _T:
        key = ("plan", sql, binds, self.catalog.version, self.settings_version)
        found = self._plans.get(key)
        if found is None:
            found = compile_(self.compilation([conversions.bind_type(bind) for bind in binds], binds))
            self._remember(key, found)
        made: _T = found
        return made

    def _execute(
        self,
        sql: str,
        binds: tuple[Bind, ...],
        rows: SequenceOf[SequenceOf[Value]],
        *,
        batch_errors: bool,
        row_counts: bool,
    ) -> Outcome:
        parsed = self._parsed(sql)
        statement = parsed.statement
        if isinstance(statement, (Query, Insert, Update, Delete, Merge)):
            if len(binds) < len(parsed.binds):
                raise Refusal(1008, parsed.binds[len(binds)].position)
            if len(binds) > len(parsed.binds):
                raise Refusal(1036)
        elif parsed.binds:
            raise Refusal(1027, parsed.binds[0].position)
        if isinstance(statement, Query):
            return self._query(sql, statement, binds, rows)
        if isinstance(statement, (Insert, Update, Delete, Merge)):
            plan = self._planned(sql, binds, lambda c: self._plan(c, statement, binds))
            self.may_write(plan.table)
            return self._dml(plan, statement, rows, batch_errors=batch_errors, row_counts=row_counts)
        if isinstance(statement, TransactionStatement):
            return self._transaction(statement)
        if isinstance(statement, LockTable):
            return self._lock(statement)
        return Admin(self, Alters(self)).run(statement)

    # --- queries --------------------------------------------------------------------------------------------

    def _query(
        self, sql: str, statement: Query, binds: tuple[Bind, ...], rows: SequenceOf[SequenceOf[Value]]
    ) -> Outcome:
        def make(c: Compilation) -> tuple[CompiledQuery, Compilation]:
            return compile_query(c, statement), c

        query, compilation = self._planned(sql, binds, make)
        row = rows[0] if rows else ()
        if query.locked:
            found = self._lock_rows(query, compilation, statement, row)
        else:
            found = self.select(query.sql, compilation, row)
        columns = [column_info(column, self.nls) for column in query.columns]
        shows = [conversions.show(column.type, self.nls) for column in query.columns]
        return Outcome("query", columns, _shown(found, shows), len(found))

    def _lock_rows(
        self, query: CompiledQuery, compilation: Compilation, statement: Query, row: SequenceOf[Value]
    ) -> list[tuple[Any, ...]]:
        clause = statement.lock
        seconds = None if clause is None or clause.wait is None else float(clause.wait)
        skips = clause is not None and clause.skip_locked
        width = len(query.columns)
        tables = [self.physical(relation.table) for relation in query.locked if relation.table is not None]
        code = 54 if not seconds else 30006

        def lock(txn: Transaction) -> list[tuple[Any, ...]]:
            for table in tables:
                self._table_lock(txn, table, "ROW EXCLUSIVE", seconds, code)
            kept: list[tuple[Any, ...]] = []
            for values in self.select(query.sql, compilation, row):
                keys = [
                    (table, values[width + 2 * n], values[width + 2 * n + 1])
                    for n, table in enumerate(tables)
                ]
                rivals = {
                    self.database.transactions.row_rival(txn, *key) for key in keys if key[1] is not None
                }
                rivals.discard(None)
                if rivals and skips:
                    continue
                if rivals:
                    raise MustWait([rival for rival in rivals if rival is not None], seconds, code)
                for table, number, _ in keys:
                    if number is not None:
                        self.database.transactions.lock_row(txn, table, number)
                kept.append(values[:width])
            return kept

        return self.unit(lock)

    def _table_lock(
        self, txn: Transaction, table: str, mode: str, seconds: float | None = None, code: int = 54
    ) -> None:
        try:
            self.database.transactions.lock_table(txn, table, mode, seconds)
        except MustWait as must:
            must.code = code
            raise

    # --- DML ------------------------------------------------------------------------------------------------

    def _plan(self, compilation: Compilation, statement: Any, binds: tuple[Bind, ...]) -> Plan:
        if isinstance(statement, Insert):
            return compile_insert(compilation, statement, binds)
        if isinstance(statement, Update):
            return compile_update(compilation, statement, binds)
        if isinstance(statement, Delete):
            return compile_delete(compilation, statement)
        return compile_merge(compilation, statement)

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

    def _dml(
        self,
        plan: Plan,
        statement: Any,
        rows: SequenceOf[SequenceOf[Value]],
        *,
        batch_errors: bool,
        row_counts: bool,
    ) -> Outcome:
        many = rows or [()]
        self._check_lengths(plan.compilation, many)
        bulk = isinstance(plan, InsertValues) and len(many) > 1
        if bulk:
            done = self._insert_many(plan, many, batch_errors=batch_errors)  # type: ignore[arg-type]
        else:
            done = _Done()
            for offset, row in enumerate(many):
                self._one_row(done, offset, partial(self._run, plan, row), batch_errors=batch_errors)
        counts = done.counts
        if isinstance(statement, Merge) and batch_errors and done.errors:
            first = done.errors[0][0]
            counts = counts[:first] + [0] * (len(counts) - first)
        errors = [(offset, refusal.code, self._text(refusal)) for offset, refusal in done.errors]
        return Outcome(
            "dml",
            rowcount=sum(done.counts),
            row_counts=counts if row_counts else [],
            batch_errors=errors,
        )

    def _text(self, refusal: Refusal) -> str:
        return codes.message(refusal.code, self.database.version, refusal.names)

    def _run(self, plan: Plan, row: SequenceOf[Value], txn: Transaction) -> int:
        self.database.transactions.lock_table(txn, self.physical(plan.table), "ROW EXCLUSIVE")
        return plan.run(self, txn, row)

    def _one_row(
        self, done: _Done, offset: int, work: Callable[[Transaction], int], *, batch_errors: bool
    ) -> None:
        try:
            done.counts.append(self.unit(work))
        except Refusal as refusal:
            if not batch_errors or refusal.code in _NEVER_PER_ROW:
                raise _counted(refusal, sum(done.counts)) from None
            done.counts.append(0)
            done.errors.append((offset, refusal))

    def _insert_many(
        self, plan: InsertValues, rows: SequenceOf[SequenceOf[Value]], *, batch_errors: bool
    ) -> _Done:
        good, bad = plan.all_stored(self, rows, go_on=batch_errors)
        done = _Done()

        def all_at_once(txn: Transaction) -> int:
            self.database.transactions.lock_table(txn, self.physical(plan.table), "ROW EXCLUSIVE")
            plan.insert(self, txn, [row for _, row in good])
            return len(good)

        failed: dict[int, Refusal] = dict(bad)
        try:
            if good:
                self.unit(all_at_once)
        except (NoBulk, Refusal):
            for offset, row in good:
                self._one_row(
                    done,
                    offset,
                    partial(self._insert_one, plan, row),
                    batch_errors=batch_errors,
                )
            failed.update(done.errors)
        if bad and not batch_errors:
            raise _counted(bad[0][1], len(good))
        never = next((refusal for _, refusal in bad if refusal.code in _NEVER_PER_ROW), None)
        if never is not None:
            raise never
        counts = [0 if offset in failed else 1 for offset in range(len(rows))]
        return _Done(counts, sorted(failed.items()))

    def _insert_one(self, plan: InsertValues, row: StoredRow, txn: Transaction) -> int:
        self.database.transactions.lock_table(txn, self.physical(plan.table), "ROW EXCLUSIVE")
        plan.insert(self, txn, [row])
        return 1

    # --- transactions ---------------------------------------------------------------------------------------

    def _transaction(self, statement: TransactionStatement) -> Outcome:
        if statement.action == "COMMIT":
            self._commit()
        elif statement.action == "ROLLBACK" and not statement.savepoint:
            self._rollback()
        elif statement.action == "ROLLBACK":
            txn = self.txn
            if txn is None or statement.savepoint not in txn.savepoints:
                raise Refusal(1086, name=statement.savepoint)
            mark = txn.savepoints[statement.savepoint]
            self.database.transactions.undo_to(txn, mark)
            txn.savepoints = {name: place for name, place in txn.savepoints.items() if place <= mark}
        elif statement.action == "SAVEPOINT":
            if self.txn is None:
                self.txn = self.database.transactions.begin()
                self.txn.tables[""] = "ROW SHARE"
            self.txn.savepoints[statement.savepoint] = len(self.txn.undo)
        return Outcome("other", committed=statement.action == "COMMIT")

    def _lock(self, statement: LockTable) -> Outcome:
        mode = {"SHARE UPDATE": "ROW SHARE"}.get(statement.mode, statement.mode)
        seconds = None if statement.wait is None else float(statement.wait)
        tables = [Admin(self, Alters(self)).table(name, "SELECT") for name in statement.names]

        def lock(txn: Transaction) -> None:
            for table in tables:
                self._table_lock(txn, self.physical(table), mode, seconds)

        self.unit(lock, keeps_locks=True)
        return Outcome("other")

    def commit_quietly(self) -> None:
        """
        Commit as DDL does, before and after.
        """
        self._commit()

    def forget_plans(self) -> None:
        """
        Compile statements anew: settings changed that they depend on.
        """
        self.settings_version += 1

    def _commit(self) -> None:
        if self.txn is not None:
            self.database.transactions.commit(self.txn)
            self.txn = None
        self._empty_temporary()
        self._save_sequences()
        self.database.store.keep()

    def _rollback(self) -> None:
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
            self._commit()

    def rollback(self) -> None:
        """
        Roll back.
        """
        with self.database.lock:
            self._ready()
            self._rollback()

    def close(self) -> None:
        """
        End the session: roll back and forget it.
        """
        with self.database.lock:
            if self.closed:
                return
            self._rollback()
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

    # --- the dictionary -------------------------------------------------------------------------------------

    def _instance(self) -> Instance:
        database = self.database
        return Instance(
            self.catalog,
            self.nls,
            self.user,
            database.version,
            database.max_string,
            database.service,
            self.view_columns,
            self._session_rows,
            list(self.private.values()),
        )

    def _session_rows(self) -> list[Fields]:
        return [session_settings.session_fields(session) for session in self.database.sessions.values()]

    def view_columns(self, view: View) -> list[tuple[str, SqlType, bool]]:
        """
        Describe a view's columns; none where it has become invalid.
        """
        compilation = Compilation(self, [], user=view.owner, schema=view.owner)
        try:
            found = parse(view.text, self.database.version).statement
            columns = compile_query(compilation, found).columns if isinstance(found, Query) else []
        except Refusal:
            return []
        names = view.columns or [column.name for column in columns]
        return [(name, column.type, column.nullable) for name, column in zip(names, columns, strict=True)]

    def _fill_dictionary(self, names: set[str]) -> None:
        """
        Fill the tables in SQLite that stand for dictionary views, where they do not stand so already.
        """
        instance = self._instance()
        filled = self.database.filled
        for name in sorted(names):
            view = dictionary.find(name, instance)
            if view is None:
                raise Refusal(942, owner="SYS", name=name)
            state = (self.number, self.catalog.version, self.settings_version, len(self.private))
            if filled.get(name) == state and name not in dictionary.LIVELY:
                continue
            table = text_name(name)
            width = len(view.columns)
            if name not in filled:
                columns = ", ".join(f"c{n}" for n in range(1, width + 1))
                self.database.store.run(f"CREATE TABLE {table} ({columns})")
            self.database.store.run(f"DELETE FROM {table}")
            rows = dictionary.stored_rows(view, instance)
            marks = ", ".join("?" * width)
            self.database.store.run_many(f"INSERT INTO {table} VALUES ({marks})", rows)
            filled[name] = state


class _Done:
    """
    What an array DML did so far: a count for each row, the refused ones by offset.
    """

    def __init__(
        self, counts: list[int] | None = None, errors: list[tuple[int, Refusal]] | None = None
    ) -> None:
        self.counts = counts or []
        self.errors = errors or []


def _counted(refusal: Refusal, done: int) -> Refusal:
    """
    Note on a refusal how many rows were written before it.
    """
    refusal.done = done
    return refusal


def _shown(
    rows: list[tuple[Any, ...]], shows: list[Callable[[Any], Any] | None]
) -> Iterator[tuple[Value, ...]]:
    for row in rows:
        yield tuple(
            value if value is None or show is None else show(value)
            for value, show in zip(row, shows, strict=True)
        )
