"""
What the program is and takes, as text, as the Singer SDK's JSON, and as Markdown, which is docs/settings.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from target_oracle import __version__, definition, foreign, manpage
from target_oracle.settings import GROUPS, SETTINGS, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "target-oracle"
DESCRIPTION: Final = "Singer target for Oracle Database: exact, crash-safe, fast."
PYTHONS: Final = ("3.10", "3.11", "3.12", "3.13")

# Capabilities by the Singer SDK's names, each with the setting that must be at work for it.
CAPABILITIES: Final = (
    "about",
    "schema-flattening",
    "activate-version",
    "batch",
    "structured-logging",
    "soft-delete",
    "hard-delete",
    "target-schema",
    "validate-records",
)


def page(form: str) -> str:
    """
    Return the page in *form*: text, json, markdown, meltano (plugin.yaml) or man (share/target-oracle.1).
    """
    forms = {"text": _text, "json": _json, "markdown": _markdown, "meltano": _meltano, "man": _man}
    return forms[form]()


def _json() -> str:
    said = {
        "name": NAME,
        "description": DESCRIPTION,
        "version": __version__,
        "sdk_version": "n/a",
        "supported_python_versions": PYTHONS,
        "capabilities": CAPABILITIES,
        "settings": {
            "type": "object",
            "properties": {setting.name: _property(setting) for setting in SETTINGS.values()},
            "$schema": "https://json-schema.org/draft/2020-12/schema",
        },
    }
    return json.dumps(said, indent=2) + "\n"


def _meltano() -> str:
    return definition.page(DESCRIPTION, CAPABILITIES)


def _man() -> str:
    return manpage.page(DESCRIPTION)


def _property(setting: Setting) -> dict[str, Any]:
    """
    Return *setting* as the SDK describes one in JSON Schema.
    """
    said: dict[str, Any] = {"type": [setting.kind, "null"], "title": setting.title}
    if setting.kind == "array":
        said["items"] = {"type": "string"}
    if setting.default not in (None, (), {}):
        said["default"] = setting.default
    said["description"] = setting.doc
    if setting.options:
        said["enum"] = list(setting.options)
    bounds = {"minimum": setting.least, "maximum": setting.most}
    said.update({word: bound for word, bound in bounds.items() if bound is not None})
    if setting.secret:
        said.update(secret=True, writeOnly=True)
    return said


def _text() -> str:
    lines = [
        f"Name: {NAME}",
        f"Description: {DESCRIPTION}",
        f"Version: {__version__}",
        "SDK Version: n/a",
        f"Supported Python Versions: {', '.join(PYTHONS)}",
        f"Capabilities: {', '.join(CAPABILITIES)}",
        "Settings:",
    ]
    for setting in SETTINGS.values():
        lines += ["", f"  Name: {setting.name}", f"  Type: {setting.kind}"]
        lines += [f"  Default: {_default(setting)}"] if _default(setting) else []
        lines += [f"  Environment Variable: {setting.variable}", f"  {setting.doc}"]
    return "\n".join(lines) + "\n"


def _default(setting: Setting) -> str:
    return "" if setting.default in (None, (), {}, "") else json.dumps(setting.default).strip('"')


def _markdown() -> str:
    lines = [
        f"# `{NAME}`",
        "",
        DESCRIPTION,
        "",
        "This page is the output of `target-oracle --about --format markdown`.",
        "",
        "## Capabilities",
        "",
        *(f"* `{capability}`" for capability in CAPABILITIES),
        "",
        "## Supported Python Versions",
        "",
        *(f"* {version}" for version in PYTHONS),
        "",
        "## Settings",
        "",
        "| Setting | Required | Default | Description |",
        "|:--------|:--------:|:-------:|:------------|",
        *(_row(setting) for setting in SETTINGS.values()),
        "",
        *_groups(),
    ]
    return "\n".join(lines)


def _row(setting: Setting) -> str:
    default = f"`{_default(setting)}`" if _default(setting) else ""
    return f"| `{setting.name}` | False | {default} | {_escaped(setting.doc)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def _groups() -> Iterator[str]:
    for group, settings in GROUPS.items():
        yield from (f"## {group}", "")
        for setting in settings:
            yield from (f"### `{setting.name}`", "", _escaped(setting.doc), "", *_facts(setting), "")


def _facts(setting: Setting) -> Iterator[str]:
    """
    Give what else is to be said of *setting*, a point a line.
    """
    yield f"* {_kind(setting)}; in the environment `{setting.variable}`"
    if setting.options:
        yield f"* one of {', '.join(f'`{option}`' for option in setting.options)}"
    if setting.least is not None:
        yield f"* {setting.least} {f'to {setting.most}' if setting.most is not None else 'or more'}"
    if _default(setting):
        yield f"* default `{_default(setting)}`"
    if setting.per_stream:
        yield "* may stand under `streams`"
    if aliases := foreign.aliases_of(setting.name):
        yield f"* also read as {', '.join(f'`{alias}`' for alias in aliases)}"


def _kind(setting: Setting) -> str:
    kind = "list of strings" if setting.kind == "array" else setting.kind
    return f"{kind}, secret" if setting.secret else kind
