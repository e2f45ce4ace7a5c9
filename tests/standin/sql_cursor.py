"""
The parser's place in the tokens, and names.
"""

from __future__ import annotations

from tests.standin.refusal import Refusal
from tests.standin.sql_ast import BindRef, TableName
from tests.standin.sql_lexer import RESERVED, Token, tokens


class Cursor:
    """
    The tokens of one statement for a server of *version*, read forwards; binds are numbered as they come.
    """

    def __init__(self, sql: str, version: int, max_name_bytes: int = 128) -> None:
        self.sql = sql
        self.version = version
        self.max_name_bytes = max_name_bytes
        self.tokens = tokens(sql)
        self.at = 0
        self.binds: list[BindRef] = []

    @property
    def token(self) -> Token:
        """
        Return the next token without taking it.
        """
        return self.tokens[self.at]

    def peek(self, ahead: int = 1) -> Token:
        """
        Return a later token.
        """
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """
        Take the next token.
        """
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        """
        Tell whether the next tokens are these words.
        """
        return all(self.peek(n).kind == "word" and self.peek(n).text == word for n, word in enumerate(words))

    def accepts(self, *words: str) -> bool:
        """
        Take these words if they come next.
        """
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def accepts_any(self, *words: str) -> str | None:
        """
        Take one of these words if it comes next.
        """
        if self.token.kind == "word" and self.token.text in words:
            return self.take().text
        return None

    def sees_symbol(self, symbol: str) -> bool:
        """
        Tell whether a symbol comes next.
        """
        return self.token.kind == "symbol" and self.token.text == symbol

    def accepts_symbol(self, symbol: str) -> bool:
        """
        Take a symbol if it comes next.
        """
        if not self.sees_symbol(symbol):
            return False
        self.at += 1
        return True

    def needs(self, word: str, code: int = 900) -> None:
        """
        Take a word, or refuse with *code*.
        """
        if not self.accepts(word):
            raise self.refuse(code)

    def needs_symbol(self, symbol: str, code: int | None = None) -> None:
        """
        Take a symbol, or refuse: ORA-00906 for a missing (, ORA-00907 for a missing ).
        """
        if not self.accepts_symbol(symbol):
            raise self.refuse(code or {"(": 906, ")": 907, ",": 917, "=": 927}.get(symbol, 900))

    def refuse(self, code: int) -> Refusal:
        """
        Make a refusal at the next token.
        """
        token = self.token
        before = self.tokens[self.at - 1].raw if self.at else ""
        return Refusal(code, token.position, text=token.raw, before=before, sql=self.sql[:60])

    def name(self, code: int = 903) -> str:
        """
        Take an identifier, folded if unquoted; a reserved word or no name is *code*, a long one ORA-00972.
        """
        token = self.token
        if token.kind == "quoted" or (token.kind == "word" and token.text not in RESERVED):
            self.take()
            return self.checked(token)
        raise self.refuse(code)

    def checked(self, token: Token) -> str:
        """
        Check a name's length and characters.
        """
        if len(token.text.encode("utf-8", "surrogatepass")) > self.max_name_bytes:
            raise Refusal(972, token.position, text=token.text, limit=self.max_name_bytes)
        if "\0" in token.text:
            raise Refusal(911, token.position, text="\0")
        return token.text

    def table_name(self, code: int = 903) -> TableName:
        """
        Take [schema.]name; a database link is refused.
        """
        position = self.token.position
        first = self.name(code)
        schema, name = None, first
        if self.accepts_symbol("."):
            schema, name = first, self.name(code)
        if self.sees_symbol("@"):
            raise Refusal(2019, self.token.position)
        return TableName(schema, name, None, position)

    def name_list(self, code: int = 904) -> tuple[str, ...]:
        """
        Take names in parentheses.
        """
        self.needs_symbol("(")
        names = [self.name(code)]
        while self.accepts_symbol(","):
            names.append(self.name(code))
        self.needs_symbol(")")
        return tuple(names)

    def bind(self) -> BindRef:
        """
        Take a bind; a reserved word as its name is ORA-01745.
        """
        token = self.take()
        if token.text.upper() in RESERVED and '"' not in token.raw:
            raise Refusal(1745, token.position, text=token.text)
        found = BindRef(len(self.binds), token.text.upper(), token.position)
        self.binds.append(found)
        return found

    def integer(self, code: int = 2017) -> int:
        """
        Take a whole number.
        """
        token = self.token
        if token.kind != "number" or not token.text.isdecimal():
            raise self.refuse(code)
        self.take()
        return int(token.text)

    def signed_integer(self, code: int = 2017) -> int:
        """
        Take a whole number with a sign.
        """
        sign = -1 if self.accepts_symbol("-") else 1
        return sign * self.integer(code)

    def text_since(self, start: int) -> str:
        """
        Return the source from a position to the last token taken.
        """
        last = self.tokens[self.at - 1]
        return self.sql[start : last.position + len(last.raw)]

    def ends(self, code: int = 933) -> None:
        """
        Refuse anything that follows the statement.
        """
        if self.token.kind == "end":
            return
        if self.sees_symbol(";"):
            raise self.refuse(3048 if self.version >= 23 else 933)
        raise self.refuse(code)
