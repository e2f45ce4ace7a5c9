"""
The lexer: Oracle SQL text to tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tests.standin.refusal import Refusal

Kind = Literal["word", "quoted", "number", "string", "bind", "symbol", "end"]

#: Words that no unquoted name may be (SQL Language Reference, Oracle SQL Reserved Words).
RESERVED = frozenset(
    """
    ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMMENT COMPRESS CONNECT
    CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM
    GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL
    LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE
    ON ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT
    SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE
    UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH
    """.split()
)

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>[nN]?'(?:[^']|'')*')
  | (?P<qstring>[nN]?[qQ]'(?:\[.*?\]'|\{.*?\}'|\(.*?\)'|<.*?>'|(?P<mark>[^\s\[{(<]).*?(?P=mark)'))
  | (?P<quoted>"[^"]*")
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?(?![\w$\#]))
  | (?P<bind>:(?:\s*"[^"]+"|\s*\w[\w$\#]*))
  | (?P<word>[^\W\d_][\w$\#]*)
  | (?P<symbol><>|!=|\^=|<=|>=|\|\||:=|=>|\(\+\)|[-+*/=<>(),.;@?%\[\]{}&^!|])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """
    A token: its *kind*, its *text* and its *position*; *raw* is its source.

    Words are folded to upper case, strings and quoted names are bare.
    """

    kind: Kind
    text: str
    position: int
    raw: str = ""


def tokens(sql: str) -> list[Token]:
    """
    Cut a statement into tokens, an end among them.

    An open string is ORA-01756, an open quoted name ORA-01740, an empty one ORA-01741, any other character
    that begins nothing ORA-00911.
    """
    found: list[Token] = []
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:
            raise _no_token(sql, at)
        kind = match.lastgroup or "space"
        if kind != "space":
            found.append(_token(kind, match.group(), at))
        at = match.end()
    found.append(Token("end", "", len(sql)))
    return found


def _no_token(sql: str, at: int) -> Refusal:
    code = {"'": 1756, '"': 1740}.get(sql[at], 911)
    return Refusal(code, at, text=sql[at])


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "word":
        return Token("word", text.upper(), at, text)
    if kind == "string":
        return Token("string", text[text.index("'") + 1 : -1].replace("''", "'"), at, text)
    if kind in {"qstring", "mark"}:
        return Token("string", text[text.index("'") + 2 : -2], at, text)
    if kind == "quoted":
        if text == '""':
            raise Refusal(1741, at)
        return Token("quoted", text[1:-1], at, text)
    if kind == "bind":
        return Token("bind", text[1:].strip().strip('"'), at, text)
    return Token("number" if kind == "number" else "symbol", text, at, text)
