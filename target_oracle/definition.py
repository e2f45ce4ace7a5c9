"""
The program as Meltano knows it: a loader definition made from the table of settings, which is plugin.yaml.

Values are written as JSON, which is YAML too. No default stands in it: what the operator does not set stays
the program's own to decide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from target_oracle import foreign
from target_oracle.settings import SETTINGS, Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KINDS: Final = {"number": "decimal"}
# Each a set of settings that is enough to connect.
_CONNECTIONS: Final = (
    ("host", "service_name", "user", "password"),
    ("host", "service_name", "user", "password_file"),
    ("host", "sid", "user", "password"),
    ("dsn", "user", "password"),
    ("dsn", "user", "password_file"),
    ("dsn", "access_token"),
    ("dsn", "external_auth"),
)
_HEAD: Final = {
    "name": "target-oracle",
    "namespace": "target_oracle",
    "variant": "exact",
    "label": "Oracle Database",
    "executable": "target-oracle",
    "pip_url": "target-oracle",
    "dialect": "oracle",
}
_COMMANDS: Final = {
    "check": ("--config ENV --check", "Show the server, and what is missing with the GRANT that gives it"),
    "last-state": ("--config ENV --print-state", "Print the last committed STATE of loader_id"),
}


def page(description: str, capabilities: Iterable[str]) -> str:
    """
    Return the definition as YAML.
    """
    lines = [f"{name}: {value}" for name, value in _HEAD.items()]
    lines += [f"description: {json.dumps(description)}", "capabilities:"]
    lines += [f"- {capability}" for capability in capabilities]
    lines.append("settings_group_validation:")
    lines += [f"- [{', '.join(names)}]" for names in _CONNECTIONS]
    lines.append("commands:")
    for name, (words, what) in _COMMANDS.items():
        lines += [f"  {name}:", f"    args: {words}", f"    description: {json.dumps(what)}"]
    lines.append("settings:")
    for setting in SETTINGS.values():
        lines += _setting(setting)
    return "\n".join(lines) + "\n"


def _setting(setting: Setting) -> Iterator[str]:
    said: dict[str, Any] = {"label": setting.title, "kind": _KINDS.get(setting.kind, setting.kind)}
    if setting.options:
        said["kind"] = "options"
    said["description"] = setting.doc
    if setting.default not in (None, (), {}, ""):
        said["placeholder"] = f"by default {json.dumps(setting.default)}"
    if setting.secret:
        said["sensitive"] = True
    if aliases := foreign.aliases_of(setting.name):
        said["aliases"] = list(aliases)
    yield f"- name: {setting.name}"
    yield from (f"  {word}: {json.dumps(value, ensure_ascii=False)}" for word, value in said.items())
    if setting.options:
        yield "  options:"
        yield from (f"  - {json.dumps({'label': option, 'value': option})}" for option in setting.options)
