"""
The views of the session, the instance and the database; there is one of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin.catalog import (
    DBA_PRIVILEGES,
)
from tests.standin.dictionary_view import DictionaryView, Fields, Instance, columns
from tests.standin.sqltypes import varchar

if TYPE_CHECKING:
    from collections.abc import Iterator


def _session_privs(at: Instance) -> Iterator[Fields]:
    user = at.catalog.users[at.user]
    found = set(user.privileges)
    if "DBA" in user.roles:
        found.update(DBA_PRIVILEGES)
    return ({"PRIVILEGE": name} for name in sorted(found))


def _user_sys_privs(at: Instance) -> Iterator[Fields]:
    for fields in _session_privs(at):
        yield fields | {"USERNAME": at.user, "ADMIN_OPTION": "NO", "COMMON": "NO", "INHERITED": "NO"}


def _session_roles(at: Instance) -> Iterator[Fields]:
    return ({"ROLE": name} for name in sorted(at.catalog.users[at.user].roles))


def _ts_quotas(at: Instance) -> Iterator[Fields]:
    if at.catalog.users[at.user].quota:
        yield {
            "TABLESPACE_NAME": "USERS",
            "BYTES": 65536,
            "MAX_BYTES": -1,
            "BLOCKS": 8,
            "MAX_BLOCKS": -1,
            "DROPPED": "NO",
        }


def _free_space(_: Instance) -> Iterator[Fields]:
    yield {"TABLESPACE_NAME": "USERS", "FILE_ID": 12, "BLOCK_ID": 128, "BYTES": 1 << 32, "BLOCKS": 1 << 19}


def _database_parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "NLS_CHARACTERSET": at.nls.charset.name,
        "NLS_NCHAR_CHARACTERSET": "AL16UTF16",
        "NLS_LENGTH_SEMANTICS": "BYTE",
        "NLS_LANGUAGE": "AMERICAN",
        "NLS_TERRITORY": "AMERICA",
        "NLS_NUMERIC_CHARACTERS": ".,",
        "NLS_SORT": "BINARY",
        "NLS_COMP": "BINARY",
        "NLS_DATE_FORMAT": "DD-MON-RR",
        "NLS_RDBMS_VERSION": full_version(at.version),
    }
    return ({"PARAMETER": name, "VALUE": value} for name, value in sorted(values.items()))


def _session_parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "NLS_LANGUAGE": at.nls.language,
        "NLS_TERRITORY": at.nls.territory,
        "NLS_NUMERIC_CHARACTERS": at.nls.point + at.nls.group,
        "NLS_DATE_FORMAT": at.nls.date_format,
        "NLS_TIMESTAMP_FORMAT": at.nls.timestamp_format,
        "NLS_TIMESTAMP_TZ_FORMAT": at.nls.timestamp_tz_format,
        "NLS_LENGTH_SEMANTICS": at.nls.length_semantics,
        "NLS_SORT": at.nls.sort,
        "NLS_COMP": at.nls.comparison,
        "NLS_NCHAR_CONV_EXCP": "FALSE",
    }
    return ({"PARAMETER": name, "VALUE": value} for name, value in sorted(values.items()))


_RELEASES = {
    12: ("Oracle Database 12c Enterprise Edition", "12.2.0.1.0", "12.2.0.1.0", "64bit Production"),
    18: ("Oracle Database 18c Enterprise Edition", "18.0.0.0.0", "18.3.0.0.0", "Production"),
    19: ("Oracle Database 19c Enterprise Edition", "19.0.0.0.0", "19.3.0.0.0", "Production"),
    21: ("Oracle Database 21c Express Edition", "21.0.0.0.0", "21.3.0.0.0", "Production"),
    23: ("Oracle Database 23ai Free", "23.0.0.0.0", "23.4.0.24.05", "Develop, Learn, and Run for Free"),
}


def full_version(version: int) -> str:
    """
    Return the release with its update.
    """
    return _RELEASES[version][2]


def _product(at: Instance) -> Iterator[Fields]:
    product, version, full, status = _RELEASES[at.version]
    yield {"PRODUCT": product + " ", "VERSION": version, "VERSION_FULL": full, "STATUS": status}


def _version_rows(at: Instance) -> Iterator[Fields]:
    product, version, full, status = _RELEASES[at.version]
    banner = f"{product} Release {version} - {status}"
    yield {"BANNER": banner, "BANNER_FULL": f"{banner}\nVersion {full}", "BANNER_LEGACY": banner, "CON_ID": 0}


def _parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "max_string_size": "EXTENDED" if at.max_string > 4000 else "STANDARD",
        "compatible": _RELEASES[at.version][1],
        "ddl_lock_timeout": "0",
        "open_cursors": "300",
        "db_block_size": "8192",
        "service_names": at.service,
        "nls_length_semantics": "BYTE",
    }
    for number, (name, value) in enumerate(sorted(values.items()), 1):
        yield {
            "NUM": number,
            "NAME": name,
            "TYPE": 2,
            "VALUE": value,
            "DISPLAY_VALUE": value,
            "ISDEFAULT": "TRUE",
        }


def _sessions(at: Instance) -> Iterator[Fields]:
    return iter(at.sessions())


def _private_tables(at: Instance) -> Iterator[Fields]:
    for table in at.private:
        yield {
            "OWNER": table.owner,
            "TABLE_NAME": table.name,
            "DURATION": "SESSION" if table.preserve else "TRANSACTION",
        }


VIEWS: dict[str, DictionaryView] = {
    "DUAL": DictionaryView((("DUMMY", varchar(1)),), lambda _: iter(({"DUMMY": "X"},)), scoped=False),
    "SESSION_PRIVS": DictionaryView(columns("PRIVILEGE"), _session_privs, scoped=False),
    "SESSION_ROLES": DictionaryView(columns("ROLE"), _session_roles, scoped=False),
    "USER_SYS_PRIVS": DictionaryView(
        columns("USERNAME PRIVILEGE ADMIN_OPTION:f COMMON:f INHERITED:f"), _user_sys_privs, scoped=False
    ),
    "USER_TS_QUOTAS": DictionaryView(
        columns("TABLESPACE_NAME BYTES:n MAX_BYTES:n BLOCKS:n MAX_BLOCKS:n DROPPED:f"),
        _ts_quotas,
        scoped=False,
    ),
    "USER_FREE_SPACE": DictionaryView(
        columns("TABLESPACE_NAME FILE_ID:n BLOCK_ID:n BYTES:n BLOCKS:n"), _free_space, scoped=False
    ),
    "USER_PRIVATE_TEMP_TABLES": DictionaryView(
        columns("OWNER TABLE_NAME DURATION"), _private_tables, scoped=False
    ),
    "NLS_DATABASE_PARAMETERS": DictionaryView(columns("PARAMETER VALUE"), _database_parameters, scoped=False),
    "NLS_SESSION_PARAMETERS": DictionaryView(columns("PARAMETER VALUE"), _session_parameters, scoped=False),
    "NLS_INSTANCE_PARAMETERS": DictionaryView(columns("PARAMETER VALUE"), _database_parameters, scoped=False),
    "PRODUCT_COMPONENT_VERSION": DictionaryView(
        columns("PRODUCT VERSION VERSION_FULL STATUS"), _product, scoped=False
    ),
    "V$VERSION": DictionaryView(
        columns("BANNER BANNER_FULL BANNER_LEGACY CON_ID:n"), _version_rows, scoped=False
    ),
    "V$PARAMETER": DictionaryView(
        columns("NUM:n NAME TYPE:n VALUE:t DISPLAY_VALUE:t ISDEFAULT"),
        _parameters,
        scoped=False,
        privileged=True,
    ),
    "V$SESSION": DictionaryView(
        columns(
            "SID:n SERIAL#:n USERNAME STATUS SCHEMANAME MODULE ACTION CLIENT_INFO CLIENT_IDENTIFIER"
            " TYPE PROGRAM MACHINE"
        ),
        _sessions,
        scoped=False,
        privileged=True,
    ),
}
