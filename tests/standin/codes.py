"""
Oracle's messages, by number and by the server's version.

A text is a format over the names that a refusal carries. Where 23 says it otherwise, the second text is its
own; a text whose names are missing falls back to the older one, which needs fewer. Texts follow Oracle's
error help.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.standin.values import OracleError

if TYPE_CHECKING:
    from tests.standin.refusal import Refusal

#: The names that a text mentions.
_NAMES = re.compile(r"\{(\w+)")
_TEXTS: dict[int, str] = {
    1: "unique constraint ({owner}.{constraint}) violated",
    54: "resource busy and acquire with NOWAIT specified or timeout expired",
    60: "deadlock detected while waiting for resource",
    600: "internal error code, arguments: [{what}], [], [], [], [], [], [], []",
    900: "invalid SQL statement",
    901: "invalid CREATE command",
    902: "invalid datatype",
    903: "invalid table name",
    904: "{name}: invalid identifier",
    905: "missing keyword",
    906: "missing left parenthesis",
    907: "missing right parenthesis",
    908: "missing NULL keyword",
    909: "invalid number of arguments",
    910: "specified length too long for its datatype",
    911: "invalid character",
    913: "too many values",
    917: "missing comma",
    918: "column ambiguously defined",
    920: "invalid relational operator",
    922: "missing or invalid option",
    923: "FROM keyword not found where expected",
    924: "missing BY keyword",
    925: "missing INTO keyword",
    926: "missing VALUES keyword",
    927: "missing equal sign",
    928: "missing SELECT keyword",
    932: "inconsistent datatypes: expected {expected} got {got}",
    933: "SQL command not properly ended",
    934: "group function is not allowed here",
    936: "missing expression",
    937: "not a single-group group function",
    938: "not enough arguments for function",
    939: "too many arguments for function",
    940: "invalid ALTER command",
    942: "table or view does not exist",
    947: "not enough values",
    950: "invalid DROP option",
    953: "missing or invalid index name",
    955: "name is already used by an existing object",
    957: "duplicate column name",
    959: "tablespace '{name}' does not exist",
    969: "missing ON keyword",
    971: "missing SET keyword",
    972: "identifier is too long",
    975: "date + date not allowed",
    978: "nested group function without GROUP BY",
    979: "not a GROUP BY expression",
    980: "synonym translation is no longer valid",
    984: "column not allowed here",
    987: "missing or invalid username(s)",
    990: "missing or invalid privilege",
    998: "must name this expression with a column alias",
    1005: "null password given; logon denied",
    1008: "not all variables bound",
    1013: "user requested cancel of current operation",
    1017: "invalid username/password; logon denied",
    1027: "bind variables not allowed for data definition operations",
    1031: "insufficient privileges",
    1036: "illegal variable name/number",
    1045: "user {name} lacks CREATE SESSION privilege; logon denied",
    1086: "savepoint '{name}' never established in this session or is invalid",
    1400: 'cannot insert NULL into ("{owner}"."{table}"."{column}")',
    1401: "inserted value too large for column",
    1404: "ALTER COLUMN will make an index too large",
    1407: 'cannot update ("{owner}"."{table}"."{column}") to NULL',
    1408: "such column list already indexed",
    1418: "specified index does not exist",
    1424: "missing or illegal character following the escape character",
    1425: "escape character must be character string of length 1",
    1426: "numeric overflow",
    1427: "single-row subquery returns more than one row",
    1428: "argument is out of range",
    1430: "column being added already exists in table",
    1432: "public synonym to be dropped does not exist",
    1434: "private synonym to be dropped does not exist",
    1435: "user does not exist",
    1438: "value larger than specified precision allowed for this column",
    1439: "column to be modified must be empty to change datatype",
    1440: "column to be modified must be empty to decrease precision or scale",
    1441: "cannot decrease column length because some value is too big",
    1442: "column to be modified to NOT NULL is already NOT NULL",
    1445: "cannot select ROWID from, or sample, a join view without a key-preserved table",
    1449: "column contains NULL values; cannot alter to NOT NULL",
    1450: "maximum key length ({limit}) exceeded",
    1451: "column to be modified to NULL cannot be modified to NULL",
    1452: "cannot CREATE UNIQUE INDEX; duplicate keys found",
    1461: "can bind a LONG value only for insert into a LONG column",
    1465: "invalid hex number",
    1476: "divisor is equal to zero",
    1489: "result of string concatenation is too long",
    1502: "index '{owner}.{name}' or partition of such index is in unusable state",
    1536: "space quota exceeded for tablespace 'USERS'",
    1702: "a view is not appropriate here",
    1704: "string literal too long",
    1722: "invalid number",
    1723: "zero-length columns are not allowed",
    1727: "numeric precision specifier is out of range (1 to 38)",
    1728: "numeric scale specifier is out of range (-84 to 127)",
    1730: "invalid number of column names specified",
    1732: "data manipulation operation not legal on this view",
    1735: "invalid ALTER TABLE option",
    1737: "valid modes: [ROW] SHARE, [[SHARE] ROW] EXCLUSIVE, SHARE UPDATE",
    1740: "missing double quote in identifier",
    1741: "illegal zero-length identifier",
    1745: "invalid host/bind variable name",
    1747: "invalid user.table.column, table.column, or column specification",
    1748: "only simple column names allowed here",
    1754: "a table may contain only one column of type LONG",
    1756: "quoted string not properly terminated",
    1758: "table must be empty to add mandatory (NOT NULL) column",
    1760: "illegal argument for function",
    1767: "UPDATE ... SET expression must be a subquery",
    1773: "may not specify column datatypes in this CREATE TABLE",
    1775: "looping chain of synonyms",
    1780: "string literal required",
    1785: "ORDER BY item must be the number of a SELECT-list expression",
    1786: "FOR UPDATE of this query expression is not allowed",
    1789: "query block has incorrect number of result columns",
    1790: "expression must have same datatype as corresponding expression",
    1791: "not a SELECTed expression",
    1792: "maximum number of columns in a table or view is 1000",
    1793: "maximum number of index columns is 32",
    1795: "maximum number of expressions in a list is 1000",
    1820: "format code cannot appear in date input format",
    1821: "date format not recognized",
    1830: "date format picture ends before converting entire input string",
    1839: "date not valid for month specified",
    1840: "input value not long enough for date format",
    1841: "(full) year must be between -4713 and +9999, and not be 0",
    1843: "not a valid month",
    1846: "not a valid day of the week",
    1847: "day of month must be between 1 and last day of month",
    1848: "day of year must be between 1 and 365 (366 for leap year)",
    1849: "hour must be between 1 and 12",
    1850: "hour must be between 0 and 23",
    1851: "minutes must be between 0 and 59",
    1852: "seconds must be between 0 and 59",
    1853: "seconds in day must be between 0 and 86399",
    1855: "AM/A.M. or PM/P.M. required",
    1858: "a non-numeric character was found where a numeric was expected",
    1861: "literal does not match format string",
    1867: "the interval is invalid",
    1873: "the leading precision of the interval is too small",
    1874: "time zone hour must be between -15 and 15",
    1882: "timezone region not found",
    1898: "too many precision specifiers",
    1917: "user or role '{name}' does not exist",
    1918: "user '{name}' does not exist",
    1919: "role '{name}' does not exist",
    1920: "user name '{name}' conflicts with another user or role name",
    1922: "CASCADE must be specified to drop '{name}'",
    1927: "cannot REVOKE privileges you did not grant",
    1935: "missing user or role name",
    1940: "cannot drop a user that is currently connected",
    1950: "no privileges on tablespace 'USERS'",
    1952: "system privileges not granted to '{name}'",
    2003: "invalid USERENV parameter",
    2014: "cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.",
    2017: "integer value required",
    2019: "connection description for remote database not found",
    2097: "parameter cannot be modified because specified value is invalid",
    2210: "no options specified for ALTER TABLE",
    2243: "invalid ALTER INDEX or ALTER MATERIALIZED VIEW option",
    2248: "invalid option for ALTER SESSION",
    2250: "missing or invalid constraint name",
    2256: "number of referencing columns must match referenced columns",
    2260: "table can have only one primary key",
    2261: "such unique or primary key already exists in the table",
    2263: "need to specify the datatype for this column",
    2264: "name already used by an existing constraint",
    2266: "unique/primary keys in table referenced by enabled foreign keys",
    2267: "column type incompatible with referenced column type",
    2268: "referenced table does not have a primary key",
    2270: "no matching unique or primary key for this column-list",
    2273: "this unique/primary key is referenced by some foreign keys",
    2289: "sequence does not exist",
    2290: "check constraint ({owner}.{constraint}) violated",
    2291: "integrity constraint ({owner}.{constraint}) violated - parent key not found",
    2292: "integrity constraint ({owner}.{constraint}) violated - child record found",
    2293: "cannot validate ({owner}.{constraint}) - check constraint violated",
    2296: "cannot enable ({owner}.{constraint}) - null values found",
    2297: "cannot disable constraint ({owner}.{constraint}) - dependencies exist",
    2298: "cannot validate ({owner}.{constraint}) - parent keys not found",
    2299: "cannot validate ({owner}.{constraint}) - duplicate keys found",
    2327: "cannot create index on expression with datatype {type}",
    2329: "column of datatype {type} cannot be unique or a primary key",
    2429: "cannot drop index used for enforcement of unique/primary key",
    2430: "cannot enable constraint ({constraint}) - no such constraint",
    2431: "cannot disable constraint ({constraint}) - no such constraint",
    2437: "cannot validate ({owner}.{constraint}) - primary key violated",
    2441: "Cannot drop nonexistent primary key",
    2442: "Cannot drop nonexistent unique key",
    2443: "Cannot drop constraint  - nonexistent constraint",
    2449: "unique/primary keys in table referenced by foreign keys",
    3001: "unimplemented feature ({what})",
    3048: "SQL reserved word '{text}' is not syntactically valid following '...{before}'",
    3113: "end-of-file on communication channel",
    3290: "Invalid truncate command - missing CLUSTER or TABLE keyword",
    4043: "object {name} does not exist",
    4063: "view has errors",
    8002: "sequence {name}.CURRVAL is not yet defined in this session",
    12705: "Cannot access NLS data files or invalid environment specified",
    12838: "cannot read/modify an object after modifying it in parallel",
    12841: "Cannot alter the session parallel DML state within a transaction",
    12899: 'value too large for column "{owner}"."{table}"."{column}" (actual: {actual}, maximum: {maximum})',
    12980: "checkpoint option not allowed with SET UNUSED",
    12983: "cannot drop all columns in a table",
    12984: "cannot drop partitioning column",
    12991: "column is referenced in a multi-column constraint",
    12992: "cannot drop parent key column",
    14155: "missing PARTITION or SUBPARTITION keyword",
    14450: "attempt to access a transactional temp table already in use",
    14451: "unsupported feature with temporary table",
    14452: "attempt to create, alter or drop an index on temporary table already in use",
    14455: "attempt to create referential integrity constraint on temporary table",
    14461: "cannot REUSE STORAGE on a temporary table TRUNCATE",
    22858: "invalid alteration of datatype",
    22859: "invalid modification of columns",
    23292: "The constraint does not exist",
    30005: "missing or invalid WAIT interval",
    30006: "resource busy; acquire with WAIT timeout expired",
    30076: "invalid extract field for extract source",
    30082: (
        "datetime/interval column to be modified must be empty to decrease fractional second"
        " or leading field precision"
    ),
    30088: "datetime/interval precision is out of range",
    30089: "missing or invalid <datetime field>",
    30186: "'\\' must be followed by four hexadecimal characters or another '\\'",
    30482: "DISTINCT option not allowed for this function",
    30484: "missing window specification for this function",
    30485: "missing ORDER BY expression in the window specification",
    30491: "missing ORDER BY clause",
    30673: "column to be modified is not an identity column",
    30675: "column to be modified is an identity column",
    30926: "unable to get a stable set of rows in the source tables",
    30954: "missing or invalid NULLS FIRST or LAST",
    32038: "number of WITH clause column names does not match number of elements in select list",
    32463: "cannot create an object with a name matching private temporary table prefix",
    32588: "supplemental logging attribute data does not exist",
    32795: "cannot insert into a generated always identity column",
    32796: "cannot update a generated always identity column",
    38101: "Invalid column in the INSERT VALUES Clause: {name}",
    38104: "Columns referenced in the ON Clause cannot be updated: {name}",
    40441: "JSON syntax error",
    40442: "JSON path expression syntax error",
    40450: "invalid ON ERROR clause",
    40454: "path expression not a literal",
    40478: "output value too large",
    39726: "unsupported add/drop column operation on compressed tables",
    42399: "cannot perform a DML operation on a read-only view",
    54013: "INSERT operation disallowed on virtual columns",
    54017: "UPDATE operation disallowed on virtual columns",
    54033: "column to be modified is used in a virtual column expression",
    61800: "invalid boolean literal",
}
#: What 23 says otherwise.
_TEXTS_OF_23: dict[int, str] = {
    1: (
        "unique constraint ({owner}.{constraint}) violated on table {owner}.{table}"
        " columns ({column_list})\n"
        "ORA-03301: (ORA-00001 details) row with column values ({pairs}) already exists"
    ),
    54: (
        'Failed to acquire a lock (Type: "TM", Name: "DML", Description: "Synchronizes'
        ' accesses to an object") because it is currently held by another session. The'
        " resource being locked can be identified by its name."
    ),
    910: "specified length for data type is too long; maximum length is {limit}",
    911: "{text}: invalid character after {before}",
    918: "{column}: column ambiguously specified - appears in more than one source",
    942: 'table or view "{owner}"."{name}" does not exist',
    955: 'name "{owner}"."{name}" is already used by an existing object',
    957: '"{column}": duplicate column name',
    972: "The identifier {text} exceeds the maximum length of {limit} bytes.",
    1017: "invalid credential or not authorized; logon denied",
    1430: 'column {column} already exists in table "{owner}"."{table}"',
    1438: ("value {value} greater than specified precision ({precision}, {scale}) for column {column}"),
    1461: (
        "The value at bind position {place} exceeded the maximum VARCHAR2 length for"
        " this use and is allowed only for insert into a LONG or LOB column."
    ),
    1722: "unable to convert string value containing {first!r} to a number: {column}",
    1843: "An invalid month was specified.",
    1858: "A non-numeric character was found instead of a numeric character.",
    1861: "Literal does not match the format string.",
    1950: "user {name} has no quota on tablespace 'USERS'",
    2291: (
        "integrity constraint ({owner}.{constraint}) violated on table {owner}.{table}"
        " columns ({column_list}) - parent key not found"
    ),
    2329: "Column of data type {type} cannot be unique or a primary key.",
}


def message(code: int, version: int, names: dict[str, object]) -> str:
    """
    Write the message of ORA-*code*.
    """
    plain = _TEXTS.get(code, "message not known to this server")
    known = _derived(names)
    wanted = _TEXTS_OF_23.get(code, plain) if version >= 23 else plain
    for text in (wanted, plain):
        if set(_NAMES.findall(text)) <= known.keys():
            return f"ORA-{code:05d}: {text.format(**known)}"
    return f"ORA-{code:05d}: {plain}"


def _derived(names: dict[str, object]) -> dict[str, object]:
    found = dict(names)
    columns, values = names.get("columns"), names.get("values")
    if isinstance(columns, list):
        found["column_list"] = ", ".join(columns)
        if isinstance(values, list):
            found["pairs"] = ", ".join(f"{name}:{value}" for name, value in zip(columns, values, strict=True))
    value = names.get("value")
    if isinstance(value, str):
        found["first"] = next((mark for mark in value.strip() if not mark.isdigit()), "")
    return found


def oracle_error(refusal: Refusal, version: int, rowcount: int = 0) -> OracleError:
    """
    Make of a refusal what the client sees.
    """
    text = message(refusal.code, version, refusal.names)
    return OracleError(refusal.code, text, refusal.position, rowcount)
