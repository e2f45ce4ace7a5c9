"""
What the surroundings want of the log: the file that Meltano writes and names in the environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# The second one is what Meltano sets for the plugins of pipelinewise.
_VARIABLES: Final = ("SINGER_SDK_LOG_CONFIG", "LOGGING_CONF_FILE")

# The last part of the formatter's name that means JSON lines: singer_sdk.logging.StructuredFormatter.
_STRUCTURED: Final = "StructuredFormatter"

_LEVELS: Final = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@dataclass(frozen=True, slots=True)  # no struct: a fault is told even where msgspec is not there
class Wish:
    """
    Level and form of the log; None: no wish.
    """

    level: str | None = None
    form: str | None = None


def wished(environ: Mapping[str, str]) -> Wish:
    """
    Read the file of SINGER_SDK_LOG_CONFIG or LOGGING_CONF_FILE; one that cannot be read wishes nothing.

    Only the root's level and the formatters' names are looked at: what is named there need not be installed.
    """
    path = next((environ[name] for name in _VARIABLES if environ.get(name)), None)
    if path is None:
        return Wish()
    try:
        text = Path(path).read_text(encoding="utf-8")
        return _from_json(text) if text.lstrip().startswith("{") else _from_ini(text)
    except (OSError, ValueError):
        return Wish()


def _from_json(text: str) -> Wish:
    said = json.loads(text)
    formatters = _member(said, "formatters").values()
    structured = any(str(_member({"": one}, "").get("()")).endswith(_STRUCTURED) for one in formatters)
    return Wish(_level(_member(said, "root").get("level")), "json" if structured else None)


def _member(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, Mapping) else {}


def _from_ini(text: str) -> Wish:
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - few runs have such a file

    said = RawConfigParser()
    try:
        said.read_string(text)
    except Error as fault:
        raise ValueError(str(fault)) from fault
    structured = any(said.get(part, "class", fallback="").endswith(_STRUCTURED) for part in said.sections())
    return Wish(_level(said.get("logger_root", "level", fallback=None)), "json" if structured else None)


def _level(said: object) -> str | None:
    level = str(said).upper()
    return level if level in _LEVELS else None
