"""Login roles of the services: members of the group roles that the migrations made."""

from collections.abc import Mapping
from typing import Any, Final

GROUP_OF_LOGIN: Final[Mapping[str, str]] = {
    "burnish_gateway": "burnish_app",
    "burnish_executor": "burnish_worker",
    "burnish_optimizer": "burnish_worker",
    "burnish_analytics": "burnish_worker",
    "burnish_webhooks": "burnish_worker",
}
"""The gateway sees one workspace per transaction, the batch writers those of their batch (DESIGN section 6)."""

MIGRATOR: Final = "burnish_migrator"
"""Runs migrations in the packaged server: may create roles, is no superuser, owns the database."""


async def create_migrator(connection: Any, *, password: str) -> None:
    """Makes or updates the login that migrates. Needs a superuser's connection (asyncpg). Idempotent."""
    await _create_login(connection, MIGRATOR, password=password, attributes="CREATEROLE")


async def create_login_roles(connection: Any, passwords: Mapping[str, str]) -> None:
    """Makes the login role of each service, or sets its password anew. Idempotent.

    `connection` (asyncpg) is a login that may create roles and ran the migrations, or a superuser; `passwords` is by service
    (`gateway`, `executor`, …). Raises KeyError when a service has no password.
    """
    for login, group in GROUP_OF_LOGIN.items():
        async with connection.transaction():
            await _create_login(connection, login, password=passwords[login.removeprefix("burnish_")], attributes="")
            await connection.execute(f"GRANT {group} TO {login}")
            await connection.execute(f"ALTER ROLE {login} SET search_path = burnish")


async def _create_login(connection: Any, name: str, *, password: str, attributes: str) -> None:
    """Role statements take no parameters, so the password is quoted by the server itself."""
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    verb = "ALTER" if exists else "CREATE"
    statement = await connection.fetchval(f"SELECT format('{verb} ROLE {name} LOGIN {attributes} PASSWORD %L', $1::text)", password)
    await connection.execute(statement)
