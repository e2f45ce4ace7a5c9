"""
What can go wrong, by whose fault; the exit code stands on the class.

    TargetError                 1   ours
    ├── InternalError           1   a promise of ours does not hold (counts that do not add up)
    ├── ConfigError             2   the operator: usage, configuration, environment
    ├── OutputClosed            2   nobody reads our stdout any more, so no STATE can be given
    ├── ProtocolError           3   the tap: the input is not the Singer we know
    ├── LoadError               4   the database, or what it was asked to do
    ├── TooManyRejects          5   more rows refused than the operator allows
    └── Interrupted       128 + n   signal n ended the run
"""

from __future__ import annotations


class TargetError(Exception):
    """
    Superclass of all errors that the target raises on purpose.
    """

    exit_code = 1


class InternalError(TargetError):
    """
    A promise of ours does not hold; a bug to report.
    """


class ConfigError(TargetError):
    """
    The operator asked for something that cannot be; *faults* are all of them.
    """

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class OutputClosed(TargetError):
    """
    The reader of our stdout went away, so a STATE could not be handed over.
    """

    exit_code = 2


class ProtocolError(TargetError):
    """
    The input is not the Singer we know; *line* counts from 1.
    """

    exit_code = 3
    cure = "mend what the tap's log tells, then start again from the last STATE"

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"input line {line}: {why}; {self.cure}")
        self.line = line


class LoadError(TargetError):
    """
    The database refused or went away; *code* is the ORA or DPY number where known, as "ORA-01017".
    """

    exit_code = 4

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class TooManyRejects(TargetError):
    """
    More rows were refused than `max_rejects` or `max_rejects_percent` allows.
    """

    exit_code = 5


class Interrupted(TargetError):
    """
    Signal *number* ended the run after what was complete had been committed.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number
