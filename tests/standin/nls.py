"""
A session's settings that conversions depend on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from tests.standin import times
from tests.standin.charsets import UNICODE, Charset


@dataclass(slots=True)
class Nls:
    """
    NLS parameters as ALTER SESSION leaves them; *zone* is the session's time zone.

    *version*, *max_string* (4000 or 32767 bytes) and *charset* are the server's.
    """

    version: int = 23
    max_string: int = 4000
    charset: Charset = UNICODE
    date_format: str = "DD-MON-RR"
    timestamp_format: str = "DD-MON-RR HH.MI.SSXFF AM"
    timestamp_tz_format: str = "DD-MON-RR HH.MI.SSXFF AM TZR"
    point: str = "."
    group: str = ","
    language: str = "AMERICAN"
    territory: str = "AMERICA"
    length_semantics: str = "BYTE"
    comparison: str = "BINARY"
    sort: str = "BINARY"
    zone: timedelta = timedelta()

    def now(self) -> datetime:
        """
        Read the clock, in the session's zone.
        """
        return datetime.now(timezone(self.zone))

    def today(self) -> date:
        """
        Read the day, in the session's zone.
        """
        return self.now().date()

    @property
    def zone_text(self) -> str:
        """
        Write the session's zone.
        """
        return times.offset_text(self.zone)
