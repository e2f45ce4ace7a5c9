"""
A stream's columns -> the compiled way from RECORD lines to rows, and the slow way for lines that it refuses.

The compiled way is one msgspec decoder a stream: message type, stream name, JSON types, decimals and times
in one pass in C. Whatever it refuses is read again property by property, which either gives the same row or
says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import compress, count, islice
from operator import add, attrgetter, is_not, itemgetter
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from target_oracle.conversion import Converter
from target_oracle.faults import RowFault, TooLong
from target_oracle.moments import finish_times, parse_datetime, to_utc
from target_oracle.oracle.types import Column
from target_oracle.singer.messages import read_envelope
from target_oracle.singer.schema import Field
from target_oracle.validation import ColumnCheck

Row = tuple[Any, ...]
# What a decoder raises for a line that is not its own.
REFUSED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# What stands in a row for a property that the record lacks, where that is told apart from null.
ABSENT: Final = msgspec.UNSET
# Messages that are taken in one go: few enough for the cache where they are looked at twice, and few enough
# that the loader's thread, which waits for the interpreter meanwhile, has it within a millisecond.
TOGETHER: Final = 250
# A column whose values took the slow way this often gets its converter's relaxed form.
RELAX_AFTER: Final = 100


class Slot(msgspec.Struct, frozen=True):
    """
    One column of the rows: the property it comes from, the column it goes to, and how.

    *needed* refuses a record that lacks the property, *filled* one where it is null. With *partial* a
    property that the record lacks is ABSENT in the row. *read_as* is the property as its values are read,
    *check* and *most* characters are what its schema demands beyond that.
    """

    prop: Field
    column: Column
    converter: Converter
    key: bool = False
    needed: bool = False
    filled: bool = False
    notices: tuple[str, ...] = ()
    partial: bool = False
    read_as: Field | None = None
    check: ColumnCheck | None = None
    most: int | None = None


class Decoder:
    """
    The two ways from lines to rows for one version of a stream; rows are tuples in the order of *slots*.

    Its *edition* is another one whenever the fast way has changed; *relaxed* are the values for which it was.

    Each row ends in the message's *extras*: `time_extracted`, `version` or both, in this order.
    """

    def __init__(self, stream: str, slots: Sequence[Slot], *, extras: tuple[str, ...] = ()) -> None:
        self.stream = stream
        self.slots = tuple(slots)
        self.extras = extras
        self._extras_of = _tails(extras)
        self.tolerant = False
        self._demand: Callable[[bytes], None] | None = None
        self._slow_hits = [0] * len(self.slots)
        self._refused: dict[int, bytes] = {}
        self.edition = 0
        self.relaxed: tuple[tuple[int, bytes], ...] = ()
        self._known = frozenset(slot.prop.path[0] for slot in self.slots)
        self._compile()

    # --- the fast way

    def _compile(self) -> None:
        self.edition += 1
        named_oddly = any(_NOT_RENAMABLE & set("".join(slot.prop.path)) for slot in self.slots)
        if named_oddly or self._demand is not None:
            self.decode: Callable[[bytes], Any] = _no_fast_way
        else:
            envelope = _envelope(self.stream, self.slots, extras=self.extras, tolerant=self.tolerant)
            self.decode = msgspec.json.Decoder(envelope, float_hook=Decimal).decode
        self._to_rows = _to_rows(self.slots)
        self._readings: list[_Reading] = []

    def rows_into(self, rows: list[Row], lines: Iterator[bytes]) -> None:
        """
        Append a row a line to *rows*; raise one of REFUSED at the first line that is refused.

        Rows before that line stay appended: list.extend keeps what it had got when its iterator raises.
        """
        into = self._rows_into if not self.extras else self._rows_and_extras_into
        taken = TOGETHER
        while taken == TOGETHER:
            before = len(rows)
            into(rows, islice(lines, TOGETHER))
            taken = len(rows) - before

    def _rows_into(self, rows: list[Row], lines: Iterator[bytes]) -> None:
        rows.extend(self._to_rows(map(self.decode, lines)))

    def _rows_and_extras_into(self, rows: list[Row], lines: Iterator[bytes]) -> None:
        messages: list[Any] = []
        try:
            messages.extend(map(self.decode, lines))
        finally:
            rows.extend(map(add, self._to_rows(messages), self._extras_of(messages)))

    def _finish_extracted(self, rows: list[Row]) -> tuple[Sequence[Any], Sequence[Any]] | None:
        if "time_extracted" not in self.extras:
            return None
        found = list(map(itemgetter(len(self.slots)), rows))
        values, _ = finish_times(found)
        return None if values is found else (found, values)

    # --- the slow way

    def slow_row(self, record: bytes, extracted: str | None, version: int | None) -> Row:
        """
        Return the row of the JSON object *record*; raise RowFault, its column named.
        """
        try:
            values = _OBJECT.decode(record)
        except REFUSED as fault:
            raise RowFault("TYPE", f"the record is no readable JSON object: {fault}") from fault
        row = self._slow_values(values)
        if self._demand is not None:
            self._demand(record)
        if self.extras:
            extras = {"time_extracted": _moment(extracted), "version": version}
            row += (extras[name] for name in self.extras)
        return tuple(row)

    def _slow_values(self, values: Mapping[str, msgspec.Raw]) -> list[Any]:
        """
        Return what becomes of *values*, slot by slot; raise RowFault, its column named, at the first fault.
        """
        row: list[Any] = []
        opened: _Objects = {(): values}
        try:
            for slot, around, name, quick in self._all_readings():
                raw = (_members(opened, around) if around else values).get(name)
                if raw is None:
                    row.append(_missing(slot))
                    continue
                try:
                    row.append(quick(raw))  # it came this way for a neighbour's sake
                except REFUSED:
                    row.append(self._read(len(row), slot, bytes(raw)))
        except RowFault as fault:
            fault.column = fault.column or self.slots[len(row)].prop.name
            raise
        return row

    def _all_readings(self) -> list[_Reading]:
        self._readings = self._readings or [_reading(slot) for slot in self.slots]
        return self._readings

    def fault_of(self, position: int, text: bytes) -> tuple[str, str, str] | None:
        """
        Return code, reason and column of the fault that the JSON *text* in the column at *position* is.

        None where it is none, or where the column may yet grow. Of a record with nothing else wrong,
        `slow_row` says the same.
        """
        slot, _, _, quick = self._all_readings()[position]
        try:
            try:
                quick(text)
            except REFUSED:
                _value_of(slot, text)
        except TooLong:
            return None
        except RowFault as fault:
            # Not itself: with its traceback it would hold on to whoever has it.
            return fault.code, fault.why, fault.column or slot.prop.name
        return None

    def _read(self, position: int, slot: Slot, text: bytes) -> Any:
        """
        Return what the JSON *text* stands for that the fast way refuses, or raise RowFault.
        """
        value = _value_of(slot, text)
        if text != b"null":
            self._slow_hits[position] += 1
            self._refused[position] = text
        return value

    def any_rows(self, lines: Sequence[bytes]) -> list[Row]:
        """
        Return the rows of lines that were taken before, by whichever way.
        """
        rows: list[Row] = []
        rest = iter(lines)
        while len(rows) < len(lines):
            try:
                self.rows_into(rows, rest)
            except REFUSED:  # noqa: PERF203  # lines behind it may take the fast way again
                envelope = read_envelope(lines[len(rows)])
                record = bytes(envelope.record)  # type: ignore[arg-type]  # a RECORD has one
                rows.append(self.slow_row(record, envelope.time_extracted, envelope.version))
        return rows

    def unknown(self, record: bytes) -> list[str]:
        """
        Return the names in *record* that no column takes.
        """
        return [name for name in _OBJECT.decode(record) if name not in self._known]

    def adapt(self) -> bool:
        """
        Relax the columns whose values keep taking the slow way; tell whether the fast way changed.
        """
        tired = [n for n, hits in enumerate(self._slow_hits) if hits >= RELAX_AFTER]
        if not tired:
            return False
        for position in tired:
            self._slow_hits[position] = 0
        self.relax([(position, self._refused[position]) for position in tired])
        return True

    def relax(self, values: Iterable[tuple[int, bytes]]) -> None:
        """
        Let the fast way take *values*, each of the column at its position.
        """
        slots = list(self.slots)
        for position, raw in values:
            slots[position] = _relaxed(slots[position], raw)
            self.relaxed += ((position, raw),)
        self.slots = tuple(slots)
        self._compile()

    @property
    def has_fast_way(self) -> bool:
        """
        Tell whether any line may take the fast way.
        """
        return self.decode is not _no_fast_way

    def demand(self, check: Callable[[bytes], None] | None) -> None:
        """
        From now on let *check* see each whole record, which must then take the slow way; it raises RowFault.
        """
        self._demand = check
        self._compile()

    def tolerate_unknown(self) -> None:
        """
        From now on ignore properties that the schema lacks without leaving the fast way.
        """
        self.tolerant = True
        self._compile()

    # --- what a whole batch needs before it is bound

    def finish(self, rows: list[Row]) -> tuple[list[Row], dict[int, RowFault]]:
        """
        Return *rows* ready to be bound, and the faults of rows that are not, by position.
        """
        columns: dict[int, tuple[Sequence[Any], Sequence[Any]]] = {}
        faults: dict[int, RowFault] = {}
        for position, slot in enumerate(self.slots):
            if slot.converter.finish is None:
                continue
            found = list(map(itemgetter(position), rows))
            values, column_faults = _finish_column(slot, found)
            for row, fault in column_faults.items():
                fault.column = slot.prop.name
                faults.setdefault(row, fault)
            if values is not found:
                columns[position] = found, values
        extracted = self._finish_extracted(rows)
        if extracted is not None:
            columns[len(self.slots)] = extracted
        return (_with_columns(rows, columns) if columns else rows), faults


def _moment(text: str | None) -> datetime | None:
    """
    Return `time_extracted` in UTC; None where the tap wrote something else.
    """
    try:
        return to_utc(parse_datetime(text)) if text else None
    except RowFault:
        return None


def _finish_present(slot: Slot, found: list[Any]) -> tuple[Sequence[Any], dict[int, RowFault]]:
    """
    As `_finish_column`, for the values that are there; what is ABSENT stays so.
    """
    there = [n for n, value in enumerate(found) if value is not ABSENT]
    values, faults = _finish_column(replace(slot, partial=False), [found[n] for n in there])
    done: list[Any] = [ABSENT] * len(found)
    for n, value in zip(there, values, strict=True):
        done[n] = value
    return done, {there[n]: fault for n, fault in faults.items()}


def _finish_column(slot: Slot, found: list[Any]) -> tuple[Sequence[Any], dict[int, RowFault]]:
    if slot.partial and any(value is ABSENT for value in found):
        return _finish_present(slot, found)
    nulls: dict[int, RowFault] = {}
    if slot.filled and not slot.key:
        nulls = {n: _null_fault() for n, value in enumerate(found) if value is None or _is_null(value)}
        found = [None if value is msgspec.UNSET else value for value in found]
    values, faults = slot.converter.finish(found) if slot.converter.finish else (found, {})
    if slot.key:
        nulls = {n: _key_fault() for n, value in enumerate(values) if value is None or value == ""}
    return values, {**nulls, **faults}


def _is_null(value: Any) -> bool:
    return isinstance(value, msgspec.Raw) and bytes(value) == b"null"


def _null_fault() -> RowFault:
    return RowFault("TYPE", "null is none of the schema's types")


def _key_fault() -> RowFault:
    return RowFault("ORA-01400", "the key is NULL or empty")


def _missing(slot: Slot) -> Any:
    """
    Return what stands for a property that the record lacks; refuse where the key or the schema needs it.
    """
    if slot.key:
        raise RowFault("ORA-01400", "the key is missing")
    if slot.needed:
        raise RowFault("required", "the schema requires this property and the record lacks it")
    if slot.partial:
        return ABSENT
    return msgspec.UNSET if slot.filled and slot.converter.finish else None


def _value_of(slot: Slot, text: bytes) -> Any:
    """
    Return what the JSON *text* stands for by the rules of *slot*, or raise RowFault.
    """
    if text == b"null":
        return _no_value(slot, null=True)
    value = slot.converter.read(text)
    return _no_value(slot, null=False) if value is None else value


def _no_value(slot: Slot, *, null: bool) -> None:
    """
    Answer None for *slot*, or refuse it: a key is never NULL, and null must be of the schema's types.
    """
    if slot.key:
        raise _key_fault()
    if slot.filled and null:
        raise _null_fault()


def _with_columns(rows: list[Row], columns: Mapping[int, tuple[Sequence[Any], Sequence[Any]]]) -> list[Row]:
    """
    Return *rows* with other *columns*, each given as it was found and as it shall be.
    """
    changed = {position: _changed(*pair) for position, pair in columns.items()}
    if any(len(places) > len(rows) // _FEW for places in changed.values()):
        turned: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for position, (_, values) in columns.items():
            turned[position] = values
        return list(zip(*turned, strict=True))
    rows = list(rows)
    for position, places in changed.items():
        for n in places:
            rows[n] = (*rows[n][:position], columns[position][1][n], *rows[n][position + 1 :])
    return rows


def _changed(found: Sequence[Any], values: Sequence[Any]) -> list[int]:
    """
    Return where *values* are other ones than *found*; not all places where they are many.
    """
    return list(islice(compress(count(), map(is_not, found, values)), len(found) // _FEW + 1))


# Values of a column that change, in so many: with more, whole columns change.
_FEW: Final = 8


# A slot, the path of the object that its property is in, the property's name there, and what reads its value.
_Reading: TypeAlias = "tuple[Slot, tuple[str, ...], str, Callable[[msgspec.Raw | bytes], Any]]"


def _reading(slot: Slot) -> _Reading:
    *around, name = slot.prop.path
    return slot, tuple(around), name, _quickly(slot)


def _quickly(slot: Slot) -> Callable[[msgspec.Raw | bytes], Any]:
    """
    Return what reads one value of *slot* as the fast way does; raises one of REFUSED, or RowFault.
    """
    annotation, read = slot.converter.annotation, slot.converter.read
    if annotation is msgspec.Raw:
        return lambda raw: _no_value(slot, null=True) if bytes(raw) == b"null" else raw
    if annotation is Any:
        # The fast way takes any value for a number and looks at it later; here it is looked at now.
        return lambda raw: _no_value(slot, null=True) if bytes(raw) == b"null" else read(bytes(raw))
    if not (slot.key or slot.filled):
        annotation = annotation | None
    return msgspec.json.Decoder(annotation, float_hook=Decimal).decode


def _takes(converter: Converter, raw: bytes | msgspec.Raw) -> bool:
    """
    Tell whether the fast way takes *raw*: if so, it came the slow way for a neighbour's sake.
    """
    try:
        msgspec.json.decode(raw, type=converter.annotation)
    except REFUSED:
        return False
    return True


def _relaxed(slot: Slot, raw: bytes) -> Slot:
    """
    Return *slot* with the first of its converters that takes *raw* in the fast way.
    """
    converter = slot.converter
    while converter.relaxed and not _takes(converter, raw):
        converter = converter.relaxed
    return replace(slot, converter=converter)


# The objects of a record that were opened, by path; the record itself is at ().
_Objects: TypeAlias = "dict[tuple[str, ...], Mapping[str, msgspec.Raw]]"


def _members(opened: _Objects, path: tuple[str, ...]) -> Mapping[str, msgspec.Raw]:
    """
    Return the members of the object at *path*, none where it is not there; each is *opened* once a record.
    """
    if path not in opened:
        raw = _members(opened, path[:-1]).get(path[-1])
        try:
            opened[path] = {} if raw is None or bytes(raw) == b"null" else _OBJECT.decode(raw)
        except REFUSED as fault:
            raise RowFault("TYPE", "an object is expected here") from fault
    return opened[path]


_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _no_fast_way(_line: bytes) -> Any:
    raise msgspec.ValidationError("this stream has a property name or a demand that only the slow way reads")


# --- building the struct

# Names that msgspec's rename cannot carry: it compares them with the JSON text as it is.
_NOT_RENAMABLE: Final = frozenset('"\\') | frozenset(map(chr, range(32)))
_Entry: TypeAlias = "tuple[tuple[str, ...], Slot]"


def _envelope(
    stream: str, slots: Sequence[Slot], *, extras: tuple[str, ...], tolerant: bool
) -> type[msgspec.Struct]:
    record = _struct([(slot.prop.path, slot) for slot in slots], tolerant=tolerant)
    fields: list[Any] = [("type", Literal["RECORD"]), ("stream", Literal[stream]), ("record", record)]
    fields += [(name, _EXTRAS[name], None) for name in extras]
    return msgspec.defstruct("Message", fields, gc=False)


_EXTRAS: Final[Mapping[str, Any]] = {"time_extracted": datetime | None, "version": int | None}


def _struct(entries: Sequence[_Entry], *, tolerant: bool) -> type[msgspec.Struct]:
    """
    Return the struct of the properties at this level; an object that is flattened is a struct of its own.
    """
    fields: list[Any] = []
    rename: dict[str, str] = {}
    for position, (name, inner) in enumerate(_by_name(entries)):
        rename[f"c{position}"] = name
        if inner[0][0] == ():
            fields.append(_leaf(f"c{position}", inner[0][1]))
        else:
            nested = _struct(inner, tolerant=True)
            if any(slot.key or slot.needed or slot.filled for _, slot in inner):
                fields.append(
                    (f"c{position}", nested)
                )  # without it the record takes the slow way, as in `_leaf`
            else:
                fields.append((f"c{position}", nested, msgspec.field(default_factory=nested)))
    return msgspec.defstruct(
        "Record", fields, rename=rename, gc=False, kw_only=True, forbid_unknown_fields=not tolerant
    )


def _by_name(entries: Sequence[_Entry]) -> list[tuple[str, list[_Entry]]]:
    groups: dict[str, list[_Entry]] = {}
    for path, slot in entries:
        groups.setdefault(path[0], []).append((path[1:], slot))
    return list(groups.items())


def _leaf(name: str, slot: Slot) -> tuple[Any, ...]:
    annotation = slot.converter.annotation
    if annotation is not msgspec.Raw and annotation is not Any and not (slot.filled or slot.key):
        annotation = annotation | None
    if slot.partial and not slot.needed:
        return (name, annotation if annotation is Any else annotation | msgspec.UnsetType, ABSENT)
    if slot.key or slot.needed or slot.filled:
        return (name, annotation)  # without a default: a record that lacks it takes the slow way
    return (name, annotation, None)


def _to_rows(slots: Sequence[Slot]) -> Callable[[Iterable[Any]], Iterator[Row]]:
    """
    Return what turns decoded messages into full-width tuples, in C.
    """
    if all(len(slot.prop.path) == 1 for slot in slots):
        record, as_tuple = attrgetter("record"), msgspec.structs.astuple
        return lambda messages: map(as_tuple, map(record, messages))
    paths = _attributes([slot.prop.path for slot in slots], "record")
    pick = attrgetter(*paths)
    if len(paths) == 1:
        return lambda messages: ((pick(message),) for message in messages)
    return lambda messages: map(pick, messages)


def _tails(extras: Sequence[str]) -> Callable[[Iterable[Any]], Iterator[Row]]:
    """
    Return what takes *extras* from decoded messages, a tuple each, in C.
    """
    if len(extras) > 1:
        pick = attrgetter(*extras)
        return lambda messages: map(pick, messages)
    singles = [attrgetter(name) for name in extras]
    return lambda messages: zip(*(map(single, messages) for single in singles), strict=True)


def _attributes(paths: Sequence[tuple[str, ...]], prefix: str) -> list[str]:
    """
    Return the dotted attribute of each of *paths*, as `_struct` numbers them.
    """
    names = list(dict.fromkeys(path[0] for path in paths))
    inner: dict[str, list[str]] = {}
    for position, name in enumerate(names):
        here = [path[1:] for path in paths if path[0] == name]
        dotted = f"{prefix}.c{position}"
        inner[name] = [dotted] if here == [()] else _attributes(here, dotted)
    taken = {name: iter(attributes) for name, attributes in inner.items()}
    return [next(taken[path[0]]) for path in paths]
