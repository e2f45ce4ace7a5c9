"""
Users and what they may do: CREATE, ALTER and DROP USER, GRANT and REVOKE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin.catalog import USUAL_PRIVILEGES, Privilege, Table, User
from tests.standin.ddl import now
from tests.standin.naming import lookup, no_table
from tests.standin.refusal import Refusal, unsupported

if TYPE_CHECKING:
    from tests.standin.session import Session
    from tests.standin.sql_ast import AlterUser, CreateUser, Grant

_OBJECT_PRIVILEGES = ("ALTER", "DELETE", "INDEX", "INSERT", "REFERENCES", "SELECT", "UPDATE", "READ", "DEBUG")
_ALL = ("ALTER", "DELETE", "INDEX", "INSERT", "REFERENCES", "SELECT", "UPDATE")
_ROLES = frozenset({"CONNECT", "RESOURCE", "DBA", "SELECT_CATALOG_ROLE"})


class Rights:
    """
    What one session does to users and rights.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._catalog = session.catalog

    def create_user(self, statement: CreateUser) -> None:
        """
        CREATE USER and DROP USER; a new user may do what an application's owner may.
        """
        right = "DROP USER" if statement.drop else "CREATE USER"
        if not self._catalog.may(self._session.user, right):
            raise Refusal(1031)
        if statement.drop:
            self._drop_user(statement)
            return
        if statement.name in self._catalog.users:
            raise Refusal(1920, name=statement.name)
        self._catalog.save_user(
            User(statement.name, self._catalog.number(), set(USUAL_PRIVILEGES), created=now())
        )

    def alter_user(self, statement: AlterUser) -> None:
        """
        ALTER USER ... QUOTA.
        """
        if not self._catalog.may(self._session.user, "ALTER USER"):
            raise Refusal(1031)
        user = self._catalog.users.get(statement.name)
        if user is None:
            raise Refusal(1918, name=statement.name)
        user.quota = statement.quota
        self._catalog.save_user(user)

    def _drop_user(self, statement: CreateUser) -> None:
        if statement.name not in self._catalog.users:
            raise Refusal(1918, name=statement.name)
        if any(session.user == statement.name for session in self._session.database.sessions.values()):
            raise Refusal(1940)
        owned = [found for found in self._catalog.objects.values() if found.owner == statement.name]
        if owned and not statement.cascade:
            raise Refusal(1922, name=statement.name)
        for found in owned:
            self._catalog.remove(found)
            if isinstance(found, Table) and not found.temporary:
                self._session.database.builder.drop(found.physical)
        self._catalog.grants = [grant for grant in self._catalog.grants if grant.grantee != statement.name]
        self._catalog.save_grants()
        self._catalog.remove_user(statement.name)

    def grant(self, statement: Grant) -> None:
        """
        GRANT and REVOKE.
        """
        for user in statement.users:
            if user != "PUBLIC" and user not in self._catalog.users:
                raise Refusal(1917, name=user)
        if statement.target is None:
            self._system_grant(statement)
            return
        compilation = self._session.database.builder.compilation(self._session.current_schema)
        found = lookup(compilation, statement.target.schema, statement.target.name)
        me = self._session.user
        if found is None or not self._catalog.sees(me, found.owner, found.name):
            raise no_table(
                statement.target.schema,
                statement.target.name,
                statement.target.position,
                self._session.current_schema,
            )
        if found.owner != me and not self._catalog.may(me, "GRANT ANY OBJECT PRIVILEGE"):
            raise Refusal(1031)
        privileges = [one for privilege in statement.privileges for one in _object_privileges(privilege)]
        for user in statement.users:
            for privilege in privileges:
                self._grant_one(statement, found.owner, found.name, user, privilege)
        self._catalog.save_grants()

    def _grant_one(self, statement: Grant, owner: str, name: str, user: str, privilege: str) -> None:
        same = [
            grant
            for grant in self._catalog.grants
            if (grant.owner, grant.name, grant.grantee, grant.privilege) == (owner, name, user, privilege)
        ]
        if not statement.revoke:
            if same:
                same[0].grantable = same[0].grantable or statement.grantable
            else:
                made = Privilege(owner, name, user, privilege, self._session.user, statement.grantable)
                self._catalog.grants.append(made)
        elif same:
            self._catalog.grants = [grant for grant in self._catalog.grants if grant is not same[0]]
        elif "ALL" not in statement.privileges:
            raise Refusal(1927)

    def _system_grant(self, statement: Grant) -> None:
        if not self._catalog.may(self._session.user, "GRANT ANY PRIVILEGE"):
            raise Refusal(1031)
        for user in statement.users:
            found = self._catalog.users.get(user)
            if found is None:
                raise unsupported("a system privilege for PUBLIC")
            for privilege in statement.privileges:
                kept = found.roles if privilege in _ROLES else found.privileges
                (kept.discard if statement.revoke else kept.add)(privilege)
            self._catalog.save_user(found)


def _object_privileges(privilege: str) -> tuple[str, ...]:
    if privilege in {"ALL", "ALL PRIVILEGES"}:
        return _ALL
    if privilege not in _OBJECT_PRIVILEGES:
        raise Refusal(990)
    return (privilege,)
