from typing import Any

INTERFACE: int

def keep_memory() -> None: ...

class Lines:
    def __len__(self) -> int: ...
    def __getitem__(self, place: int) -> bytes: ...
    def number(self, place: int, /) -> int: ...

class Plan:
    def __init__(
        self,
        stream: bytes,
        properties: tuple[dict[str, Any] | None, ...],
        others: tuple[dict[str, Any], ...],
        tolerant: bool,
    ) -> None: ...
    def tolerate(self) -> None: ...

class Columns:
    lines: Lines
    size: int
    empty: int
    filled: list[int]
    is_full: bool
    def __init__(self, plan: Plan, most_rows: int, most_size: int) -> None: ...
    def __len__(self) -> int: ...
    def append(self, row: tuple[Any, ...], line: bytes, number: int, /) -> None: ...
    def fill(self, values: tuple[Any, ...], /) -> None: ...
    def last(self, keys: tuple[int, ...], /) -> Columns: ...
    def export(self, order: tuple[int, ...], first: int | None, /) -> Any: ...

class Scanner:
    def add(self, columns: Columns, /) -> None: ...
    def remove(self, columns: Columns, /) -> None: ...
    def take(
        self,
        data: bytes,
        start: int,
        stop: int,
        number: int,
        rows: int,
        size: int,
        numbers: bytes | None = None,
        /,
    ) -> tuple[int, int, int, list[tuple[Columns, int, int]], tuple[Columns, int, int, int, int] | None]: ...

AT_END: int
REFUSED: int
FULL: int
