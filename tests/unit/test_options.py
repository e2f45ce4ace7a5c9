"""
`table_options`: what is understood is written anew, all else is refused with its place.
"""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.tokens import TokenType

from target_oracle.oracle.options import check_table_options
from tests.unit.hostile import HOSTILE

GOOD = {
    "": "",
    "  \n ": "",
    "compress": "COMPRESS",
    "COMPRESS BASIC": "COMPRESS BASIC",
    "compress for oltp": "COMPRESS FOR OLTP",
    "Compress For Query Low": "COMPRESS FOR QUERY LOW",
    "COMPRESS FOR ARCHIVE HIGH": "COMPRESS FOR ARCHIVE HIGH",
    "row store compress advanced": "ROW STORE COMPRESS ADVANCED",
    "COLUMN STORE COMPRESS FOR QUERY HIGH": "COLUMN STORE COMPRESS FOR QUERY HIGH",
    "nologging": "NOLOGGING",
    "LOGGING": "LOGGING",
    "parallel": "PARALLEL",
    "PARALLEL 8": "PARALLEL 8",
    "parallel (degree 4)": "PARALLEL 4",
    "noparallel": "NOPARALLEL",
    "tablespace users": 'TABLESPACE "USERS"',
    'tablespace "Data 1"': 'TABLESPACE "Data 1"',
    "pctfree 0": "PCTFREE 0",
    "segment creation deferred": "SEGMENT CREATION DEFERRED",
    "nologging compress parallel 4": "NOLOGGING COMPRESS PARALLEL 4",
    "COMPRESS NOLOGGING\n\tTABLESPACE big": 'TABLESPACE "BIG" NOLOGGING COMPRESS',
    "enable row movement parallel 4 nocache compress tablespace x pctfree 5 segment creation immediate": (
        'SEGMENT CREATION IMMEDIATE PCTFREE 5 TABLESPACE "X" COMPRESS NOCACHE PARALLEL 4 ENABLE ROW MOVEMENT'
    ),
    "partition by hash (id, no) partitions 16": 'PARTITION BY HASH ("ID", "NO") PARTITIONS 16',
    "enable row movement partition by hash (id) partitions 4 nologging": (
        'NOLOGGING PARTITION BY HASH ("ID") PARTITIONS 4 ENABLE ROW MOVEMENT'
    ),
    "partition by list (a) (partition p1 values ('it''s', 'N', null), partition values (default))": (
        "PARTITION BY LIST (\"A\") (PARTITION \"P1\" VALUES ('it''s', 'N', NULL), PARTITION VALUES (DEFAULT))"
    ),
    "partition by list (n) automatic (partition p values (1))": (
        'PARTITION BY LIST ("N") AUTOMATIC (PARTITION "P" VALUES (1))'
    ),
    "partition by range (d) (partition a values less than (date '2024-01-01') tablespace x,"
    " partition b values less than (maxvalue))": (
        'PARTITION BY RANGE ("D") (PARTITION "A" VALUES LESS THAN (DATE \'2024-01-01\') TABLESPACE "X",'
        ' PARTITION "B" VALUES LESS THAN (MAXVALUE))'
    ),
    "partition by range (d) interval (numtoyminterval(1, 'month'))"
    " (partition a values less than (timestamp '2024-01-01 00:00:00'))": (
        "PARTITION BY RANGE (\"D\") INTERVAL (NUMTOYMINTERVAL(1, 'month'))"
        " (PARTITION \"A\" VALUES LESS THAN (TIMESTAMP '2024-01-01 00:00:00'))"
    ),
    "partition by range (n) interval (1000) (partition a values less than (-10.5))": (
        'PARTITION BY RANGE ("N") INTERVAL (1000) (PARTITION "A" VALUES LESS THAN (-10.5))'
    ),
}

BAD = {
    "AS SELECT * FROM dual": "'* FROM dual'",
    "AS SELECT 1 FROM dual": "character 1, 'AS'",
    "compress as select 1 from dual": "character 10, 'as'",
    "COMPRESS; DROP TABLE t": "'; DROP TABLE t'",
    "tablespace": "at the end",
    "tablespace 1": "character 12",
    "tablespace users quota": "character 18, 'quota'",
    "parallel 4 parallel 8": "stands beside PARALLEL 4",
    "compress nocompress": "stands beside COMPRESS",
    "logging nologging": "stands beside LOGGING",
    "row store compress compress": "stands beside ROW STORE COMPRESS",
    "parallel 65536": "up to 65535",
    "parallel (4)": "DEGREE is missing",
    "parallel -1": "whole number",
    "pctfree 100": "up to 99",
    "pctfree x": "whole number",
    "partition by": "RANGE, LIST or HASH",
    "partition by reference (fk)": "RANGE, LIST or HASH",
    "partition by hash (id)": "PARTITIONS is missing",
    "partition by hash (id) compress": "PARTITIONS is missing",
    "partition by hash id": "( is missing",
    "partition by hash (id": ") is missing",
    "partition by hash (upper(id))": ") is missing",
    "partition by range (d) (partition a values less than (sysdate))": "only literals",
    "partition by range (d) (partition a values less than (to_date('x')))": "only literals",
    "partition by range (d) (partition a values (1))": "LESS is missing",
    "partition by list (d) (partition a values (maxvalue))": "only literals",
    "partition by range (d) interval (sysdate) (partition a values less than (1))": "step of an interval",
    "external": "character 1",
    "organization index": "character 1",
    "-- comment": "'-- comment'",
    "/* x */ compress": "'/* x */",
    'tablespace "a""b"': "character 15",
    'tablespace "': "'\"'",
    f'tablespace "{"a" * 129}"': "128 bytes",
    "tablespace 'users'": "name is missing",
    "storage (initial 1m)": "character 1",
}


@pytest.mark.parametrize(("text", "written"), GOOD.items())
def test_what_is_allowed_is_written_anew(text, written):
    assert check_table_options(text) == written
    assert check_table_options(written) == written


@pytest.mark.parametrize(("text", "place"), BAD.items())
def test_what_is_not_allowed_is_refused_with_its_place(text, place):
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # the text follows
        check_table_options(text)
    assert place in str(raised.value)


@pytest.mark.parametrize("before", ["", "COMPRESS ", "TABLESPACE x ", "PARTITION BY HASH (a) PARTITIONS 2 "])
def test_nothing_hostile_gets_past(before):
    for hostile in filter(str.strip, HOSTILE):
        with pytest.raises(ValueError, match="table_options"):
            check_table_options(before + hostile)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_a_literal_ends_where_it_says(value):
    literal = "'" + value.replace("'", "''") + "'"
    written = check_table_options(f"PARTITION BY LIST (A) (PARTITION P VALUES ({literal}))")
    tokens = sqlglot.tokenize(written, read="oracle")
    assert [token.text for token in tokens if token.token_type == TokenType.STRING] == [value]


def test_the_order_of_clauses_is_the_manuals_whatever_the_settings_is():
    clauses = ["segment creation deferred", "pctfree 5", "tablespace x", "logging", "compress"]
    clauses += ["partition by hash (a) partitions 2", "cache", "parallel 4", "enable row movement"]
    assert check_table_options(" ".join(reversed(clauses))) == check_table_options(" ".join(clauses))
    assert check_table_options(" ".join(clauses)).startswith("SEGMENT CREATION DEFERRED PCTFREE 5 TABLESPACE")
