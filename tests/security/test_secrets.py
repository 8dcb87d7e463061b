"""What is shown once is found nowhere afterwards: not in answers, not in metrics, not in any row of the database (PROMISES S-05, S-06)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.embedded.superuser import as_superuser
from tests.security.conftest import World
from tests.security.tenants import Tenant, make_tenant

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-05", "S-06")]


@dataclass(frozen=True, slots=True)
class Shown:
    """A tenant, and every secret that its answers have shown."""

    tenant: Tenant
    secrets: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shown(world: World) -> AsyncIterator[Shown]:
    """All of them made with an Idempotency-Key, so that the answers that show them are kept for repeats."""
    tenant = await make_tenant(world.stack, "epsilon")
    key = await tenant.admin("POST", "/v1/api-keys", {"name": "one"}, headers={"idempotency-key": "k1"})
    workspace = await tenant.admin("POST", "/v1/workspaces", {"name": "one"}, headers={"idempotency-key": "k2"})
    endpoint = await tenant.admin(
        "POST", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/x", "events": ["*"]}, headers={"idempotency-key": "k3"}
    )
    rotate = f"/v1/webhooks/endpoints/{endpoint.body['id']}/rotate-secret"
    rotated = await tenant.admin("POST", rotate, {"overlap_hours": 1}, headers={"idempotency-key": "k4"})
    secrets = [key.body["key"], workspace.body["api_key"], endpoint.body["secret"], rotated.body["secret"]]
    again = await tenant.admin("POST", "/v1/api-keys", {"name": "one"}, headers={"idempotency-key": "k1"})
    assert again.body == key.body and len(set(secrets)) == 4
    yield Shown(tenant, [*secrets, tenant.admin.key])


async def test_no_answer_shows_a_secret_again(world: World, shown: Shown) -> None:
    found = []
    for route in world.routes:
        if route.method == "GET":
            text = (await shown.tenant.call(route)).raw.decode()
            found += [route.name for secret in shown.secrets if _core(secret) in text]
    assert not found, found


@pytest.mark.promise("S-01", "S-02")
async def test_no_row_of_the_database_holds_a_secret_in_plain_words(world: World, shown: Shown) -> None:
    """Every column of every table, as text and as bytes: a dump without the key-encryption key reveals nothing."""
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'burnish'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        wanted = [_core(one) for one in shown.secrets]
        wanted += [one.encode().hex() for one in wanted]
        found = [
            table[0]
            for table in tables
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table[0]} t, unnest($1::text[]) s WHERE strpos(t::text, s) > 0)", wanted
            )
        ]
        kept = await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE body IS NOT NULL")
    assert kept >= 4
    assert not found, found


async def test_what_is_kept_of_a_key_is_too_little_to_guess_it(shown: Shown) -> None:
    """The prefix that a list shows is a small part of the key."""
    listed = (await shown.tenant.admin("GET", "/v1/api-keys")).body["data"]
    assert listed and all(len(one["prefix"]) <= 20 for one in listed)
    assert all(not {"key", "digest", "secret"} & set(one) for one in listed)


def _core(secret: str) -> str:
    """The random part: a prefix may be shown."""
    return secret.rpartition("_")[2] if secret.startswith("whsec_") else secret.split("_")[3]
