"""
What a setting's value must be: its type, its range, its shape, and what it may stand beside.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from target_oracle import foreign
from target_oracle.given import Given, Reading, read
from target_oracle.oracle.options import check_table_options
from target_oracle.settings import SETTINGS, SSH, Kind, Setting
from target_oracle.sources import FromEnvironment, Source

_BOOLEANS: Final = {
    "true": True, "1": True, "yes": True, "on": True,
    "false": False, "0": False, "no": False, "off": False,
}  # fmt: skip


class Unfit(ValueError):
    """
    A value is not what its setting takes; the text says what it must be and quotes no secret.
    """


def values(reading: Reading, *, per_stream: bool = False) -> dict[str, Any]:
    """
    Return the checked values of *reading* by setting; it is told what is wrong and what is read otherwise.
    """
    found = {
        name: _value_or_fault(SETTINGS[name], given, reading, per_stream=per_stream)
        for name, given in reading.settings.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _value_or_fault(setting: Setting, given: Given, told: Reading, *, per_stream: bool) -> Any:
    try:
        return _value(setting, given, told, per_stream=per_stream)
    except Unfit as why:
        told.faults.append(f"{given.place}: {why}")
        return None


def _value(setting: Setting, given: Given, told: Reading, *, per_stream: bool) -> Any:
    value = value_of(setting, given.value)
    if per_stream and not setting.per_stream:
        raise Unfit("is a setting of the whole run; it cannot stand under streams")
    if setting.name in _SHAPES:
        return _SHAPES[setting.name](value, given.place, told)
    if setting.options and str(value).lower() != str(given.value).strip().lower():
        told.notices.append(f"{given.place}: {given.value} is read as {value}")
    return value


def value_of(setting: Setting, value: object) -> Any:
    """
    Return *value* as *setting* takes it, None where that means absent; raise Unfit.
    """
    cast = (_FROM_TEXT if isinstance(value, FromEnvironment) else _FROM_JSON)[setting.kind]
    found = cast(value)
    if setting.options:
        return _option(setting, found)
    if found == "" and setting.default is None:
        return None
    if setting.least is not None or setting.most is not None:
        _refuse_outside(setting, found)
    return found


def _option(setting: Setting, text: str) -> str | None:
    lower = text.strip().lower()
    if setting.name == "load_method":
        lower = foreign.LOAD_METHODS.get(lower, lower)
    for option in setting.options:
        if option.lower() == lower:
            return option
    raise Unfit(f"must be {' or '.join(setting.options)}, not {text!r}")


def _refuse_outside(setting: Setting, number: float) -> None:
    least, most = setting.least, setting.most
    if most is None and least is not None and number < least:
        raise Unfit(f"must be {least} or more, not {number}")
    if most is not None and least is not None and not least <= number <= most:
        raise Unfit(f"must be {least} to {most}, not {number}")


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit(f"must be a text, not {_word(value)}")
    if "\0" in value:
        raise Unfit("must not hold U+0000")
    return str(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"must be an integer, not {_word(value)}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Unfit(f"must be a number, not {_word(value)}")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unfit(f"must be true or false, not {_word(value)}")
    return value


def _array(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unfit(f"must be a list of texts, not {_word(value)}")
    return tuple(str(item) for item in items)


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unfit(f"must be an object, not {_word(value)}")
    return value


# bool stands before int, which it is too.
_WORDS: Final = (
    (str, "a text"),
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (list, "such a list"),
    (Mapping, "an object"),
)


def _word(value: object) -> str:
    """
    Name the kind of *value*, which may be a secret.
    """
    return next((word for kind, word in _WORDS if isinstance(value, kind)), "nothing")


def _text_integer(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text):
        raise Unfit("must be an integer")
    return int(text)


def _text_number(text: str) -> float:
    try:
        return _number(float(text))
    except ValueError:
        raise Unfit("must be a number") from None


def _text_boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise Unfit("must be true or false") from None


def _text_array(text: str) -> tuple[str, ...]:
    return _array(_text_json(text) if text.lstrip().startswith("[") else str(text))


def _text_object(text: str) -> Mapping[str, Any]:
    return _object(_text_json(text))


def _text_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise Unfit("must be JSON") from None


_FROM_JSON: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}
_FROM_TEXT: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "string": _string,
    "integer": _text_integer,
    "number": _text_number,
    "boolean": _text_boolean,
    "array": _text_array,
    "object": _text_object,
}


def _streams(given: Mapping[str, Any], place: str, told: Reading) -> dict[str, dict[str, Any]]:
    """
    Check the settings of each glob under `streams`.
    """
    found: dict[str, dict[str, Any]] = {}
    for glob, settings in _objects(given, place, told):
        reading = read(Source(f"{place}.{glob}", settings))
        found[glob] = values(reading, per_stream=True)
        told.faults += reading.faults
        told.notices += reading.notices
    return found


def _columns(given: Mapping[str, Any], place: str, told: Reading) -> dict[str, dict[str, dict[str, Any]]]:
    """
    Check what `columns` says of each property of each stream.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for stream, properties in _objects(given, place, told):
        found[stream] = {}
        for name, says in _objects(properties, f"{place}.{stream}", told):
            found[stream][name] = _members(says, f"{place}.{stream}.{name}", told, _COLUMN, "a column")
    return found


def _objects(given: Mapping[str, Any], place: str, told: Reading) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield name, value
        else:
            told.faults.append(f"{place}.{name}: must be an object, not {_word(value)}")


Casts = Mapping[str, Callable[[Any, str, "Reading"], Any]]


def _members(says: Mapping[str, Any], place: str, told: Reading, casts: Casts, whose: str) -> dict[str, Any]:
    """
    Check the members of an object, of which those of *casts* are known.
    """
    told.faults.extend(
        f"{place}.{name}: is unknown; {whose} has {', '.join(casts)}" for name in says if name not in casts
    )
    return {name: cast(says[name], f"{place}.{name}", told) for name, cast in casts.items() if name in says}


def _batch(given: Mapping[str, Any], place: str, told: Reading) -> dict[str, dict[str, Any]]:
    """
    Check `batch_config`, which the Singer SDK has for taps: a target reads in it what a BATCH leaves unsaid.
    """
    told.faults.extend(
        f"{place}.{part}: is unknown; batch_config has {', '.join(_BATCH)}"
        for part in given
        if part not in _BATCH
    )
    found = {
        part: _members(says, f"{place}.{part}", told, _BATCH[part], part)
        for part, says in _objects(given, place, told)
        if part in _BATCH
    }
    if "format" not in found.get("encoding", {"format": None}):
        told.faults.append(f"{place}.encoding.format: is missing")
    if "prefix" in found.get("storage", {}):
        told.notices.append(
            f"{place}.storage.prefix: names what a tap writes; the files of a BATCH have names"
        )
    return found


def _told(cast: Callable[[Any], Any]) -> Callable[[Any, str, Reading], Any]:
    """
    Return *cast* as one that tells faults instead of raising them.
    """

    def checked(value: object, place: str, told: Reading) -> Any:
        try:
            return cast(value)
        except Unfit as why:
            told.faults.append(f"{place}: {why}")
            return None

    return checked


_COLUMN: Final[Casts] = {
    "type": _told(_string),
    "name": _told(_string),
    "ignore": _told(_boolean),
}


def _one_of(*options: str) -> Callable[[Any, str, Reading], Any]:
    def known(value: object) -> str:
        text = _string(value)
        if text not in options:
            raise Unfit(f"must be one of {', '.join(options)}")
        return text

    return _told(known)


_BATCH: Final[Mapping[str, Casts]] = {
    "encoding": {"format": _one_of("jsonl", "parquet", "arrow"), "compression": _one_of("gzip", "none")},
    "storage": {"root": _told(_string), "prefix": _told(_string)},
}


_SSH: Final[Casts] = {one.name: _told(partial(value_of, one)) for one in SSH}


def _tunnel(given: Mapping[str, Any], place: str, told: Reading) -> dict[str, Any]:
    """
    Check the members of `ssh_tunnel`; nothing where it is not enabled.
    """
    said = _members(given, place, told, _SSH, "a tunnel")
    found = {one.name: one.default for one in SSH if one.default is not None}
    found.update((name, value) for name, value in said.items() if value is not None)
    if not found.pop("enable"):
        return {}
    told.faults.extend(f"{place}.{name}: is missing" for name in ("host", "username") if name not in found)
    if not found.keys() & {"private_key", "password"}:
        told.faults.append(f"{place}.private_key: is missing; set it or password")
    return found


def _schemas(given: Mapping[str, Any], place: str, told: Reading) -> dict[str, str]:
    """
    Check `schema_mapping`; pipelinewise writes {"public": {"target_schema": "DW"}} for {"public": "DW"}.
    """
    found: dict[str, str] = {}
    for source, target in given.items():
        said = target.get("target_schema") if isinstance(target, Mapping) and len(target) == 1 else target
        if isinstance(said, str) and said:
            found[source] = str(said)
        else:
            told.faults.append(
                f'{place}.{source}: must be the name of a schema, or {{"target_schema": its name}}; '
                "for indices use custom_indexes, for grants default_target_schema_select_permissions"
            )
    return found


def _pattern(text: str, _place: str, _told: Reading) -> str:
    known = re.sub(r"\{(?:stream|schema|table)\}", "", text)
    if "{" in known or "}" in known:
        raise Unfit("may hold {stream}, {schema} and {table} only")
    if not re.search(r"\{(?:stream|table)\}", text):
        raise Unfit("must hold {stream} or {table}, or all streams share one table")
    return text


def _no_credentials(dsn: str, _place: str, _told: Reading) -> str:
    if re.match(r"[^/@(:?]*/[^@]*@", dsn):
        raise Unfit("must not hold user and password; use user and password")
    return dsn


def _table_options(text: str, _place: str, _told: Reading) -> str:
    try:
        return check_table_options(text)
    except ValueError as fault:
        raise Unfit(str(fault).removeprefix("table_options: ")) from None


_SHAPES: Final[Mapping[str, Callable[[Any, str, Reading], Any]]] = {
    "streams": _streams,
    "columns": _columns,
    "schema_mapping": _schemas,
    "batch_config": _batch,
    "table_name_pattern": _pattern,
    "dsn": _no_credentials,
    "table_options": _table_options,
    "ssh_tunnel": _tunnel,
}


def together(found: Mapping[str, Any], given: Mapping[str, Given]) -> list[str]:
    """
    Return a fault for each pair of settings that cannot be as they are.

    A setting that was given and is wrong by itself is not missing too.
    """
    has = {name for name in SETTINGS if found.get(name) not in (None, "", False)}
    has |= given.keys() - found.keys()
    if str(found.get("dsn", "")).startswith(_PROVIDER):
        has.add(_PROVIDER)
    return [
        *(why for missing, why in _MISSING if missing(has)),
        *(f"{_place(one, given)}: {why}" for one, other, why in _APART if one in has and other in has),
        *_values_together(found, given),
    ]


def _place(name: str, given: Mapping[str, Given]) -> str:
    return given[name].place if name in given else name


# A dsn such as config-azure://... names a store that may hold user and password too (python-oracledb,
# centralized configuration providers).
_PROVIDER: Final = "config-"


def _provided(has: set[str]) -> bool:
    """
    Say whether something else than settings may tell who logs in.
    """
    return bool(has & {"access_token", "external_auth", _PROVIDER})


_MISSING: Final[tuple[tuple[Callable[[set[str]], bool], str], ...]] = (
    (
        lambda has: not has & {"dsn", "host"},
        "host: is missing; set host with service_name or sid, or set dsn",
    ),
    (
        lambda has: "host" in has and not has & {"dsn", "service_name", "sid"},
        "service_name: is missing; set it beside host (or sid, or use dsn alone)",
    ),
    (
        lambda has: "user" not in has and not _provided(has),
        "user: is missing",
    ),
    (
        lambda has: not has & {"password", "password_file"} and not _provided(has),
        "password: is missing; set it, password_file, access_token or external_auth",
    ),
    (
        lambda has: "https_proxy_port" in has and "https_proxy" not in has,
        "https_proxy: is missing beside https_proxy_port",
    ),
)

_APART: Final = (
    ("dsn", "host", "stands in place of host; leave one of them out"),
    ("dsn", "service_name", "stands in place of service_name; leave one of them out"),
    ("dsn", "sid", "stands in place of sid; leave one of them out"),
    ("service_name", "sid", "stands in place of sid; leave one of them out"),
    ("password", "password_file", "stands in place of password_file; leave one of them out"),
)


# What the ledger's column holds, less the name of the lease beside it.
_LOADER_ID_CHARS: Final = 120


def _values_together(found: Mapping[str, Any], given: Mapping[str, Given]) -> Iterator[str]:
    def value(name: str) -> Any:
        return found.get(name, SETTINGS[name].default)

    thin = value("driver_mode") == "thin"
    if "host" in found and value("protocol") == "tcp":
        for name in ("https_proxy", "access_token", *(["wallet_location"] if thin else [])):
            if value(name):
                yield f"{_place(name, given)}: needs TLS; set protocol to tcps"
    if value("client_lib_dir") and thin:
        yield f"{_place('client_lib_dir', given)}: is for thick mode; set driver_mode to thick"
    allowed, places = value("max_rejects") or value("max_rejects_percent"), ("reject_file", "reject_table")
    if allowed and not any(map(value, places)):
        yield "max_rejects: needs a place for the rejects; set reject_file or reject_table"
    if value("retry_delay") > value("retry_max_delay"):
        yield f"{_place('retry_delay', given)}: must not be longer than retry_max_delay"
    if len(value("loader_id") or "") > _LOADER_ID_CHARS:
        yield f"{_place('loader_id', given)}: is longer than {_LOADER_ID_CHARS} characters"
    if value("loader_id") and not value("ledger"):
        yield f"{_place('loader_id', given)}: lives in the ledger; set ledger to true"
