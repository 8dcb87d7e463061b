"""Both ways of keeping the secrets of provider keys do the same: sealed in the row, and in a Vault of Supabase's shape."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.auth.key_secrets import Kept, KeySecrets, SealedKeySecrets, VaultKeySecrets, way_of
from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.stack import running_stack
from tests.embedded.supabase import SupabaseCluster
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace
from tests.fakes.keyed_provider import serving_by_key
from tests.integration.provider_keys.conftest import MODEL

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E6"), pytest.mark.promise("S-02")]

SECRET = "canary-key-0123456789-tail"

ADD = """INSERT INTO provider_keys
  (provider_key_id, workspace_id, provider, name, last4, created_by, secret_version, sealed, vault_secret_id)
  VALUES ($1, $2, 'openai', 'one', 'tail', 'test', $3, $4, $5)"""


@dataclass(frozen=True)
class Ground:
    """Two workspaces of one database, as gateway and as executor."""

    urls: DatabaseUrls
    gateway: Database
    executor: Database
    secrets: KeySecrets
    keyring: Keyring
    one: Workspace
    two: Workspace

    async def keep(self, *, of: Workspace | None = None, version: int = 1) -> tuple[KeyPlace, Kept]:
        """Keeps SECRET for a fresh key, with its row."""
        place = KeyPlace((of or self.one).workspace_id, new_uuid(), version)
        async with self.gateway.unit_of_work(workspace=place.workspace_id) as tx:
            kept = await self.secrets.keep(tx, place, SECRET)
            await tx.execute(ADD, place.provider_key_id, place.workspace_id, version, kept.sealed, kept.vault_secret_id)
        return place, kept

    async def open(self, place: KeyPlace, kept: Kept, *, seen: Workspace | None = None) -> str:
        """As the executor, which sees the workspaces that it names. Raises ValueError."""
        async with self.executor.unit_of_work(workspaces={seen.workspace_id if seen else place.workspace_id}, read_only=True) as tx:
            return await way_of(kept, keyring=self.keyring).open(tx, place, kept)


@pytest_asyncio.fixture(params=["sealed", "vault"], scope="module", loop_scope="session")
async def ground(request: pytest.FixtureRequest, postgres: Cluster, supabase: SupabaseCluster) -> AsyncIterator[Ground]:
    cluster: Cluster = supabase if request.param == "vault" else postgres
    urls = await cluster.clone()
    keyring = Keyring(b"k" * 32)
    secrets: KeySecrets = VaultKeySecrets() if request.param == "vault" else SealedKeySecrets(keyring)
    gateway = await Database.open(urls["gateway"], application_name="test", max_size=2)
    executor = await Database.open(urls["executor"], application_name="test", max_size=2)
    one, two = await make_workspace(urls["superuser"]), await make_workspace(urls["superuser"])
    yield Ground(urls, gateway, executor, secrets, keyring, one, two)
    await gateway.close()
    await executor.close()
    await cluster.drop(urls)


async def test_what_was_kept_opens_in_its_place(ground: Ground) -> None:
    place, kept = await ground.keep()
    assert await ground.open(place, kept) == SECRET
    assert (kept.sealed is None) != (kept.vault_secret_id is None)


async def test_a_row_that_is_copied_to_another_key_tenant_or_version_does_not_open(ground: Ground) -> None:
    place, kept = await ground.keep()
    for stranger in (
        KeyPlace(ground.two.workspace_id, new_uuid(), place.version),
        KeyPlace(place.workspace_id, new_uuid(), place.version),
        replace(place, version=2),
    ):
        async with as_superuser(ground.urls["superuser"]) as connection:
            if stranger.provider_key_id == place.provider_key_id:
                await connection.execute("UPDATE provider_keys SET secret_version = 2 WHERE provider_key_id = $1", place.provider_key_id)
            else:
                await connection.execute(
                    ADD, stranger.provider_key_id, stranger.workspace_id, stranger.version, kept.sealed, kept.vault_secret_id
                )
        with pytest.raises(ValueError):
            await ground.open(stranger, kept)


async def test_an_executor_that_works_for_others_sees_no_row_and_opens_nothing_from_vault(ground: Ground) -> None:
    place, kept = await ground.keep()
    async with ground.executor.unit_of_work(workspaces={ground.two.workspace_id}, read_only=True) as tx:
        assert not await tx.fetch("SELECT 1 FROM provider_keys WHERE provider_key_id = $1", place.provider_key_id)
    if kept.vault_secret_id is not None:
        with pytest.raises(ValueError):
            await ground.open(place, kept, seen=ground.two)


@pytest.mark.promise("S-06")
async def test_the_gateway_writes_secrets_and_cannot_read_them(ground: Ground) -> None:
    place, _ = await ground.keep()
    for sql in (
        "SELECT sealed FROM provider_keys",
        "SELECT vault_secret_id FROM provider_keys",
        f"SELECT read_from_vault('{place.workspace_id}', '{place.provider_key_id}')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ground.gateway.unit_of_work(workspace=place.workspace_id) as tx:
                await tx.fetch(sql)


async def test_nobody_keeps_or_forgets_a_secret_in_another_tenants_name(ground: Ground) -> None:
    place, kept = await ground.keep(of=ground.two)
    for sql in ("SELECT keep_in_vault($1, $2, 7, 'x')", "SELECT forget_in_vault($1, $2, 1)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ground.gateway.unit_of_work(workspace=ground.one.workspace_id) as tx:
                await tx.fetch(sql, place.workspace_id, place.provider_key_id)
    assert await ground.open(place, kept) == SECRET


async def test_what_was_forgotten_is_nowhere(ground: Ground) -> None:
    place, kept = await ground.keep()
    async with ground.gateway.unit_of_work(workspace=place.workspace_id) as tx:
        await tx.execute(
            "UPDATE provider_keys SET status = 'revoked', sealed = NULL, vault_secret_id = NULL WHERE provider_key_id = $1",
            place.provider_key_id,
        )
        await ground.secrets.forget(tx, place)
        await ground.secrets.forget(tx, place)
    async with as_superuser(ground.urls["superuser"]) as connection:
        if kept.vault_secret_id is not None:
            assert not await connection.fetch("SELECT 1 FROM vault.secrets WHERE id = $1", kept.vault_secret_id)
            with pytest.raises(ValueError):
                await ground.open(place, kept)
        else:
            assert not await connection.fetch("SELECT 1 FROM burnish.provider_keys WHERE sealed = $1", kept.sealed)


@pytest.mark.promise("S-04")
async def test_no_dump_shows_the_secret(ground: Ground) -> None:
    await ground.keep()
    connection = await asyncpg.connect(ground.urls["superuser"])
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN "
        "(SELECT oid FROM pg_namespace WHERE nspname IN ('burnish', 'vault'))"
    )
    shown = [SECRET, SECRET.encode().hex()]
    found = [
        table[0]
        for table in tables
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table[0]} t, unnest($1::text[]) s WHERE strpos(t::text, s) > 0)", shown)
    ]
    await connection.close()
    assert not found


@pytest.mark.parametrize("has_vault", [False, True])
async def test_a_database_without_a_vault_that_may_be_used_says_so_and_keeps_nothing(postgres: Cluster, has_vault: bool) -> None:
    urls = await postgres.clone()
    if has_vault:
        connection = await asyncpg.connect(urls["superuser"])
        await connection.execute("CREATE SCHEMA vault")
        await connection.close()
    workspace = await make_workspace(urls["superuser"])
    gateway = await Database.open(urls["gateway"], application_name="test", max_size=1)
    with pytest.raises(Unavailable, match="no schema `vault` that it may use"):
        async with gateway.unit_of_work(workspace=workspace.workspace_id) as tx:
            await VaultKeySecrets().keep(tx, KeyPlace(workspace.workspace_id, new_uuid(), 1), SECRET)
    await gateway.close()
    await postgres.drop(urls)


async def test_a_whole_call_runs_with_a_key_that_lies_in_vault(supabase: SupabaseCluster, nats_server: Any) -> None:
    urls = await supabase.clone()
    async with as_superuser(urls["superuser"]) as admin:
        async with serving_by_key() as provider, running_stack(urls, nats_server, gateway={"secrets": "vault"}) as stack:
            await admin.execute("INSERT INTO providers (provider, base_url) VALUES ('bare', $1)", provider.base_url)
            await admin.execute(MODEL, "bare-test", "bare")
            caller = await stack.caller()
            call = {"model": "bare-test", "messages": [{"role": "user", "content": "Hi."}]}
            made = await caller("POST", "/v1/provider-keys", {"provider": "bare", "name": "one", "key": SECRET})
            assert made.status == 201, made.body
            row = await admin.fetchrow("SELECT sealed, vault_secret_id FROM provider_keys")
            assert row["sealed"] is None and row["vault_secret_id"] is not None
            assert (await caller("POST", "/v1/executions", call)).body["provider_key_id"] == made.body["id"]
            assert provider.calls == [SECRET]
            path = f"/v1/provider-keys/{made.body['id']}"
            assert (await caller("PATCH", path, {"key": "another-canary-key-0123"})).body["last4"] == "0123"
            assert await admin.fetchval("SELECT count(*) FROM vault.secrets") == 1, "the old text is gone"
            assert (await caller("DELETE", path)).status == 204
            assert await admin.fetchval("SELECT count(*) FROM vault.secrets") == 0
    await supabase.drop(urls)
