"""
The command line -> what to do. Light: it stands between the start of the program and `--version`.
"""

from __future__ import annotations

from typing import Final, NamedTuple, NoReturn

from target_oracle.errors import ConfigError

USAGE: Final = """\
usage: target-oracle --config FILE [--config FILE | ENV ...] [command] [options]

Load the Singer messages on stdin into Oracle Database; print each STATE on stdout once it is committed.

settings:
  --config FILE      a JSON file of settings; of several the later wins
  --config ENV       take TARGET_ORACLE_<SETTING> from the environment and from .env; wins over files

commands, in place of loading:
  --plan             print the DDL that a load would run; change nothing
  --check            connect; show the server, and what is missing with the GRANT that gives it
  --check-write      the same, and make a scratch table, write a row into it, drop it
  --print-state      print the last committed STATE of loader_id; nothing where there is none
  --about            print every setting and what the program can do
  --version          print the version
  --help             print this

options:
  --input FILE       read FILE, plain or .gz, in place of stdin
  --report FILE      write the run's report: JSON, or HTML where FILE ends in .html
  --format FORM      of --about: text, json, markdown, meltano, man; of others: text, json

exit codes:
  0 done   1 a fault of this program   2 usage or config   3 the input   4 the database
  5 too many rejects   130, 143 stopped by SIGINT, SIGTERM
"""

COMMANDS: Final = ("plan", "check", "check-write", "print-state", "about", "version", "help")
_VALUED: Final = ("config", "input", "report", "format")
_FORMS: Final = {
    "about": ("text", "json", "markdown", "meltano", "man"),
    "plan": ("text", "json"),
    "check": ("text", "json"),
    "check-write": ("text", "json"),
}


class Arguments(NamedTuple):
    """
    What the command line says; *command* is "load" where it names no other.
    """

    command: str = "load"
    config: tuple[str, ...] = ()
    input: str | None = None
    report: str | None = None
    form: str = "text"


def parse(words: list[str]) -> Arguments:
    """
    Read *words*; raise ConfigError where they are no command line of ours.

    >>> parse(["--config", "a.json", "--config=ENV"]).config
    ('a.json', 'ENV')
    """
    commands: list[str] = []
    given: dict[str, list[str]] = {name: [] for name in _VALUED}
    rest = iter(words)
    for word in rest:
        name, equals, value = _canonical(word).partition("=")
        if name in COMMANDS and not equals:
            commands.append(name)
        elif name in _VALUED:
            given[name].append(value if equals else _next(rest, word))
        else:
            _refuse(word)
    return _arguments(commands, given)


def _canonical(word: str) -> str:
    """
    Return the option that *word* writes, without its dashes; "" where it writes none.
    """
    short = {"-h": "help", "-c": "config", "-V": "version"}
    if word in short:
        return short[word]
    return word[2:] if word.startswith("--") else ""


def _next(rest: object, word: str) -> str:
    value = next(rest, None)  # type: ignore[call-overload]
    if value is None:
        raise ConfigError(f"{word} needs a value; see --help")
    return str(value)


def _refuse(word: str) -> NoReturn:
    from difflib import get_close_matches  # noqa: PLC0415 - only a slip needs it

    name = _canonical(word).partition("=")[0]
    near = get_close_matches(name, [*COMMANDS, *_VALUED], n=1)
    hint = f"did you mean --{near[0]}?" if near else "see --help"
    raise ConfigError(f"unknown argument {word!r}; {hint}")


def _arguments(commands: list[str], given: dict[str, list[str]]) -> Arguments:
    for light in ("help", "version"):
        if light in commands:
            return Arguments(command=light)
    if "check-write" in commands:
        commands = [command for command in commands if command != "check"]
    if len(set(commands)) > 1:
        raise ConfigError(f"--{commands[0]} and --{commands[1]} cannot be done in one call")
    command = commands[0] if commands else "load"
    form = _one(given, "format")
    forms = _FORMS.get(command, ())
    if form is not None and form not in forms:
        raise ConfigError(
            f"--format must be {' or '.join(forms)} here" if forms else "--format is of no use here"
        )
    return Arguments(
        command, tuple(given["config"]), _one(given, "input"), _one(given, "report"), form or "text"
    )


def _one(given: dict[str, list[str]], name: str) -> str | None:
    if len(given[name]) > 1:
        raise ConfigError(f"--{name} can be given once")
    return given[name][0] if given[name] else None
