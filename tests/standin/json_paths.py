"""
JSON paths: $.name, $."name", [n], as far as JSON_VALUE, JSON_QUERY and JSON_EXISTS need them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tests.standin import conversions, decimals
from tests.standin.refusal import Refusal, unsupported

_STEP = re.compile(r'\.(?:(\w+)|"([^"]+)")|\[(\d+)\]')
Steps = tuple["str | int", ...]
_MISSING = object()


def steps(path: str) -> Steps:
    """
    Read a path; one that is none is ORA-40442, filters and wildcards are not supported.
    """
    if not path.startswith("$"):
        raise Refusal(40442)
    found: list[str | int] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise unsupported(f"the JSON path {path}")
        found.append(int(match[3]) if match[3] is not None else match[1] or match[2])
        at = match.end()
    return tuple(found)


def _walk(text: Any, path: Steps) -> Any:
    try:
        here = conversions.load_json(text if isinstance(text, str) else text.decode())
    except (Refusal, UnicodeDecodeError):
        return _MISSING
    for step in path:
        if (isinstance(step, str) and isinstance(here, dict) and step in here) or (
            isinstance(step, int) and isinstance(here, list) and step < len(here)
        ):
            here = here[step]  # type: ignore[index]
        else:
            return _MISSING
    return here


def exists(text: Any, path: Steps) -> bool:
    """
    Tell whether there is something at a path.
    """
    return _walk(text, path) is not _MISSING


def scalar(text: Any, path: Steps) -> str | None:
    """
    Read a scalar at a path as text; NULL where there is none.
    """
    found = _walk(text, path)
    if found is _MISSING or found is None or isinstance(found, (dict, list)):
        return None
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, (int, Decimal)):
        return decimals.text(Decimal(found))
    return str(found) or None


def query(text: Any, path: Steps) -> str | None:
    """
    Read an object or array at a path as text; NULL where there is none.
    """
    found = _walk(text, path)
    return conversions.dump_json(found) if isinstance(found, (dict, list)) else None
