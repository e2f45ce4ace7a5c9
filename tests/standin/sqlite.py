"""
The SQLite connection: Python functions in SQL, whose refusals come through, and its files.
"""

from __future__ import annotations

import sqlite3
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standin import decimals, doubles
from tests.standin.decimals import exact_sum
from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


#: SQLite's steps between two looks whether the statement is cancelled.
_STEPS = 20_000


class Store:
    """
    One SQLite connection, in memory or in a file, for one thread at a time.

    It is always inside of a SQLite transaction: *keep* ends one and begins the next. A refusal raised by a
    Python function in SQL is kept while SQLite reports a failure of its own, and raised in its place.
    """

    def __init__(self, path: str | None) -> None:
        self.db = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None, cached_statements=512
        )
        self.closures: dict[int, Callable[..., Any]] = {}
        self.last_closure = 0
        self.refusal: Exception | None = None
        self.running: threading.Event | None = None
        self.on_disk = path is not None
        if self.on_disk:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA temp_store = MEMORY")
        self._functions()
        self.db.set_progress_handler(self._is_cancelled, _STEPS)
        self.db.execute("BEGIN")

    def close(self) -> None:
        """
        Close the connection; what was not kept is lost.
        """
        self.db.close()

    def _is_cancelled(self) -> bool:
        return self.running is not None and self.running.is_set()

    def keep(self) -> None:
        """
        Make everything written so far durable.
        """
        self.db.execute("COMMIT")
        self.db.execute("BEGIN")

    def add(self, function: Callable[..., Any]) -> int:
        """
        Make a function callable by number.
        """
        self.last_closure += 1
        self.closures[self.last_closure] = function
        return self.last_closure

    def remove(self, numbers: Sequence[int]) -> None:
        """
        Forget functions.
        """
        for number in numbers:
            self.closures.pop(number, None)

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """
        Run a statement and fetch everything.
        """
        try:
            return self.db.execute(sql, parameters).fetchall()
        except sqlite3.Error as failure:
            raise self._cause(failure) from None

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """
        Run a statement that returns nothing.
        """
        try:
            self.db.execute(sql, parameters)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as failure:
            raise self._cause(failure) from None

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """
        Run a statement for many rows; a violated key is sqlite3.IntegrityError.
        """
        try:
            self.db.executemany(sql, rows)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as failure:
            raise self._cause(failure) from None

    def _cause(self, failure: sqlite3.Error) -> Exception:
        cause, self.refusal = self.refusal, None
        if cause is not None:
            return cause
        if "interrupted" in str(failure):
            return Refusal(1013)
        return failure

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            try:
                return function(*args)
            except Exception as refusal:
                self.refusal = refusal
                raise

        return run

    def _call(self, number: int, *args: Any) -> Any:
        try:
            return self.closures[number](*args)
        except Exception as refusal:
            self.refusal = refusal
            raise

    def _functions(self) -> None:
        self.db.create_function("py", -1, self._call)
        self.db.create_function("pyd", -1, self._call, deterministic=True)
        self.db.create_function("whole", 1, self._guarded(_whole), deterministic=True)
        for name, class_ in (
            ("number_sum", _NumberSum),
            ("number_avg", _NumberAverage),
            ("double_sum", _DoubleSum),
            ("double_avg", _DoubleAverage),
            ("listagg", _ListAggregate),
            ("one", _One),
        ):
            count = -1 if name == "listagg" else 1
            self.db.create_aggregate(name, count, self._guarded_class(class_))

    def _guarded_class(self, class_: type[Any]) -> Callable[[], Any]:
        guard = self._guarded

        def make() -> Any:
            made = class_()
            made.step = guard(made.step)
            made.finalize = guard(made.finalize)
            return made

        return make


def _whole(value: bytes | None) -> int | None:
    return None if value is None else int(decimals.decode(value))


class _Numbers:
    """
    The numbers of a group.
    """

    def __init__(self) -> None:
        self.values: list[Decimal] = []

    def step(self, value: bytes | None) -> None:
        """
        Take a row's.
        """
        if value is not None:
            self.values.append(decimals.decode(value))


class _NumberSum(_Numbers):
    """
    SUM: NULL of nothing.
    """

    def finalize(self) -> bytes | None:
        """
        Add.
        """
        return decimals.encode(exact_sum(self.values)) if self.values else None


class _NumberAverage(_Numbers):
    """
    AVG: NULL of nothing.
    """

    def finalize(self) -> bytes | None:
        """
        Add and divide.
        """
        if not self.values:
            return None
        return decimals.encode(decimals.DIVISION.divide(exact_sum(self.values), Decimal(len(self.values))))


class _Doubles:
    """
    The doubles of a group.
    """

    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: bytes | None) -> None:
        """
        Take a row's.
        """
        if value is not None:
            self.values.append(doubles.decode(value))


class _DoubleSum(_Doubles):
    """
    SUM of doubles.
    """

    def finalize(self) -> bytes | None:
        """
        Add.
        """
        return doubles.encode(sum(self.values)) if self.values else None


class _DoubleAverage(_Doubles):
    """
    AVG of doubles.
    """

    def finalize(self) -> bytes | None:
        """
        Add and divide.
        """
        return doubles.encode(sum(self.values) / len(self.values)) if self.values else None


class _One:
    """
    A scalar subquery's only row; a second one is ORA-01427.
    """

    def __init__(self) -> None:
        self.count = 0
        self.value: Any = None

    def step(self, value: Any) -> None:
        """
        Take a row's.
        """
        self.count += 1
        if self.count > 1:
            raise Refusal(1427)
        self.value = value

    def finalize(self) -> Any:
        """
        Return it; NULL of nothing.
        """
        return self.value


class _ListAggregate:
    """
    LISTAGG: texts in the order of their keys, a separator between.

    Its third argument is A or D (DISTINCT), the most bytes of the result, and for each key a or d, f or l.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, tuple[Any, ...]]] = []
        self.separator = ""
        self.shape = "A4000 "

    def step(self, text: str | None, separator: str | None, shape: str, *keys: Any) -> None:
        """
        Take a row's text and keys.
        """
        self.separator, self.shape = separator or "", shape
        if text is not None:
            self.rows.append((text, keys))

    def finalize(self) -> str | None:
        """
        Sort and join.
        """
        kind, _, marks = self.shape.partition(" ")
        for place in reversed(range(len(marks) // 2)):
            descending, nulls_first = marks[2 * place] == "d", marks[2 * place + 1] == "f"
            known = [row for row in self.rows if row[1][place] is not None]
            unknown = [row for row in self.rows if row[1][place] is None]
            known.sort(key=lambda row: row[1][place], reverse=descending)
            self.rows = unknown + known if nulls_first else known + unknown
        found = [text for text, _ in self.rows]
        if kind[0] == "D":
            found = list(dict.fromkeys(found))
        made = self.separator.join(found)
        if len(made.encode()) > int(kind[1:]):
            raise Refusal(1489)
        return made or None
