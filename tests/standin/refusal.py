"""
Refusals inside the engine: a number and names; the text is made at the rim, by the server's version.
"""

from __future__ import annotations


class Refusal(Exception):
    """
    ORA-*code* with the *names* that its text mentions.

    *position* is an offset in the statement's text, where the parser or the binder stopped; *done* counts the
    rows that an array DML had written before.
    """

    def __init__(self, code: int, position: int = 0, **names: object) -> None:
        super().__init__(code, names)
        self.code = code
        self.position = position
        self.names = names
        self.done = 0

    def __str__(self) -> str:
        """
        Tell number and names, for those who debug the engine.
        """
        names = ", ".join(f"{key}={value}" for key, value in self.names.items())
        return f"ORA-{self.code:05d}({names})"


def unsupported(what: str, position: int = 0) -> Refusal:
    """
    Refuse what a real server may do and this one does not: ORA-03001 says what.
    """
    return Refusal(3001, position, what=what)
