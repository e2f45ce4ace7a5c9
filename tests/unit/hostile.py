"""
Names and texts that mean harm, or that break what was not written with them in mind.
"""

# ruff: noqa: RUF001  # characters that look like others are what some of these are about

from __future__ import annotations

from typing import Final

_PAYLOADS: Final = (
    "; DROP TABLE users", "'; DROP TABLE users; --", '"; DROP TABLE users; --',
    '") ; DELETE FROM t; --', "' OR '1'='1", '" OR "1"="1', "1; SELECT * FROM dual",
    "x' UNION SELECT password FROM dba_users --", "/* comment */", "*/ DROP /*", "--", "-- comment",
    "#", "a--b", "a/*b", "q'[x]'", "q'{'}'", "n'x'", "nq'!x!'", "'", "''", "'''", '"', '""', '"""', "`",
    "``", "´", "‘quoted’", "“quoted”", "＇", "＂", ":1", ":x", ":1, :2", "?", "%s", "%(x)s", "{0}", "{x}",
    "${HOME}", "$(id)", "`id`", "&x", "&&x", "@script", "@@x", "!ls", "/", ".", "..", "../..", "\\",
    "\\'", '\\"', "\\\\'", "\\0", "%00", "%27", "&#39;", "&quot;", "\u0000", "a\u0000b", "\u0000'",
    "a\nb", "a\r\nb", "\n/\n", "\n;\n", "a\tb", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029",
    "\ufeff", "\u200b", "\u200e", "\u202e", "\u0301", "e\u0301", "ﬁ", "ß", "ı", "İ", "ǆ", "Ω", "ΐ",
    "한국어", "日本語", "emoji 😀", "👩\u200d👩\u200d👧", "𝒜𝒷𝒸", "\U0010ffff", "\ud800", "\udfff", "a\ud83d", "",  # noqa: E501  # some are two columns wide
    " ", "  ", "\t", "\n", "_", "__", "$", "#", "0", "1", "123", "1e9", "-1", "1.5", "0x1F", "NaN",
    "NULL", "null", "SELECT", "select", "FROM", "TABLE", "DROP", "ROWID", "rowid", "ROWNUM", "LEVEL",
    "SYSDATE", "USER", "DATE", "NUMBER", "DUAL", "dual", "ORA_ROWSCN", "ALL_TABLES", "USER_TABLES",
    "SYS.DUAL", "V$SESSION", "PUBLIC", "SYS", "ORA$PTT_X", "BIN$abc==$0", "SYS_C001", "t", "s", '"t"',
    '"s"."ID"', "a.b", "a.b.c", "a@b", "a@link", "a b", "a,b", "a;b", "a(b", "a)b", "a=b", "a<b", "a>b",
    "a|b", "a||b", "a+b", "a-b", "a*b", "a/b", "a%b", "a^b", "a~b", "a!b", "a?b", "a[b]", "a{b}", "a:b",
    "a'b", 'a"b', "a`b", "a\\b", "(SELECT 1)", "x) VALUES (1", 'x") VALUES (1', "x NUMBER, y",
    'x" NUMBER, "y', "x) TABLESPACE system", "x CHECK (1=1)", "x DEFAULT (SELECT 1 FROM dual)",
    "EXECUTE IMMEDIATE 'x'", "BEGIN NULL; END;", "DECLARE x NUMBER; BEGIN NULL; END;",
    "CALL dbms_output.put('x')", "GRANT DBA TO PUBLIC", "ALTER SESSION SET EVENTS 'x'",
    "UTL_HTTP.REQUEST('http://h')", "dbms_lock.sleep(9)", "CHR(39)", "'||'x",
    "x'||(SELECT 1 FROM dual)||'", "0); COMMIT; --", "\\u0027", "\\x27", "%c0%a7", "ʼ", "ʹ", "′",
    "constructor", "__proto__", "__class__", "toString", "True", "false", "undefined", "None",
    "Infinity", "-Infinity", "a" * 31, "a" * 129, "A" * 1000, "é" * 64, "é" * 65, "😀" * 40, "'" * 300,
    '"' * 300, ";" * 200, "a\u0300" * 90, "name", "Name", "NAME", "naMe", "name ", " name", "name.",
    "na-me", "na_me", "na me", "na__me",
)  # fmt: skip
HOSTILE: Final = tuple(dict.fromkeys(_PAYLOADS))
