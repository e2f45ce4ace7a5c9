"""
The setting `table_options`: text that follows CREATE TABLE's columns, read word by word.

What comes back is written anew from what was understood, so nothing else can reach a statement: clauses of
storage, compression, logging and parallelism, and partitions by columns and plain literals.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from target_oracle.oracle.names import quote

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PARALLEL: Final = 65535
MAX_PCTFREE: Final = 99
MAX_PARTITIONS: Final = 1024 * 1024 - 1

# First match wins, so longer clauses stand before their beginnings.
_PLAIN: Final = tuple(
    clause.split()
    for clause in (
        "ROW STORE COMPRESS ADVANCED",
        "ROW STORE COMPRESS BASIC",
        "ROW STORE COMPRESS",
        "COLUMN STORE COMPRESS FOR QUERY LOW",
        "COLUMN STORE COMPRESS FOR QUERY HIGH",
        "COLUMN STORE COMPRESS FOR ARCHIVE LOW",
        "COLUMN STORE COMPRESS FOR ARCHIVE HIGH",
        "COMPRESS BASIC",
        "COMPRESS FOR OLTP",
        "COMPRESS FOR QUERY LOW",
        "COMPRESS FOR QUERY HIGH",
        "COMPRESS FOR QUERY",
        "COMPRESS FOR ARCHIVE LOW",
        "COMPRESS FOR ARCHIVE HIGH",
        "COMPRESS FOR ARCHIVE",
        "COMPRESS",
        "NOCOMPRESS",
        "NOLOGGING",
        "LOGGING",
        "NOPARALLEL",
        "SEGMENT CREATION IMMEDIATE",
        "SEGMENT CREATION DEFERRED",
        "ENABLE ROW MOVEMENT",
        "DISABLE ROW MOVEMENT",
        "NOCACHE",
        "CACHE",
    )
)
# Clauses of one group exclude each other (CREATE TABLE, physical_properties and table_properties).
_GROUPS: Final = {"NOCOMPRESS": "COMPRESS", "ROW": "COMPRESS", "COLUMN": "COMPRESS", "NOLOGGING": "LOGGING",
                  "NOPARALLEL": "PARALLEL", "NOCACHE": "CACHE", "ENABLE": "ROW MOVEMENT",
                  "DISABLE": "ROW MOVEMENT"}  # fmt: skip
# The order of the clauses is the manual's (CREATE TABLE, physical_properties before table_properties): that
# of a table's rows and partitions cannot be turned round.
_ORDER: Final = ("SEGMENT", "PCTFREE", "TABLESPACE", "LOGGING", "COMPRESS", "PARTITION", "CACHE", "PARALLEL",
                 "ROW MOVEMENT")  # fmt: skip
# A literal holds no line end, and a quote in it is doubled.
_TOKENS: Final = re.compile(
    r"""\s*(?:
        (?P<literal>(?:DATE|TIMESTAMP)\s*'[-0-9:. +]*' | '[^'\x00-\x1f]*(?:''[^'\x00-\x1f]*)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z][\w$\#]*)
      | (?P<quoted>"[^"\x00]+")
      | (?P<symbol>[(),])
    )""",
    re.VERBOSE | re.IGNORECASE,
)


class _Token(msgspec.Struct, frozen=True):
    """
    A word, quoted name, number, literal, symbol or the end, at *place* characters from the start.
    """

    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """
        The word in capitals; "" for whatever else.
        """
        return self.text.upper() if self.kind == "word" else ""


def check_table_options(text: str) -> str:
    """
    Return *text* as it may follow the columns of CREATE TABLE; raise ValueError at the place of what may not.

    >>> check_table_options("compress for oltp  parallel 4 tablespace users")
    'TABLESPACE "USERS" COMPRESS FOR OLTP PARALLEL 4'
    >>> check_table_options("partition by hash (id) partitions 8")
    'PARTITION BY HASH ("ID") PARTITIONS 8'
    """
    return _Reader(text).read()


class _Reader:
    """
    Reads options forwards, one clause after the other.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def read(self) -> str:
        """
        Return all clauses, each at most once, in the order in which they may follow each other.
        """
        clauses: dict[str, str] = {}
        while self._token.kind != "end":
            token = self._token
            clause = self._clause()
            first = clause.split(" ", 1)[0]
            group = _GROUPS.get(first, first)
            if group in clauses:
                self._refuse(f"{clause} stands beside {clauses[group]}", token)
            clauses[group] = clause
        return " ".join(clauses[group] for group in _ORDER if group in clauses)

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _clause(self) -> str:
        for words in _PLAIN:
            if self._accepts(*words):
                return " ".join(words)
        token = self._token
        for word, read in _CLAUSES.items():
            if self._accepts(word):
                return read(self)
        return self._refuse("no option of a table that is allowed here", token)

    def parallel(self) -> str:
        """
        Read what follows PARALLEL: a degree, or none.
        """
        parenthesised = self._accepts_symbol("(")
        if parenthesised:
            self._needs("DEGREE")
        degree = f" {self._integer(MAX_PARALLEL)}" if self._token.kind == "number" or parenthesised else ""
        if parenthesised:
            self._needs_symbol(")")
        return f"PARALLEL{degree}"

    def tablespace(self) -> str:
        """
        Read what follows TABLESPACE.
        """
        return f"TABLESPACE {self._name()}"

    def pctfree(self) -> str:
        """
        Read what follows PCTFREE.
        """
        return f"PCTFREE {self._integer(MAX_PCTFREE)}"

    def partition(self) -> str:
        """
        Read what follows PARTITION.
        """
        self._needs("BY")
        token = self._token
        for kind, read in _PARTITIONS.items():
            if self._accepts(kind):
                return f"PARTITION BY {kind} {self._names()}{read(self)}"
        return self._refuse("RANGE, LIST or HASH is missing", token)

    def ranges(self) -> str:
        """
        Read the partitions of RANGE, maybe with an INTERVAL.
        """
        interval = ""
        if self._accepts("INTERVAL"):
            self._needs_symbol("(")
            interval = f" INTERVAL ({self._interval()})"
            self._needs_symbol(")")
        return interval + self._partitions("VALUES LESS THAN", ("MAXVALUE",))

    def lists(self) -> str:
        """
        Read the partitions of LIST, maybe AUTOMATIC.
        """
        automatic = " AUTOMATIC" if self._accepts("AUTOMATIC") else ""
        return automatic + self._partitions("VALUES", ("DEFAULT", "NULL"))

    def hashes(self) -> str:
        """
        Read the partitions of HASH: their number, without which the statement is none (ORA-14004).
        """
        self._needs("PARTITIONS")
        return f" PARTITIONS {self._integer(MAX_PARTITIONS)}"

    def _partitions(self, values: str, words: tuple[str, ...]) -> str:
        self._needs_symbol("(")
        partitions = [self._partition(values, words)]
        while self._accepts_symbol(","):
            partitions.append(self._partition(values, words))
        self._needs_symbol(")")
        return f" ({', '.join(partitions)})"

    def _partition(self, values: str, words: tuple[str, ...]) -> str:
        self._needs("PARTITION")
        named = self._token.kind == "quoted" or (self._token.kind == "word" and self._token.word != "VALUES")
        name = f" {self._name()}" if named else ""
        for word in values.split():
            self._needs(word)
        self._needs_symbol("(")
        literals = [self._literal(words)]
        while self._accepts_symbol(","):
            literals.append(self._literal(words))
        self._needs_symbol(")")
        space = f" {self.tablespace()}" if self._accepts("TABLESPACE") else ""
        return f"PARTITION{name} {values} ({', '.join(literals)}){space}"

    def _interval(self) -> str:
        """
        Read the step of an interval: a number, or NUMTOYMINTERVAL and NUMTODSINTERVAL of plain literals.
        """
        if self._token.kind == "number":
            return self._take().text
        token = self._token
        for function in ("NUMTOYMINTERVAL", "NUMTODSINTERVAL"):
            if self._accepts(function):
                self._needs_symbol("(")
                number = self._integer(MAX_PARTITIONS)
                self._needs_symbol(",")
                unit = self._literal(())
                self._needs_symbol(")")
                return f"{function}({number}, {unit})"
        return self._refuse("the step of an interval is a number, NUMTOYMINTERVAL or NUMTODSINTERVAL", token)

    def _literal(self, words: tuple[str, ...]) -> str:
        token = self._take()
        if token.kind in {"number", "literal"} or token.word in words:
            return token.text if token.kind == "number" else _literal_text(token.text)
        return self._refuse("only literals may stand here", token)

    def _names(self) -> str:
        self._needs_symbol("(")
        names = [self._name()]
        while self._accepts_symbol(","):
            names.append(self._name())
        self._needs_symbol(")")
        return f"({', '.join(names)})"

    def _name(self) -> str:
        token = self._take()
        if token.kind == "word":
            return quote(token.text.upper())
        if token.kind == "quoted":
            return quote(token.text[1:-1])
        return self._refuse("a name is missing", token)

    def _integer(self, most: int) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdigit() or not 0 <= int(token.text) <= most:
            self._refuse(f"a whole number up to {most} is missing", token)
        return int(token.text)

    def _take(self) -> _Token:
        token = self._token
        if token.kind != "end":
            self._at += 1
        return token

    def _accepts(self, *words: str) -> bool:
        coming = tuple(token.word for token in self._tokens[self._at : self._at + len(words)])
        if coming != words:
            return False
        self._at += len(words)
        return True

    def _needs(self, word: str) -> None:
        if not self._accepts(word):
            self._refuse(f"{word} is missing", self._token)

    def _accepts_symbol(self, symbol: str) -> bool:
        if self._token.kind != "symbol" or self._token.text != symbol:
            return False
        self._at += 1
        return True

    def _needs_symbol(self, symbol: str) -> None:
        if not self._accepts_symbol(symbol):
            self._refuse(f"{symbol} is missing", self._token)

    def _refuse(self, why: str, token: _Token) -> NoReturn:
        where = "at the end" if token.kind == "end" else f"at character {token.place + 1}, {token.text!r}"
        raise ValueError(f"table_options: {why} ({where})")


_CLAUSES: Final[dict[str, Callable[[_Reader], str]]] = {
    "PARALLEL": _Reader.parallel,
    "TABLESPACE": _Reader.tablespace,
    "PCTFREE": _Reader.pctfree,
    "PARTITION": _Reader.partition,
}
_PARTITIONS: Final[dict[str, Callable[[_Reader], str]]] = {
    "RANGE": _Reader.ranges,
    "LIST": _Reader.lists,
    "HASH": _Reader.hashes,
}


def _literal_text(text: str) -> str:
    """
    Return a literal with its word in capitals and what is quoted untouched.
    """
    word, quoted, rest = text.partition("'")
    return f"{word.upper().strip()}{' ' if word.strip() and quoted else ''}{quoted}{rest}"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while match := _TOKENS.match(text, place):
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        place = match.end()
    rest = text[place:].strip()
    if rest:
        raise ValueError(f"table_options: no option of a table goes on like this: {rest[:20]!r}")
    return [*found, _Token("end", "", len(text))]
