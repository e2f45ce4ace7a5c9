"""
What kind of statement a text is, as far as its first word tells.
"""

from __future__ import annotations

import re

DDL_WORDS = ("CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "COMMENT", "GRANT", "REVOKE", "PURGE")
DML_WORDS = ("INSERT", "UPDATE", "DELETE", "MERGE")
# The prefix of private temporary tables (Database Reference, PRIVATE_TEMP_TABLE_PREFIX).
PRIVATE_TABLE = re.compile(r"TABLE\s+\"?ORA\$PTT_", re.IGNORECASE)
FIRST_WORD = re.compile(
    r"(?:\s|--[^\n]*(?:\n|\Z)|/\*(?:.|\n)*?\*/|\()*([A-Za-z]+)(\s+SESSION\b)?", re.IGNORECASE
)


def first_word(sql: str) -> str:
    """
    Give a statement's first keyword in upper case; ALTER SESSION, which is no DDL, in both its words.
    """
    found = FIRST_WORD.match(sql)
    if found is None:
        return ""
    return found.group(1).upper() + (" SESSION" if found.group(2) else "")


def commits_by_itself(sql: str) -> bool:
    """
    Say whether it is DDL that commits: all but that on private temporary tables, which go with their session.

    >>> commits_by_itself('DROP TABLE "T"'), commits_by_itself('DROP TABLE "ORA$PTT_X"')
    (True, False)
    """
    return first_word(sql) in DDL_WORDS and PRIVATE_TABLE.search(sql) is None
