"""
What a schema demands beyond types, laid over a column's converter.

In C where msgspec can, else over whole columns.

A length that the schema states is one of these demands: a text longer than its `maxLength` is a reject,
while a text that only its column is too short for makes the column grow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec.structs import replace

from target_oracle.conversion import Converter, Faults, Finish
from target_oracle.faults import RowFault
from target_oracle.singer.schema import Field
from target_oracle.validation import ColumnCheck, compile_record_check, explain, parse_json


def conforming(converter: Converter, prop: Field, check: ColumnCheck | None) -> Converter:
    """
    Return *converter* with the demands of *prop*'s schema, of which *check* is compiled.

    The same one for none.
    """
    most = prop.max_length if prop.types == {"string"} else None
    if (check is None or (check.accepts is None and not check.starts)) and most is None:
        return converter
    return _Demands(prop, check, most).over(converter)


def whole_record(schema: Mapping[str, Any]) -> Callable[[bytes], None] | None:
    """
    Return what raises RowFault for a record that *schema* refuses as a whole.

    None where each property says all.
    """
    accepts = compile_record_check(schema)
    if accepts is None:
        return None

    def demand(record: bytes) -> None:
        parsed = parse_json(record)
        if not accepts(parsed):
            raise RowFault("schema", explain(schema, parsed))

    return demand


class _Demands:
    """
    The demands on one property: *check* for what is compiled, *most* characters.
    """

    def __init__(self, prop: Field, check: ColumnCheck | None, most: int | None) -> None:
        self._prop = prop
        self._check = check
        self._most = most

    def over(self, converter: Converter) -> Converter:
        """
        Return *converter*, and what it relaxes to, under the demands.
        """
        relaxed = self.over(converter.relaxed) if converter.relaxed else None
        read = self._read(converter.read)
        if converter.annotation is msgspec.Raw:
            return Converter(msgspec.Raw, msgspec.Raw, self._finish_raw(converter.finish), relaxed)
        annotation = self._annotation(converter.annotation)
        if annotation is None:
            # Only the JSON text tells: this column takes the way of the relaxed ones.
            return (
                replace(relaxed, read=read)
                if relaxed
                else Converter(msgspec.Raw, msgspec.Raw, self._finish_raw(each_read(converter)))
            )
        return Converter(annotation, read, self._finish(converter.finish), relaxed)

    # --- one value

    def _excess(self, raw: bytes) -> RowFault | None:
        if self._most is None or raw[:1] != b'"' or len(raw) - 2 <= self._most:
            return None
        chars = len(_text(raw))
        if chars <= self._most:
            return None
        return RowFault(
            "ORA-12899", f"the text of {chars} characters is longer than its maxLength {self._most}"
        )

    def _refusal(self, raw: bytes) -> RowFault | None:
        check = self._check
        if check is not None and (check.accepts is not None or check.starts) and not check.accepts_json(raw):
            return RowFault("schema", explain(self._prop.schema, parse_json(raw)))
        return None

    def _read(self, read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        def demanding(raw: bytes) -> Any:
            excess = self._refusal_of_text(raw, self._excess)
            if excess is not None:
                raise excess  # before its column would grow for it
            value = read(raw)  # what its type refuses is told before what its schema does
            fault = self._refusal(raw)
            if fault is not None:
                raise fault
            return value

        return demanding

    # --- whole columns

    def _finish_raw(self, finish: Finish | None) -> Finish:
        def demanding(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
            faults: Faults = {}
            for position, value in enumerate(values):
                raw = bytes(value) if isinstance(value, msgspec.Raw) else b"null"
                fault = None if raw == b"null" else self._fault_of(raw)
                if fault is not None:
                    faults[position] = fault
            done, more = finish(values) if finish else (values, {})
            return done, {**faults, **more}

        return demanding

    def _fault_of(self, raw: bytes) -> RowFault | None:
        return self._refusal_of_text(raw, self._excess) or self._refusal_of_text(raw, self._refusal)

    @staticmethod
    def _refusal_of_text(raw: bytes, judge: Callable[[bytes], RowFault | None]) -> RowFault | None:
        try:
            return judge(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return RowFault("TEXT", "the text is no Unicode: it holds a lone surrogate or broken UTF-8")

    def _finish(self, finish: Finish | None) -> Finish | None:
        check = self._check
        if check is None or check.rest is None:
            return finish

        def demanding(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
            faults = {
                position: RowFault("schema", explain(self._prop.schema, values[position]))
                for position in check.faulty(values)
            }
            done, more = finish(values) if finish else (values, {})
            return done, {**faults, **more}

        return demanding

    # --- the fast way

    def _annotation(self, plain: Any) -> Any:
        """
        Return what the decoder declares so that it refuses what it can refuse.

        None when it cannot see the value.
        """
        check = self._check
        if check is not None and not check.by_value:
            return None
        if check is not None and check.choices:
            return Literal[check.choices]
        sort, known = _meta_of(plain)
        if sort not in (int, str):
            return plain
        return Annotated[sort, msgspec.Meta(**_stricter(known, self._wanted(sort)))]

    def _wanted(self, sort: type) -> dict[str, Any]:
        wanted = dict(self._check.meta) if self._check else {}
        if sort is str and self._most is not None:
            wanted["max_length"] = self._most
        return wanted


def each_read(converter: Converter) -> Finish:
    """
    Return a finish that reads every Raw value the slow way.
    """

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        out: list[Any] = []
        faults: Faults = {}
        for position, value in enumerate(values):
            raw = bytes(value) if isinstance(value, msgspec.Raw) else b"null"
            try:
                out.append(None if raw == b"null" else converter.read(raw))
            except RowFault as fault:
                faults[position] = fault
                out.append(None)
        done, more = converter.finish(out) if converter.finish else (out, {})
        return done, {**more, **faults}

    return finish


def _text(raw: bytes) -> str:
    return msgspec.json.decode(raw, type=str)


# Which of two bounds is the stricter one; a pattern and an exclusive bound come from the schema alone.
_STRICTER: Final[dict[str, Callable[[int, int], int]]] = {
    "ge": max,
    "le": min,
    "min_length": max,
    "max_length": min,
}
_TWINS: Final = {"gt": "ge", "lt": "le"}


def _stricter(known: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    both = dict(known)
    for name, bound in wanted.items():
        if name in _TWINS:
            # msgspec takes one bound a side; whole numbers have no room between > n and >= n + 1.
            name, bound = _TWINS[name], bound + (1 if name == "gt" else -1)  # noqa: PLW2901  # the same bound, written otherwise
        both[name] = _STRICTER[name](both[name], bound) if name in both and name in _STRICTER else bound
    return both


def _meta_of(annotation: Any) -> tuple[Any, dict[str, Any]]:
    if get_origin(annotation) is not Annotated:
        return annotation, {}
    sort, meta = get_args(annotation)
    names = ("ge", "le", "min_length", "max_length", "pattern")
    return sort, {name: getattr(meta, name) for name in names if getattr(meta, name) is not None}
