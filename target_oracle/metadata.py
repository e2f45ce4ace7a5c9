"""
The seven `_sdc_*` columns of `add_record_metadata`, with the Singer SDK's meaning.

Two come from the message of each row, the others are the same for all rows that were read at one moment.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Final

from target_oracle.singer.schema import Field, Kind

DELETED_AT: Final = "_sdc_deleted_at"


def _field(name: str, kind: Kind) -> Field:
    return Field(name, (name,), kind, frozenset({"integer" if kind is Kind.INTEGER else "string"}))


# In the order in which they follow the columns of the properties.
FROM_MESSAGE: Final = (
    _field("_sdc_extracted_at", Kind.DATE_TIME),
    _field("_sdc_table_version", Kind.INTEGER),
)
OF_MOMENT: Final = (
    _field("_sdc_received_at", Kind.DATE_TIME),
    _field("_sdc_batched_at", Kind.DATE_TIME),
    _field("_sdc_sequence", Kind.INTEGER),
    _field("_sdc_sync_started_at", Kind.INTEGER),
)
# The member of the message that fills each of them.
ATTRIBUTES: Final = {"_sdc_extracted_at": "time_extracted", "_sdc_table_version": "version"}
VERSION: Final = FROM_MESSAGE[1]
DELETED_FIELD: Final = _field(DELETED_AT, Kind.DATE_TIME)
ALL: Final = (*FROM_MESSAGE, *OF_MOMENT)
_NAMES: Final = frozenset(field.name for field in ALL)
# Epoch milliseconds at which this process started.
STARTED: Final = round(time.time() * 1000)


def split(fields: Sequence[Field]) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """
    Return the fields that records fill, and the metadata that we do; a tap's own `_sdc_*` give way to ours.

    `_sdc_deleted_at` is filled by records; where the schema lacks it, the column is there all the same.
    """
    ours = tuple(field for field in fields if field.name not in _NAMES)
    return with_deletion(ours), ALL


def with_deletion(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """
    Return *fields* with `_sdc_deleted_at` among them.
    """
    return fields if any(field.name == DELETED_AT for field in fields) else (*fields, DELETED_FIELD)


def of_moment(now: datetime, batched: datetime) -> tuple[Any, ...]:
    """
    Return the values of OF_MOMENT for rows read *now* into a batch begun at *batched*.
    """
    return (now, batched, round(now.timestamp() * 1000), STARTED)


def utc_now() -> datetime:
    """
    Return the present moment, aware, in UTC.
    """
    return datetime.now(timezone.utc)
