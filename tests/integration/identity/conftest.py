"""One provider and two gateways that trust it, for all tests of this folder."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import pytest_asyncio

from burnish.embedded.nats import ADMINISTRATOR
from tests.embedded.stack import Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, serve_provider
from tests.fakes.signing import SECRET
from tests.integration.identity.browser import PUBLIC, Browser
from tests.pace import STILL_MOST_S, spare_clock


@dataclass(slots=True)
class Town:
    """`plain`, `linking`: gateways; the second joins accounts by verified e-mail and lets everybody sign up.

    `project` signs tokens with its keys at `/jwks`."""

    stack: Stack
    provider: IdentityProvider
    project: IdentityProvider
    plain: str
    linking: str

    def browser(self, gateway: str | None = None) -> Browser:
        return Browser(self.stack.session, gateway or self.plain)

    async def workspace(self) -> Workspace:
        return await make_workspace(self.stack.urls["superuser"])

    async def sql(self, statement: str, *args: Any) -> list[Any]:
        async with as_superuser(self.stack.urls["superuser"]) as connection:
            return list(await connection.fetch(statement, *args))

    async def user_of(self, subject: str, *, issuer: str | None = None) -> UUID | None:
        rows = await self.sql("SELECT user_id FROM identities WHERE subject = $1 AND ($2::text IS NULL OR issuer = $2)", subject, issuer)
        return rows[0]["user_id"] if rows else None

    async def join(self, user_id: UUID, workspace: Workspace, role: str) -> None:
        await self.sql(
            """INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)
               ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role""",
            workspace.workspace_id, user_id, role,
        )  # fmt: skip
        await self.changed("member", user_id)

    async def changed(self, kind: str, user_id: UUID) -> None:
        await self.sql("SELECT note_change(NULL, $1, $2)", kind, str(user_id))

    async def ask(self, token: str, path: str = "/v1/prompts", *, gateway: str | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"}
        async with self.stack.session.get((gateway or self.plain) + path, headers=headers) as response:
            return response.status, await response.json()

    async def until(self, token: str, status: int) -> float:
        """Asks until the answer has this status. Seconds that it took by `spare_clock`; fails after 3."""
        with spare_clock() as clock:
            began_s, latest_s = clock(), monotonic() + 3 + STILL_MOST_S
            while (await self.ask(token))[0] != status:
                assert clock() - began_s < 3 and monotonic() < latest_s
                await asyncio.sleep(0.02)
            return clock() - began_s


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def town(postgres: Any, nats_server: Any) -> AsyncIterator[Town]:
    urls = await postgres.clone()
    async with serve_provider() as provider, serve_provider() as project:
        settings = {
            "public_url": PUBLIC, "oidc_issuer": provider.url, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET,
            "jwt_secret": SECRET, "jwks_url": f"{project.url}/jwks",
        }  # fmt: skip
        async with running_stack(urls, nats_server, executors=0, gateway=settings) as stack:
            await stack.start_gateway(**settings, oidc_link_by_email=True, sign_up="open")
            yield Town(stack, provider, project, *stack.gateways)
    await empty_streams(nats_server.url(ADMINISTRATOR))
    await postgres.drop(urls)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def well_behaved(request: Any) -> AsyncIterator[None]:
    """After each test the provider behaves again."""
    yield
    if "town" in request.fixturenames:
        town = request.getfixturevalue("town")
        fresh = IdentityProvider(url=town.provider.url)
        for name in (
            "signer",
            "published",
            "raw_keys",
            "claims",
            "header",
            "answer_with",
            "token_answer",
            "id_token",
            "subject",
            "is_away",
            "discovery",
        ):
            setattr(town.provider, name, getattr(fresh, name))
