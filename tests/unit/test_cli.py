"""
The command line: what each call does, its exit code, and the last line of a run that failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle import __version__, cli, errors, log, redaction
from target_oracle.arguments import COMMANDS, USAGE, Arguments, parse
from target_oracle.errors import ConfigError
from tests.program import CHECKOUT, COMMAND

CONFIG = {"dsn": "db/SALES", "user": "app", "password": "hidden-value"}


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """
    Leave the log and the known secrets as they were.
    """
    monkeypatch.chdir(tmp_path)
    for variable in ("SINGER_SDK_LOG_CONFIG", "LOGGING_CONF_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(redaction, "_known", set())
    redaction._pattern.cache_clear()  # the fixture stands for a new process
    handlers = {one: (list(one.handlers), one.level, one.propagate) for one in (log.logger, log.metrics)}
    yield
    for one, (there, level, propagate) in handlers.items():
        one.handlers, one.propagate = there, propagate
        one.setLevel(level)
    redaction._pattern.cache_clear()


@pytest.fixture
def config(tmp_path):
    """
    The path of a config with more settings.
    """

    def config(**more):
        path = tmp_path / "config.json"
        path.write_text(json.dumps({**CONFIG, **more}))
        return str(path)

    return config


@pytest.fixture
def calls(monkeypatch):
    """
    What the commands are called with, and what they raise in place of working.
    """
    calls = {"raises": None}

    def stand_in(module, function):
        def call(*given):
            calls[f"{module}.{function}"] = given
            if calls["raises"]:
                raise calls["raises"]

        return call

    for module, functions in {"pipeline": ["run", "print_state"], "plan": ["run"], "check": ["run"]}.items():
        fake = ModuleType(f"target_oracle.{module}")
        for function in functions:
            setattr(fake, function, stand_in(module, function))
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return calls


@pytest.fixture
def fails(calls, config, capsys, monkeypatch):
    """
    Make a load raise a fault; return exit code and lines.
    """
    monkeypatch.setattr(log, "abandon", lambda _descriptor: None)

    def fails(fault, **more):
        calls["raises"] = fault
        code = cli.run(["--config", config(**more)])
        return code, capsys.readouterr().err.splitlines()

    return fails


def program(*words, redirect="", **how):
    """
    Run the program; *redirect* is what a shell would do to its descriptors, as "2>&-".
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_ORACLE_")}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", *COMMAND, *words],
        env={**environ, "PYTHONPATH": str(CHECKOUT)},
        check=False,
        timeout=60,
        **{"stdin": subprocess.DEVNULL, "capture_output": True, **how},
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Arguments()),
        (["--config", "a"], Arguments(config=("a",))),
        (["--config=a", "-c", "b", "--config", "ENV"], Arguments(config=("a", "b", "ENV"))),
        (["--input", "f.gz", "--report=r.html"], Arguments(input="f.gz", report="r.html")),
        (["--config", "--input"], Arguments(config=("--input",))),
        (["--about"], Arguments(command="about")),
        (["--about", "--format", "json"], Arguments(command="about", form="json")),
        (["--format=markdown", "--about"], Arguments(command="about", form="markdown")),
        (["--plan", "--format=json"], Arguments(command="plan", form="json")),
        (["--check", "--check"], Arguments(command="check")),
        (["--print-state"], Arguments(command="print-state")),
        (["-h"], Arguments(command="help")),
        (["--check", "--plan", "--help"], Arguments(command="help")),
        (["--version", "--about"], Arguments(command="version")),
    ],
)
def test_a_command_line_is_read(words, expected):
    assert parse(words) == expected


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--confg", "a"], "unknown argument '--confg'; did you mean --config?"),
        (["--confg=a"], "unknown argument '--confg=a'; did you mean --config?"),
        (["config.json"], "unknown argument 'config.json'; see --help"),
        (["-x"], "unknown argument '-x'; see --help"),
        (["--"], "unknown argument '--'; see --help"),
        (["--about=json"], "unknown argument '--about=json'; did you mean --about?"),
        (["--config"], "--config needs a value; see --help"),
        (["--input", "a", "--input", "b"], "--input can be given once"),
        (["--check", "--plan"], "--check and --plan cannot be done in one call"),
        (["--about", "--format", "yaml"], "--format must be text or json or markdown or meltano or man here"),
        (["--check", "--format", "markdown"], "--format must be text or json here"),
        (["--format", "json"], "--format is of no use here"),
    ],
)
def test_a_command_line_that_is_wrong_is_refused(words, why):
    with pytest.raises(ConfigError) as caught:
        parse(words)
    assert caught.value.faults == (why,)


@given(
    st.lists(st.sampled_from(["--config", "--check", "-c", "ENV", "--format", "json", "--x", ""]) | st.text())
)
def test_a_command_line_is_read_or_refused(words):
    with suppress(ConfigError):
        assert parse(words).command in {*COMMANDS, "load"}


def test_usage_names_every_argument():
    assert {
        word for word in ("config", "input", "report", "format", *COMMANDS) if f"--{word} " not in USAGE
    } == set()


def test_the_version_is_printed(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr() == (f"target-oracle v{__version__}\n", "")


def test_help_is_printed(capsys):
    assert cli.run(["--help"]) == 0
    assert capsys.readouterr() == (USAGE, "")


def test_about_is_printed_without_a_config(capsys):
    assert cli.run(["--about", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "target-oracle"


@pytest.mark.parametrize("word", ["--version", "--help", "--about"])
def test_what_needs_no_database_imports_nothing_heavy(word):
    """
    A word that only prints is there at once, whatever a load needs.
    """
    code = (
        "import sys, runpy\n"
        "try: runpy.run_module('target_oracle', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'oracledb', 'msgspec', 'orjson', 'jsonschema', 'logging'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, word]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == b"[]"


def test_the_program_prints_its_version():
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"target-oracle v{__version__}\n".encode(), b"")


def test_a_load_gets_the_config_and_the_input(calls, config):
    assert cli.run(["--config", config(port=1522, dsn=None, host="h", sid="s"), "--input", "f.gz"]) == 0
    loaded, source = calls["pipeline.run"]
    assert (loaded.port, source) == (1522, Path("f.gz"))


def test_a_load_reads_stdin_where_no_input_is_named(calls, config):
    assert cli.run(["--config", config()]) == 0
    assert calls["pipeline.run"][1] is None


@pytest.mark.parametrize(
    ("words", "called", "rest"),
    [
        (["--plan"], "plan.run", (None, False)),
        (["--plan", "--format", "json"], "plan.run", (None, True)),
        (["--plan", "--input", "a"], "plan.run", (Path("a"), False)),
        (["--check"], "check.run", (False,)),
        (["--check", "--format", "json"], "check.run", (True,)),
        (["--print-state"], "pipeline.print_state", ()),
    ],
)
def test_a_command_gets_what_it_needs(calls, config, words, called, rest):
    assert cli.run(["--config", config(), *words]) == 0
    assert calls[called][1:] == rest
    assert calls[called][0].user == "app"


def test_the_report_is_a_setting(calls, config):
    assert cli.run(["--config", config(report_file="a"), "--report", "b.html"]) == 0
    assert calls["pipeline.run"][0].report_file == "b.html"


def test_notices_are_logged(calls, config, capsys):
    cli.run(["--config", config(batch_size=5)])
    assert "batch_size is read as batch_size_rows" in capsys.readouterr().err
    assert calls["pipeline.run"][0].batch_size_rows == 5


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (errors.InternalError("sums differ"), 1, "sums differ"),
        (ConfigError("one", "two"), 2, "two"),
        (errors.OutputClosed("gone"), 2, "gone"),
        (
            errors.ProtocolError(7, "no JSON"),
            3,
            "input line 7: no JSON; mend what the tap's log tells, then start again from the last STATE",
        ),
        (errors.LoadError("ORA-01017", code="ORA-01017"), 4, "ORA-01017"),
        (errors.TooManyRejects("5 rejects"), 5, "5 rejects"),
        (errors.Interrupted(15, "stopped"), 143, "stopped"),
        (errors.Interrupted(2, "stopped"), 130, "stopped"),
        (KeyboardInterrupt(), 130, "interrupted; start again from the last STATE"),
        (errors.LoadError("two\nlines"), 4, "two lines"),
    ],
)
def test_a_failure_has_its_exit_code_and_its_last_line(fails, fault, code, line):
    found, err = fails(fault)
    assert (found, err[-1]) == (code, f"target-oracle: {line}")
    assert "Traceback" not in "".join(err)


def test_every_fault_of_a_config_has_its_line(calls, config, capsys):
    assert cli.run(["--config", config(port=0, prot=1)]) == 2
    path = str(Path.cwd() / "config.json")
    assert sorted(capsys.readouterr().err.splitlines()) == [
        f"target-oracle: {path}: port: must be 1 to 65535, not 0",
        f'target-oracle: {path}: prot: unknown setting; did you mean "port"?',
    ]
    assert calls == {"raises": None}


def test_a_call_without_a_config_says_so(capsys):
    assert cli.run([]) == 2
    assert capsys.readouterr().err.startswith("target-oracle: --config is missing; ")


def test_a_fault_of_ours_tells_where_it_is_and_quotes_nothing(fails):
    code, err = fails(KeyError("a row's value"))
    assert (code, len(err)) == (1, 1)
    assert err[0].startswith("target-oracle: internal fault (KeyError in _command, cli.py line ")
    assert "a row's value" not in err[0]


def test_where_a_fault_was_raised_is_told_at_debug_without_its_text(fails):
    code, err = fails(KeyError("a row's value"), log_level="DEBUG")
    assert (code, "  KeyError" in err) == (1, True)
    assert any("test_cli.py" in line for line in err[1:-1])
    assert err[-1].startswith("target-oracle: internal fault")
    assert "a row's value" not in "".join(err)


def test_the_last_line_of_a_json_log_is_json(fails):
    fault = errors.LoadError("ORA-12541: hidden-value")
    code, err = fails(fault, log_format="json", log_level="CRITICAL")
    line = json.loads(err[-1])
    assert (code, line["level"], line["message"]) == (4, "critical", "target-oracle: ORA-12541: ***")


def test_no_line_holds_the_password(fails):
    _, err = fails(errors.LoadError("cannot log in with hidden-value"), log_level="DEBUG")
    assert "hidden-value" not in "".join(err)


def test_a_closed_stderr_changes_no_exit_code():
    assert program("--config", "missing.json", redirect="2>&-").returncode == 2


def test_a_stderr_that_nobody_reads_changes_no_exit_code():
    read, write = os.pipe()
    os.close(read)
    done = program("--config", "missing.json", capture_output=False, stderr=write, stdout=subprocess.PIPE)
    os.close(write)
    assert done.returncode == 2


def test_a_stdout_that_nobody_reads_is_told():
    read, write = os.pipe()
    os.close(read)
    done = program("--about", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (2, b"target-oracle: cannot write to stdout: Broken pipe\n")


def test_a_closed_stdout_is_no_fault_of_a_program_that_prints():
    assert program("--version", redirect=">&-").returncode == 0


@pytest.mark.parametrize(
    ("closed", "exit_code", "said"),
    [
        pytest.param("<&-", 2, "stdin is closed", id="stdin"),
        pytest.param(">&-", 2, "stdout is closed", id="stdout"),
    ],
)
def test_a_closed_descriptor_is_refused_before_anything_takes_its_number(tmp_path, closed, exit_code, said):
    """
    A socket that got number 1 would be sent the STATE lines.
    """
    config = tmp_path / "config.json"
    config.write_text('{"user": "u", "password": "p", "host": "127.0.0.1", "port": 1, "service_name": "s"}')
    command = f'exec "{sys.executable}" -m target_oracle --config "{config}" {closed}'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, cwd=CHECKOUT)
    assert done.returncode == exit_code
    assert said in done.stderr.decode()


def test_a_load_imports_nothing_that_only_other_loads_need():
    seen = (
        "import sys\n"
        "before = set(sys.modules)\n"  # the measurement of coverage has its own
        "import target_oracle.pipeline\n"
        "rare = {'jsonschema', 'pyarrow', 'configparser', 'difflib', 'html', 'prometheus_client',"
        " 'target_oracle.parallel', 'target_oracle.reportpage', 'target_oracle.examination'}\n"
        "print(sorted(rare & sys.modules.keys() - before))"
    )
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
