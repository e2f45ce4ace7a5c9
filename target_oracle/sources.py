"""
Where settings come from: JSON files and the environment, each read to values under the names written there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from target_oracle import dotenv
from target_oracle.errors import ConfigError
from target_oracle.settings import PREFIX

# ${NAME} in a text of a file stands for a variable; $${NAME} for itself.
_REFERENCE: Final = re.compile(r"\$(\$\{|\{([A-Za-z_][A-Za-z0-9_]*)\})")


class FromEnvironment(str):
    """
    A text that came from the environment, where all is text: it is read as the setting's type wants it.
    """

    __slots__ = ()


class Source(msgspec.Struct, frozen=True):
    """
    Values under their names as written in one place; *label* names the place.
    """

    label: str
    values: Mapping[str, object]


def read_file(path: str, environ: Mapping[str, str]) -> Source:
    """
    Read a JSON file; null is absent, dotted names are nested, ${NAME} is taken from *environ*.

    Raise ConfigError with all its faults, none of which quotes a value.
    """
    faults: list[str] = []
    values = _resolved(_parsed(path), "", environ, faults)
    if faults:
        raise ConfigError(*(f"{path}: {fault}" for fault in faults))
    return Source(path, _nested(values))


def _parsed(path: str) -> dict[str, object]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read: {os.strerror(fault.errno or 0)}") from fault
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{path}: is not UTF-8 at byte {fault.start}") from fault
    try:
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as fault:
        why = f"is no JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}"
        raise ConfigError(f"{path}: {why}") from fault
    except (ValueError, RecursionError) as fault:
        raise ConfigError(f"{path}: is no JSON that can be read: {fault}") from fault
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must be a JSON object of settings")
    return values


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in values if names.count(name) > 1)
        raise ValueError(f'"{twice}" stands there twice')
    return values


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is no number")


def _resolved(
    values: Mapping[str, object], place: str, environ: Mapping[str, str], faults: list[str]
) -> dict[str, object]:
    """
    Return *values* without nulls and with references resolved; tell missing variables to *faults*.
    """

    def resolve(value: object, place: str) -> object:
        if isinstance(value, str):
            return _substituted(value, environ, lambda name: faults.append(_missing(place, name)))
        if isinstance(value, list):
            return [resolve(item, place) for item in value]
        return _resolved(value, f"{place}.", environ, faults) if isinstance(value, dict) else value

    return {name: resolve(value, place + name) for name, value in values.items() if value is not None}


def _missing(place: str, name: str) -> str:
    return f"{place}: the environment has no variable {name}"


def _substituted(text: str, environ: Mapping[str, str], miss: Callable[[str], None]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[2]
        if name is None:
            return "${"
        if name not in environ:
            miss(name)
        return environ.get(name, "")

    result, _ = _REFERENCE.subn(value, text)
    mentions = any(found[2] for found in _REFERENCE.finditer(text))
    return FromEnvironment(result) if mentions else result


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    """
    Nest dotted names, as Meltano writes them when it does not do so itself.
    """
    nested: dict[str, object] = {}
    for name, value in values.items():
        *outer, last = name.split(".")
        place = nested
        for part in outer:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ConfigError(f'"{name}" and "{part}" cannot both be set')
            place = inner
        place[last] = merged(place.get(last), value)
    return nested


def merged(older: object, newer: object) -> object:
    """
    Return *newer* over *older*: objects member by member, all else whole.

    >>> merged({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}})
    {'a': 1, 'b': {'c': 2, 'd': 3}}
    """
    if not (isinstance(older, Mapping) and isinstance(newer, Mapping)):
        return newer
    return {**older, **{name: merged(older.get(name), value) for name, value in newer.items()}}


def read_environment(environ: Mapping[str, str], folder: Path) -> Source:
    """
    Read TARGET_ORACLE_<SETTING>; what is not in *environ* may stand in the `.env` of *folder* or above.

    An empty variable is an absent one.
    """
    found = {**_dotenv(folder), **environ}
    values = {
        name.removeprefix(PREFIX).lower(): FromEnvironment(value)
        for name, value in found.items()
        if name.startswith(PREFIX) and value
    }
    return Source("", values)


def _dotenv(folder: Path) -> dict[str, str]:
    path = dotenv.find(folder)
    if path is None:
        return {}
    try:
        return dotenv.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read") from fault
