"""
What kind of statement a text is, as far as its first word tells.
"""

from __future__ import annotations

import re

DDL_WORDS = ("CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "COMMENT", "GRANT", "REVOKE", "PURGE")
DML_WORDS = ("INSERT", "UPDATE", "DELETE", "MERGE")
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
