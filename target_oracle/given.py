"""
Names as written -> our settings: aliases with a notice, foreign ones translated, unknown ones refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from target_oracle import foreign
from target_oracle.foreign import Untranslatable
from target_oracle.settings import PREFIX, SETTINGS
from target_oracle.sources import Source, merged

# How alike two names must be for one to be a slip of the other, from 0 to 1.
_ALIKE: Final = 0.6
# The environment holds variables of others too, so only a closer one is taken for a slip.
_ALIKE_VARIABLES: Final = 0.8


class Given(msgspec.Struct, frozen=True):
    """
    A value for one of our settings and the place where it stands, as a fault names it.
    """

    value: object
    place: str


class Reading(msgspec.Struct):
    """
    What sources gave: settings by name, what was understood otherwise than written, and what is wrong.

    It is *partial* where one of them could not be read.
    """

    settings: dict[str, Given] = msgspec.field(default_factory=dict)
    notices: list[str] = msgspec.field(default_factory=list)
    faults: list[str] = msgspec.field(default_factory=list)
    partial: bool = False

    def over(self, newer: Reading) -> Reading:
        """
        Return this with *newer* over it; objects are merged member by member.
        """
        settings = dict(self.settings)
        for name, given in newer.settings.items():
            older = settings.get(name)
            value = merged(older.value, given.value) if older else given.value
            settings[name] = Given(value, given.place)
        return Reading(
            settings,
            self.notices + newer.notices,
            self.faults + newer.faults,
            self.partial or newer.partial,
        )


def read(source: Source) -> Reading:
    """
    Return what a file gives; its faults name it.
    """
    reading = Reading()
    for name, value in _members(source.values):
        _take(reading, name, value, f"{source.label}: {name}")
    return reading


def read_variables(source: Source) -> Reading:
    """
    Return what the environment gives; a variable that is no setting is told, one that nearly is is refused.
    """
    reading = Reading()
    for name, value in source.values.items():
        variable = PREFIX + name.upper()
        if name in SETTINGS or name in foreign.NAMES:
            _take(reading, name, value, variable)
        elif slip := _nearest(name, SETTINGS, _ALIKE_VARIABLES):
            reading.faults.append(f'{variable}: unknown setting; did you mean "{PREFIX}{slip.upper()}"?')
        else:
            reading.notices.append(f"{variable} is no setting and is not read")
    return reading


def _members(values: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    """
    Give every setting, those inside foreign groups as "group.name".
    """
    for name, value in values.items():
        if name in foreign.GROUPS and isinstance(value, Mapping):
            for inner, inner_value in value.items():
                yield f"{name}.{inner}", inner_value
        else:
            yield name, value


def _take(reading: Reading, written: str, value: object, place: str) -> None:
    group, _, member = written.partition(".")
    name = member if group in foreign.GROUPS else written
    if name in SETTINGS:
        _keep(reading, name, value, place)
    elif name in foreign.ALIASES:
        setting = foreign.ALIASES[name]
        reading.notices.append(f"{place} is read as {setting}")
        _keep(reading, setting, value, f"{place} ({setting})")
    elif name in foreign.TRANSLATIONS:
        _translate(reading, name, value, place)
    elif name in foreign.ALWAYS:
        _compare(reading, name, value, place)
    else:
        reading.faults.append(f"{place}: {_refusal(name)}")


def _keep(reading: Reading, name: str, value: object, place: str) -> None:
    older = reading.settings.get(name)
    if older and older.value != value:
        reading.faults.append(f"{place}: is set otherwise by {older.place}; leave one of them out")
    reading.settings[name] = Given(value, place)


def _translate(reading: Reading, name: str, value: object, place: str) -> None:
    try:
        meant = foreign.TRANSLATIONS[name](value)
    except Untranslatable as fault:
        reading.faults.append(f"{place}: {fault}")
        return
    said = " and ".join(f"{setting} {meaning}" for setting, meaning in meant.items())
    reading.notices.append(f"{place} is read as {said or 'the default'}")
    for setting, meaning in meant.items():
        if setting == "table_options":
            _join(reading, str(meaning), f"{place} ({setting})")
        else:
            _keep(reading, setting, meaning, f"{place} ({setting})")


def _join(reading: Reading, options: str, place: str) -> None:
    older = reading.settings.get("table_options")
    text = f"{older.value} {options}" if older else options
    reading.settings["table_options"] = Given(text, place)


def _compare(reading: Reading, name: str, value: object, place: str) -> None:
    always, instead = foreign.ALWAYS[name]
    if str(value).lower() == str(always).lower():
        reading.notices.append(f"{place} is always so")
    else:
        reading.faults.append(f"{place}: {instead}")


def _refusal(name: str) -> str:
    if name in foreign.REFUSED:
        return foreign.REFUSED[name]
    near = _nearest(name, [*SETTINGS, *foreign.ALIASES], _ALIKE)
    return f'unknown setting; did you mean "{near}"?' if near else "unknown setting; --about lists them all"


def _nearest(name: str, names: Iterable[str], alike: float) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only a slip needs it

    near = get_close_matches(name.lower(), list(names), n=1, cutoff=alike)
    return foreign.ALIASES.get(near[0], near[0]) if near else None
