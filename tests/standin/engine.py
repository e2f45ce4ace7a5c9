"""
The engine: Oracle's SQL and rules on SQLite.
"""

from __future__ import annotations

from tests.standin.values import Bind, ColumnInfo, OracleError, Outcome, Row, Value

__all__ = ["Bind", "ColumnInfo", "OracleError", "Outcome", "Row", "Value"]
