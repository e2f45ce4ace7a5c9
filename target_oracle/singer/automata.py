r"""
A regular expression -> a table that tells whether a text matches, one step for each byte of its UTF-8.

The parser of `re` itself reads the pattern. Each operator of its tree is built in front of the state that
follows it; then the states that a text can be in at once become one. An anchor is a condition of a step that
takes no byte: `^` is open before the first byte; behind `\Z` nothing may follow, and behind `$` nothing but
one newline. What a finite automaton cannot say, or not within bounds, gives none: back references,
look-around, word boundaries, ignored case.
"""

from __future__ import annotations

import importlib
import re
import struct
import sys
import warnings
from collections import deque
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Range = tuple[int, int]
    Ranges = tuple[Range, ...]  # inclusive, in order, apart from each other
    Edge = tuple[int, int, int]  # the bytes from the first to the second lead to the state

_PARSER: Final = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

# What a pattern may cost: its characters, what is built of them, rows of the table, and steps on the way to
# it, each less than a microsecond.
_MOST_CHARACTERS: Final = 4000
_MOST_BUILT: Final = 4000
_MOST_ROWS: Final = 500
_MOST_STEPS: Final = 100_000


class Automaton(msgspec.Struct, frozen=True):
    """
    For each state and byte the next state; a text matches when its last byte leads to an accepting state.

    *table* holds 256 little-endian numbers of two bytes for each state, *accepting* a byte. State 0 is dead.
    """

    table: bytes
    accepting: bytes
    start: int

    def matches(self, text: str) -> bool:
        """
        Tell whether the pattern is found in *text*, which holds no lone surrogates.

        >>> found = compile_automaton("^SKU-[0-9]{2}$")
        >>> found and [found.matches(text) for text in ("SKU-12", "SKU-123", "sku-12")]
        [True, False, False]
        """
        state = self.start
        for byte in text.encode():
            (state,) = struct.unpack_from("<H", self.table, 2 * (256 * state + byte))
        return bool(self.accepting[state])


def compile_automaton(pattern: str) -> Automaton | None:
    r"""
    Compile *pattern*, as `re` spells it, to say what `re.search` says; None where that takes another way.

    >>> compile_automaton(r"(a)\1") is None, compile_automaton("(a|b)*a(a|b){30}") is None
    (True, True)
    """
    try:
        return _table(_Places(_read(pattern)))
    except (_Unsaid, re.error, OverflowError, RecursionError, ValueError):
        return None


class _Unsaid(Exception):
    """
    A pattern takes more than an automaton, or a larger one than the bounds allow.
    """


# Sets of characters


_LAST: Final = 0x10FFFF
_SURROGATES: Final = (0xD800, 0xDFFF)
_LINE_END: Final = ord("\n")


def _joined(ranges: Iterable[Range]) -> Ranges:
    """
    Put *ranges* in order and join those that touch.

    >>> _joined([(5, 6), (1, 2), (3, 3)])
    ((1, 3), (5, 6))
    """
    joined: list[Range] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _rest(ranges: Ranges) -> Ranges:
    """
    Return all the other code points.
    """
    lows = (0, *(high + 1 for _, high in ranges))
    highs = (*(low - 1 for low, _ in ranges), _LAST)
    return tuple((low, high) for low, high in zip(lows, highs, strict=True) if low <= high)


def _characters(ranges: Iterable[Range], *, negated: bool = False) -> Ranges:
    """
    Return the characters of *ranges*, or all others; surrogates are none.
    """
    others = _joined(ranges) if negated else _rest(_joined(ranges))
    return _rest(_joined((*others, _SURROGATES)))


@cache
def _category(escape: str, flags: int) -> Ranges:
    """
    Return the code points that `re` takes for *escape*: where it finds them among all of them.
    """
    if escape.isupper():
        return _rest(_category(escape.lower(), flags))
    run = re.compile(f"{escape}+", flags)
    return _joined(
        (start + found.start(), start + found.end() - 1)
        for start, text in _planes()
        for found in run.finditer(text)
    )


def _planes() -> Iterator[tuple[int, str]]:
    """
    Yield all code points as texts, each with its first one.
    """
    plane = bytearray(4 << 16)  # UTF-32, its low byte first
    plane[0::4] = bytes(range(256)) * 256
    plane[1::4] = b"".join(bytes([byte]) * 256 for byte in range(256))
    for start in range(0, _LAST, 1 << 16):
        plane[2::4] = bytes([start >> 16]) * (1 << 16)
        yield start, plane.decode("utf-32-le", "surrogatepass")


# The states that a pattern is made of


_ACCEPT: Final = 0
# What may follow a state: anything, nothing but one newline, nothing. A free step, which takes no byte, may
# narrow it.
_ANYTHING: Final = 0
_NEWLINE: Final = 1
_NOTHING: Final = 2
# The condition of a free step that narrows nothing, but is open only before the first byte.
_FIRST: Final = -1

# For one to four bytes of UTF-8: the mark of the first byte, how many follow, and the code points.
_LENGTHS: Final = (
    (0x00, 0, 0x00, 0x7F),
    (0xC0, 1, 0x80, 0x7FF),
    (0xE0, 2, 0x800, 0xFFFF),
    (0xF0, 3, 0x10000, _LAST),
)
# The mark of those that follow: six bits of the code point each.
_FOLLOWING: Final = 0x80
_POINT: Final = ((0, 0),)


class _States(msgspec.Struct):
    """
    States by number: the bytes that lead on from each, and the steps that take none.
    """

    edges: list[list[Edge]] = msgspec.field(default_factory=lambda: [[(0, 255, _ACCEPT)]])
    free: list[list[tuple[int, int]]] = msgspec.field(default_factory=lambda: [[]])  # state, condition
    start: int = _ACCEPT
    tails: dict[tuple[Ranges, int, int], int] = msgspec.field(default_factory=dict)
    spent: int = 0

    def spend(self) -> None:
        """
        Count what is built, also what needs no state: an empty group may be repeated a million times.
        """
        self.spent += 1
        if self.spent > _MOST_BUILT:
            raise _Unsaid

    def add(self, edges: Iterable[Edge] = (), free: Iterable[tuple[int, int]] = ()) -> int:
        """
        Add a state and return its number.
        """
        self.spend()
        self.edges.append(list(edges))
        self.free.append(list(free))
        return len(self.edges) - 1

    def branch(self, targets: Iterable[int]) -> int:
        """
        Return a state that is in all *targets* at once.
        """
        return self.add(free=[(target, _ANYTHING) for target in targets])

    def character(self, points: Ranges, target: int) -> int:
        """
        Return the state from which each character of *points* leads to *target*.
        """
        key = (points, len(_LENGTHS), target)
        if key not in self.tails:
            self.tails[key] = self.add(
                edge
                for mark, following, first, last in _LENGTHS
                for edge in self._bytes(mark, _within(points, first, last), following, target)
            )
        return self.tails[key]

    def _bytes(self, mark: int, points: Ranges, following: int, target: int) -> list[Edge]:
        """
        Split *points* by a byte of theirs, its bits behind *mark*; *following* bytes come after it.
        """
        return [
            (mark + first, mark + last, self._tail(inside, following, target))
            for first, last, inside in _blocks(points, 6 * following)
        ]

    def _tail(self, points: Ranges, following: int, target: int) -> int:
        """
        Return the state in front of the last *following* bytes; what ends alike is one state.
        """
        if not following:
            return target
        key = (points, following, target)
        if key not in self.tails:
            self.tails[key] = self.add(self._bytes(_FOLLOWING, points, following - 1, target))
        return self.tails[key]


def _within(points: Ranges, first: int, last: int) -> Ranges:
    return tuple((max(low, first), min(high, last)) for low, high in points if low <= last and high >= first)


@lru_cache(maxsize=2048)
def _blocks(points: Ranges, bits: int) -> list[tuple[int, int, Ranges]]:
    """
    Split *points* by all but their last *bits*: runs of blocks, and the points in each, from its own start.

    >>> _blocks(((0x0E, 0x31), (0x3A, 0x3B)), 4)
    [(0, 0, ((14, 15),)), (1, 2, ((0, 15),)), (3, 3, ((0, 1), (10, 11)))]
    """
    if not bits:
        return [(low, high, _POINT) for low, high in points]
    blocks: dict[int, list[Range]] = {}
    last = (1 << bits) - 1
    for low, high in points:
        for block in range(low >> bits, (high >> bits) + 1):
            start = block << bits
            blocks.setdefault(block, []).append((max(low - start, 0), min(high - start, last)))
    return _runs((block, tuple(inside)) for block, inside in blocks.items())


def _runs(blocks: Iterable[tuple[int, Ranges]]) -> list[tuple[int, int, Ranges]]:
    """
    Join neighbouring blocks that are alike.
    """
    runs: list[tuple[int, int, Ranges]] = []
    for block, inside in blocks:
        if runs and runs[-1][1:] == (block - 1, inside):
            runs[-1] = (runs[-1][0], block, inside)
        else:
            runs.append((block, block, inside))
    return runs


# From the tree of the parser to states


_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_NOT_WORD": r"\W",
}
_ANCHORS: Final = {
    "AT_BEGINNING": _FIRST,
    "AT_BEGINNING_STRING": _FIRST,
    "AT_END": _NEWLINE,
    "AT_END_STRING": _NOTHING,
}
_ASCII: Final = int(re.ASCII)
_DOTALL: Final = int(re.DOTALL)
_SORTS: Final = int(re.UNICODE | re.ASCII)
_FLAGS: Final = int(_SORTS | re.DOTALL | re.VERBOSE)


def _read(pattern: str) -> _States:
    """
    Return the states of *pattern*; a warning of the parser was given when the pattern was first compiled.
    """
    if len(pattern) > _MOST_CHARACTERS:
        raise _Unsaid
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = _PARSER.parse(pattern)
    states = _States()
    states.start = _sequence(states, tree, _understood(tree.state.flags), _ACCEPT)
    return states


def _understood(flags: int) -> int:
    if flags & ~_FLAGS:
        raise _Unsaid
    return flags


def _sequence(states: _States, nodes: Any, flags: int, target: int) -> int:
    """
    Build *nodes*, the last one first, in front of *target*, and return the state in front of them all.
    """
    for operator, told in reversed(nodes.data):
        states.spend()
        target = _operation(operator)(states, told, flags, target)
    return target


def _operation(operator: Any) -> Operation:
    if operator.name not in _OPERATIONS:
        raise _Unsaid
    return _OPERATIONS[operator.name]


def _literal(states: _States, point: int, _flags: int, target: int) -> int:
    return states.character(_characters([(point, point)]), target)


def _not_literal(states: _States, point: int, _flags: int, target: int) -> int:
    return states.character(_characters([(point, point)], negated=True), target)


def _any(states: _States, _told: None, flags: int, target: int) -> int:
    but = [] if flags & _DOTALL else [(_LINE_END, _LINE_END)]
    return states.character(_characters(but, negated=True), target)


def _class(states: _States, told: list[tuple[Any, Any]], flags: int, target: int) -> int:
    negated = told[0][0].name == "NEGATE"
    ranges = [each for part in told[negated:] for each in _member(*part, flags)]
    return states.character(_characters(ranges, negated=negated), target)


def _member(operator: Any, told: Any, flags: int) -> Ranges:
    """
    Return the code points of one part of a class in brackets.
    """
    if operator.name == "LITERAL":
        return ((told, told),)
    if operator.name == "RANGE":
        return (told,)
    if operator.name == "CATEGORY" and told.name in _CATEGORIES:
        return _category(_CATEGORIES[told.name], flags & _ASCII)
    raise _Unsaid


def _group(states: _States, told: tuple[int | None, int, int, Any], flags: int, target: int) -> int:
    r"""
    Build a group, but none with a sort of characters of its own.

    In front of a pattern `re` overlooks that sort: it does not find `(?a:[\W])` in "é".
    """
    _number, added, removed, nodes = told
    if added & _SORTS:
        raise _Unsaid
    return _sequence(states, nodes, _understood((flags | added) & ~removed), target)


def _branch(states: _States, told: tuple[None, list[Any]], flags: int, target: int) -> int:
    return states.branch([_sequence(states, nodes, flags, target) for nodes in told[1]])


def _repeat(states: _States, told: tuple[int, int, Any], flags: int, target: int) -> int:
    """
    Build as many copies as there must be in front of those that there may be; the last of all may be a loop.
    """
    least, most, nodes = told
    if most == _PARSER.MAXREPEAT:
        target, least = _loop(states, nodes, flags, target, least)
    else:
        end = target
        for _ in range(most - least):
            target = states.branch([_sequence(states, nodes, flags, target), end])
    for _ in range(least):
        states.spend()
        target = _sequence(states, nodes, flags, target)
    return target


def _loop(states: _States, nodes: Any, flags: int, target: int, least: int) -> tuple[int, int]:
    """
    Return the state in front of a loop, and how many copies are still to be built before it.
    """
    again = states.branch([target])
    body = _sequence(states, nodes, flags, again)
    states.free[again].append((body, _ANYTHING))
    return (body, least - 1) if least else (again, 0)


def _anchor(states: _States, place: Any, _flags: int, target: int) -> int:
    if place.name not in _ANCHORS:
        raise _Unsaid
    return states.add(free=[(target, _ANCHORS[place.name])])


if TYPE_CHECKING:
    Operation = Callable[[_States, Any, int, int], int]

_OPERATIONS: Final[dict[str, Operation]] = {
    "LITERAL": _literal,
    "NOT_LITERAL": _not_literal,
    "ANY": _any,
    "IN": _class,
    "SUBPATTERN": _group,
    "BRANCH": _branch,
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "AT": _anchor,
}


# From states to the table


class _Places:
    """
    States together with what may follow, as numbers; a set of them is a number with a bit for each.

    Bytes that no state tells apart are one class.
    """

    def __init__(self, states: _States) -> None:
        self._free = states.free
        self._count = len(states.edges)
        edges = [edge for each in states.edges for edge in each]
        ends = {end for low, high, _ in edges for end in (low, high + 1)}
        # With 0 and 256: the accepting state leads on by every byte.
        self.cuts = sorted(ends | {_LINE_END, _LINE_END + 1})
        numbers = {cut: number for number, cut in enumerate(self.cuts)}
        self._line_end = numbers[_LINE_END]
        # From one class to before another, to a state.
        self._edges = [
            [(numbers[low], numbers[high + 1], target) for low, high, target in each] for each in states.edges
        ]
        self.accepting = sum(1 << follows * self._count for follows in (_ANYTHING, _NEWLINE, _NOTHING))
        self._opened: dict[int, int] = {}
        self._steps = 0
        # A text may begin to match at any of its bytes, so what it takes to begin is in each set.
        self._begin = self._open(states.start)
        self.first = _decided(self._open(states.start, first=True))

    def followed(self, places: int) -> list[int]:
        """
        Return the set that each class of bytes leads to.
        """
        reached = [self._begin] * (len(self.cuts) - 1)
        for place in _bits(places):
            for low, high, target in self._leading(place):
                opened = self._found(target)
                self._spend(high - low)
                for number in range(low, high):
                    reached[number] |= opened
        return [_decided(each) for each in reached]

    def _leading(self, place: int) -> list[Edge]:
        """
        Return the edges from *place*, each to another one.
        """
        follows, state = divmod(place, self._count)
        if follows == _ANYTHING:
            return self._edges[state]
        end, beyond = self._line_end, _NOTHING * self._count
        return [
            (end, end + 1, beyond + target)
            for low, high, target in self._edges[state]
            if follows == _NEWLINE and low <= end < high
        ]

    def _found(self, place: int) -> int:
        if place not in self._opened:
            self._opened[place] = self._open(place)
        return self._opened[place]

    def _open(self, place: int, *, first: bool = False) -> int:
        """
        Return the places that free steps lead to from *place*: those that have edges or accept.
        """
        seen: set[int] = set()
        waiting = [place]
        while waiting:
            reached = waiting.pop()
            if reached not in seen:
                self._spend(1)
                seen.add(reached)
                waiting.extend(self._stepped(reached, first=first))
        return sum(1 << each for each in seen if each % self._count == _ACCEPT or self._leading(each))

    def _stepped(self, place: int, *, first: bool) -> Iterator[int]:
        follows, state = divmod(place, self._count)
        for target, condition in self._free[state]:
            if first or condition != _FIRST:
                yield max(follows, condition) * self._count + target

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise _Unsaid


def _decided(places: int) -> int:
    """
    Leave out all other places where the pattern has been found and anything may follow.
    """
    return 1 << _ACCEPT if places >> _ACCEPT & 1 else places


def _bits(number: int) -> Iterator[int]:
    """
    Yield the places of the bits that are set.

    >>> list(_bits(0b100110))
    [1, 2, 5]
    """
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _table(places: _Places) -> Automaton:
    """
    Make a row of each set of places that bytes lead to, from the first one on.
    """
    numbers = {0: 0}
    start = numbers.setdefault(places.first, len(numbers))
    waiting = deque(list(numbers)[1:])
    rows = [bytes(512)]
    while waiting:
        followed = places.followed(waiting.popleft())
        waiting.extend(each for each in dict.fromkeys(followed) if each not in numbers)
        rows.append(_row(places.cuts, [numbers.setdefault(each, len(numbers)) for each in followed]))
        if len(numbers) > _MOST_ROWS:
            raise _Unsaid
    accepting = bytes(bool(each & places.accepting) for each in numbers)
    return Automaton(b"".join(rows), accepting, start)


def _row(cuts: list[int], targets: list[int]) -> bytes:
    """
    Write the target of each class for each byte of it.

    >>> _row([0, 2, 3], [256, 1]).hex()
    '000100010100'
    """
    return b"".join(
        target.to_bytes(2, "little") * (end - start)
        for (start, end), target in zip(pairwise(cuts), targets, strict=True)
    )
