"""
The Singer SDK's standard target tests, driven against our program as a process.

The SDK's tests run a target of its own kind inside their process. Here a runner that starts the program
plays its part, and says in the SDK's exceptions what exit code and last line say.
"""

from __future__ import annotations

import json

import pytest
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.testing.config import SuiteConfig
from singer_sdk.testing.suites import target_tests
from singer_sdk.testing.target_tests import TargetMultipleStateMessages, TargetRecordMissingRequiredProperty


class Refused(Exception):
    """
    The program refused its input or its config.
    """


class Runner:
    """
    The SDK's runner and its target at once.
    """

    def __init__(self, target, config):
        self._target = target
        self._config = config
        self.input_filepath = None
        self.result = None

    def new_target(self):
        return self

    def sync_all(self):
        self.result = self._target(self._config, self.input_filepath.read_bytes())
        if self.result.exit_code == 0:
            return
        raise _in_the_words_of_the_sdk(self.result)

    def print_version(self):
        self._print("--version")

    def print_about(self, output_format="text"):
        self._print("--about", "--format", output_format)

    def _print(self, *args):
        result = self._target(None, b"", *args)
        assert result.exit_code == 0
        assert result.stdout


def _in_the_words_of_the_sdk(result):
    if result.exit_code == 3 and "before its SCHEMA" in result.last_line:
        return RecordsWithoutSchemaException(result.last_line)
    if result.exit_code == 5 and "ORA-01400" in result.log:
        return MissingKeyPropertiesError(result.last_line)
    return Refused(result.log)


@pytest.mark.parametrize("test", target_tests.tests, ids=lambda test: test.name)
def test_the_sdk_finds_a_target(test, target, database):
    test().run(SuiteConfig(), None, Runner(target, database.config(load_method="upsert")))


def test_the_sdk_finds_the_last_of_several_states(target, database):
    """
    The SDK wants three lines; of STATEs that one commit covers only the last is printed, for it says all.
    """
    runner = Runner(target, database.config(load_method="upsert"))
    with pytest.raises(AttributeError):  # the test goes on to compare the lines that our runner has none of
        TargetMultipleStateMessages().run(SuiteConfig(), None, runner)
    assert runner.result.exit_code == 0
    last = {"test_multiple_state_messages_a": 5, "test_multiple_state_messages_b": 6}
    assert runner.result.states[-1] == last


def test_a_record_without_a_required_property_is_refused_with_a_message(target, database):
    with pytest.raises(Refused, match="required"):
        TargetRecordMissingRequiredProperty().run(SuiteConfig(), None, Runner(target, database.config()))


def test_the_characters_of_the_sdk_arrive(target, database):
    """
    U+0000 too: Oracle's VARCHAR2 holds it (unlike C strings and PostgreSQL).
    """
    runner = Runner(target, database.config(load_method="upsert"))
    next(test for test in target_tests.tests if test.name == "encoded_string_data")().run(
        SuiteConfig(), None, runner
    )
    sent = [json.loads(line) for line in runner.input_filepath.read_text().splitlines()]
    wanted = {
        line["record"]["id"]: line["record"]["info"]
        for line in sent
        if line["type"] == "RECORD" and line["stream"] == "test_strings"
    }
    assert dict(database.query('SELECT "ID", "INFO" FROM "TEST_STRINGS"')) == wanted
