"""People for tests, signed in by SQL: no password is hashed, no form is filled in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from burnish_gateway.access.session_token import COOKIE
from burnish_shared.auth.random_token import new_token
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace


async def sign_in(stack: Stack, workspace: Workspace, *, role: str, is_operator: bool = False) -> tuple[Caller, UUID]:
    """A new member of the workspace with a session, and who that is."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        user_id = await make_member(connection, workspace.workspace_id, role=role, is_operator=is_operator)
        cookie = await make_session(connection, user_id)
    person = Caller(stack.session, stack.gateways[0], "", workspace, cookie=cookie)
    session = await person("GET", "/v1/auth/session")
    assert session.status == 200, session.body
    return replace(person, csrf_token=session.body["csrf_token"]), user_id


async def make_member(connection: Any, workspace_id: UUID, *, role: str, is_operator: bool = False) -> UUID:
    """A new user who belongs to this one workspace."""
    user_id = new_uuid()
    email = f"{user_id}@example.com"
    await connection.execute(
        "INSERT INTO users (user_id, email, name, is_operator) VALUES ($1, $2, 'Ada', $3)", user_id, email, is_operator
    )
    await connection.execute("INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)", workspace_id, user_id, role)
    await connection.execute("SELECT note_change($1, 'member', $2)", workspace_id, str(user_id))
    return user_id


async def make_session(connection: Any, user_id: UUID, *, lasts: timedelta = timedelta(days=1), is_over: bool = False) -> str:
    """The Cookie header of a fresh session. `is_over`: it was ended."""
    token = new_token()
    await connection.execute(
        "INSERT INTO user_sessions (session_id, user_id, digest, way, expires_at, revoked_at) "
        "VALUES ($1, $2, $3, 'password', clock_timestamp() + $4, CASE WHEN $5 THEN clock_timestamp() END)",
        token.token_id,
        user_id,
        token.digest,
        lasts,
        is_over,
    )
    return f"{COOKIE}={token.text}"
