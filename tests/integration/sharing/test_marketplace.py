"""The marketplace over HTTP: what is published, who sees it, what a clone keeps."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_analytics.publish_daily import measure_entries
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.sharing.conftest import Admins

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T5")]

ROUTER = {
    "slug": "router",
    "name": "Ticket router",
    "description": "Sends support tickets to the right team",
    "tags": ["support"],
    "messages": [{"role": "user", "content": "Which team handles this: {{ticket}}"}],
    "model": "simulated/reader",
}


async def made(caller: Caller, **changed: Any) -> dict[str, Any]:
    answer = await caller("POST", "/v1/prompts", ROUTER | changed)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def published(caller: Caller, **changed: Any) -> dict[str, Any]:
    answer = await caller("POST", "/v1/marketplace", {"prompt": "router", "visibility": "public"} | changed)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def found(caller: Caller, query: str = "") -> list[str]:
    answer = await caller("GET", f"/v1/marketplace{query}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.body["data"]]


async def test_a_text_that_is_too_long_for_an_index_of_words_is_found_by_its_beginning(superuser: asyncpg.Connection) -> None:
    words = "SELECT string_agg('word' || n, ' ') FROM generate_series(1, 100000) n"
    searched = f"SELECT marketplace_search('name', '', '', '{{}}', ({words})) @@ $1::text::tsquery"
    assert await superuser.fetchval(searched, "word7") and not await superuser.fetchval(searched, "word99999")


async def measured(superuser: asyncpg.Connection, caller: Caller, **sums: int) -> None:
    """A day of rollups of version 1."""
    counts = {"executions": 0, "successes": 0, "cost_nusd": 0, "thumbs_up": 0, "thumbs_down": 0, "simulated": 0} | sums
    zero = ("errors", "timeouts", "rate_limited", "cancelled", "blocked", "cached", "input_tokens", "output_tokens", "cached_input_tokens",
            "latency_sum_ms", "reactions", "scores", "score_sum_micro")  # fmt: skip
    columns = [*counts, *zero]
    await superuser.execute(
        f"""INSERT INTO rollups (workspace_id, grain, bucket, slug, version, label, model, traffic, latency, first_token,
                                 {', '.join(columns)})
            VALUES ($1, 'day', $2, 'router', 1, 'production', 'simulated/reader', 'live', $3, '{{}}',
                    {', '.join(f'${n + 4}' for n in range(len(columns)))})""",
        caller.workspace.workspace_id, datetime(2026, 11, 18, tzinfo=UTC), [0] * 100 + [counts["executions"]],
        *counts.values(), *([0] * len(zero)),
    )  # fmt: skip


async def test_a_published_version_is_found_and_read_by_another_organization(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher)
    entry = await published(publisher, categories=["routing"], example="A ticket about a refund goes to billing.")
    assert entry["is_new"] and entry["publisher"] == "acme" and entry["version"] == 1
    assert (await publisher("GET", "/v1/prompts/router")).body["visibility"] == "public"
    seen = (await reader("GET", f"/v1/marketplace/{entry['id']}")).body
    assert seen["content"]["messages"] == ROUTER["messages"]
    assert not seen["is_own"] and seen["example"].startswith("A ticket")
    for query in ("?q=routing", "?q=support%20tickets", "?category=routing", "?tag=support", "?visibility=public", "?q=%22right%20team%22"):
        assert entry["id"] in await found(reader, query), query
    for query in ("?q=weather", "?category=other", "?tag=other", "?mine=true", "?q=tickets%20-support"):
        assert entry["id"] not in await found(reader, query), query


async def test_an_entry_for_the_organization_is_for_nobody_else(admin_of: Admins) -> None:
    publisher = await admin_of("acme")
    sister, stranger = await admin_of("sister", beside=publisher), await admin_of("other")
    await made(publisher)
    entry = await published(publisher, visibility="organization")
    assert entry["id"] in await found(sister) and (await sister("GET", f"/v1/marketplace/{entry['id']}")).status == 200
    assert entry["id"] not in await found(stranger)
    absent = await stranger("GET", f"/v1/marketplace/{new_uuid()}")
    for method, path in (("GET", ""), ("POST", "/clone"), ("DELETE", "")):
        refused = await stranger(method, f"/v1/marketplace/{entry['id']}{path}", {} if method == "POST" else None)
        assert refused.status == 404
        assert refused.body["error"]["message"] == absent.body["error"]["message"]
    assert (await sister("DELETE", f"/v1/marketplace/{entry['id']}")).status == 404, "seen, and still not one's own"


async def test_a_clone_keeps_its_source_when_the_entry_is_withdrawn(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher)
    entry = await published(publisher)
    clone = await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": "my-router"}, headers={"idempotency-key": "once"})
    again = await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": "my-router"}, headers={"idempotency-key": "once"})
    assert clone.status == again.status == 201 and clone.raw == again.raw
    assert (await reader("GET", f"/v1/marketplace/{entry['id']}")).body["clones"] == 1
    assert (await publisher("DELETE", f"/v1/marketplace/{entry['id']}")).status == 200
    assert (await reader("GET", f"/v1/marketplace/{entry['id']}")).status == 404
    late = await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": "my-router"}, headers={"idempotency-key": "once"})
    assert late.raw == clone.raw and late.headers["idempotent-replayed"] == "true"
    own = (await reader("GET", "/v1/prompts/my-router")).body
    assert own["messages"] == ROUTER["messages"] and own["visibility"] == "private" and own["label"] == "production"
    assert (await reader("GET", "/v1/prompts/my-router/versions/1")).body["source"] == "clone"
    [edge] = (await reader("GET", "/v1/prompts/my-router/lineage")).body["data"]
    assert edge["kind"] == "cloned_from"
    assert edge["source"] == {"entry_id": entry["id"], "publisher": "acme", "slug": "router", "version": 1}
    taken = await reader("POST", "/v1/prompts", ROUTER | {"slug": "router"})
    assert taken.status == 201, "the clone took a slug of its own"


async def test_a_clone_whose_model_nobody_can_call_says_so(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher, model="gpt-4o-mni")
    entry = await published(publisher)
    clone = await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": "my-router"})
    assert ["'gpt-4o-mni'" in one for one in clone.body.get("warnings", [])] == [True]


async def test_numbers_stand_beside_a_published_version(admin_of: Admins, superuser: asyncpg.Connection) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher)
    assert (await published(publisher))["figures"]["success_rate"] is None
    await measured(superuser, publisher, executions=100, successes=90, cost_nusd=5_000, thumbs_up=30, thumbs_down=10, simulated=100)
    entry = await published(publisher)
    assert not entry["is_new"]
    figures = (await reader("GET", f"/v1/marketplace/{entry['id']}")).body["figures"]
    assert figures["executions"] == 100 and figures["success_rate"] == 0.9 and figures["mean_cost_nusd"] == 50
    assert figures["simulated"] is True
    assert figures["satisfaction"]["value"] == 0.75 and figures["satisfaction"]["low"] < 0.75 < figures["satisfaction"]["high"]
    assert figures["p50_ms"] == figures["p95_ms"] > 0


async def test_published_numbers_are_taken_anew_each_day(admin_of: Admins, superuser: asyncpg.Connection, stack: Stack) -> None:
    publisher = await admin_of("acme")
    await made(publisher, messages=[{"role": "user", "content": "Qui traite la réclamation {{ticket}}"}])
    entry = await published(publisher)
    await measured(superuser, publisher, executions=10, successes=10, cost_nusd=10)
    await superuser.execute(  # as a release before 0072 kept its words
        "UPDATE marketplace_entries SET words_rule = 71, search = to_tsvector('simple', 'ticket router') WHERE entry_id = $1",
        UUID(entry["id"]),
    )

    async def by_word() -> list[str]:
        return [one["id"] for one in (await publisher("GET", "/v1/marketplace?q=reclamation")).body["data"]]

    assert await by_word() == []
    analytics = await Database.open(stack.urls["analytics"], application_name="test-analytics", max_size=1)
    await measure_entries(analytics)
    assert (await publisher("GET", f"/v1/marketplace/{entry['id']}")).body["figures"]["executions"] == 0, "not a day old"

    async def a_day_later() -> None:
        await superuser.execute(
            "UPDATE marketplace_entries SET measured_at = measured_at - interval '1 day' WHERE entry_id = $1", UUID(entry["id"])
        )
        await measure_entries(analytics)

    await a_day_later()
    assert (await publisher("GET", f"/v1/marketplace/{entry['id']}")).body["figures"]["executions"] == 10
    assert await by_word() == [entry["id"]], "its words are kept anew with its figures"
    marked = "UPDATE marketplace_entries SET search = to_tsvector('simple', 'marked') WHERE entry_id = $1"
    await superuser.execute(marked, UUID(entry["id"]))
    await a_day_later()
    kept = await superuser.fetchval("SELECT search::text FROM marketplace_entries WHERE entry_id = $1", UUID(entry["id"]))
    assert kept == "'marked':1", "words that stand by the rule of today are made no more"
    await published(publisher)
    assert await by_word() == [entry["id"]], "but where somebody publishes anew"
    await analytics.close()


async def test_narrowing_a_prompt_withdraws_what_was_published_wider(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    sister = await admin_of("sister", beside=publisher)
    await made(publisher)
    entry = await published(publisher)
    assert (await publisher("PATCH", "/v1/prompts/router", {"visibility": "organization"})).body["visibility"] == "organization"
    assert (await reader("GET", f"/v1/marketplace/{entry['id']}")).status == 404
    assert (await sister("GET", f"/v1/marketplace/{entry['id']}")).status == 200
    await publisher("PATCH", "/v1/prompts/router", {"visibility": "private"})
    assert (await sister("GET", f"/v1/marketplace/{entry['id']}")).status == 404
    assert (await publisher("PATCH", "/v1/prompts/router", {"visibility": "public"})).status == 200
    assert await found(publisher, "?mine=true") == [], "a wider visibility publishes nothing by itself"


@pytest.mark.capability("P1")
async def test_what_is_published_of_an_archived_prompt_is_shown_to_nobody_until_it_is_restored(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    sister = await admin_of("sister", beside=publisher)
    await made(publisher)
    entry = await published(publisher)
    for act, status in (("archive", 404), ("restore", 200)):
        assert (await publisher("POST", f"/v1/prompts/router/{act}")).status == 200
        for who in (publisher, sister, reader):
            assert (await who("GET", f"/v1/marketplace/{entry['id']}")).status == status, (act, who)
            assert (entry["id"] in await found(who, "?q=tickets")) == (status == 200)
        assert (await found(publisher, "?mine=true")) == ([entry["id"]] if status == 200 else [])
        cloned = await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": f"of-{act}"})
        assert cloned.status == (404 if status == 404 else 201), cloned.body


async def test_only_an_admin_makes_something_public(admin_of: Admins, stack: Stack) -> None:
    publisher = await admin_of("acme")
    await made(publisher)
    editor, viewer = (
        await stack.caller(workspace=publisher.workspace, role="editor"),
        await stack.caller(workspace=publisher.workspace, role="viewer"),
    )
    body = {"prompt": "router", "visibility": "public"}
    assert (await editor("POST", "/v1/marketplace", body)).status == 403
    assert (await editor("PATCH", "/v1/prompts/router", {"visibility": "public"})).status == 403
    assert (await editor("POST", "/v1/marketplace", body | {"visibility": "organization"})).status == 201
    assert (await viewer("POST", "/v1/marketplace", body | {"visibility": "organization"})).status == 403


@pytest.mark.parametrize(
    "secret",
    ["sk-proj-" + "aB3" * 12, "bk_live_aBcDeFgH_" + "x1" * 20, "AKIA" + "ABCD1234EFGH5678", "postgres://root:hunter22@db/x",
     "-----BEGIN RSA PRIVATE KEY-----", 'password = "q8Zr71mmPx0Lk2Wd"'],
)  # fmt: skip
async def test_what_looks_like_a_key_is_never_published(admin_of: Admins, secret: str) -> None:
    publisher = await admin_of("acme")
    await made(publisher, messages=[{"role": "system", "content": f"Use {secret} to sign in."}])
    refused = await publisher("POST", "/v1/marketplace", {"prompt": "router", "visibility": "organization"})
    assert refused.status == 422 and refused.body["error"]["param"] == "prompt"
    assert secret not in refused.raw.decode()
    await publisher("POST", "/v1/prompts/router/versions", {"base_version": 1, "messages": ROUTER["messages"]})
    measured = {"dataset": secret[:200], "metric": "accuracy", "value": 1, "items": 1, "model": "simulated/chat"}
    for place, said in (("benchmarks", [measured]), ("categories", [secret[:50]])):
        named = await publisher("POST", "/v1/marketplace", {"prompt": "router", "version": 2, "visibility": "organization", place: said})
        assert (named.status, named.body["error"]["param"]) == (422, place), named.body
    in_example = {"prompt": "router", "version": 2, "visibility": "organization", "example": secret}
    assert (await publisher("POST", "/v1/marketplace", in_example)).body["error"]["param"] == "example"
    assert (await publisher("POST", "/v1/marketplace", in_example | {"example": "nothing secret"})).status == 201


async def test_pages_of_every_order_show_each_entry_once(admin_of: Admins) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    ids = []
    for n in range(5):
        await made(publisher, slug=f"page-{n}", name=f"quixotic page {n}")
        ids.append((await published(publisher, prompt=f"page-{n}"))["id"])
    await asyncio.gather(*(reader("POST", f"/v1/marketplace/{ids[2]}/clone", {"slug": f"c{n}"}) for n in range(3)))
    for sort in ("newest", "clones", "satisfaction", "relevance"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await reader("GET", f"/v1/marketplace?q=quixotic&sort={sort}&limit=2{cursor}")).body
            seen += [one["id"] for one in page["data"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(seen) == sorted(ids), sort
        assert sort != "clones" or seen[0] == ids[2]
        assert sort != "newest" or seen == ids[::-1]


async def test_each_step_is_in_the_audit_log_of_whoever_took_it(admin_of: Admins, superuser: asyncpg.Connection) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher)
    entry = await published(publisher)
    await reader("POST", f"/v1/marketplace/{entry['id']}/clone", {"slug": "mine"})
    await publisher("DELETE", f"/v1/marketplace/{entry['id']}")
    for caller, expected in ((publisher, ["prompt.published", "prompt.withdrawn"]), (reader, ["prompt.cloned"])):
        rows = await superuser.fetch(
            "SELECT action FROM audit_log WHERE workspace_id = $1 AND action <> 'prompt.created' ORDER BY audit_id",
            caller.workspace.workspace_id,
        )
        assert [row["action"] for row in rows] == expected


@pytest.mark.promise("T-02")
async def test_row_level_security_alone_lets_nobody_write_an_entry_of_another(admin_of: Admins, stack: Stack) -> None:
    publisher, reader = await admin_of("acme"), await admin_of("other")
    await made(publisher)
    entry = await published(publisher)
    connection = await asyncpg.connect(stack.urls["gateway"], server_settings={"search_path": "burnish"})
    async with connection.transaction():
        await connection.execute(
            "SELECT set_config('app.workspace', $1, true), set_config('app.organization', $2, true)",
            str(reader.workspace.workspace_id),
            str(publisher.workspace.organization_id),
        )
        assert await connection.fetchval("SELECT count(*) FROM marketplace_entries WHERE entry_id = $1::text::uuid", entry["id"]) == 1
        assert await connection.fetchval("SELECT count(*) FROM prompts WHERE slug = 'router'") == 0, "the prompt itself stays hidden"
        assert (
            await connection.execute("UPDATE marketplace_entries SET name = 'x' WHERE entry_id = $1::text::uuid", entry["id"]) == "UPDATE 0"
        )
        assert await connection.execute("DELETE FROM marketplace_entries WHERE entry_id = $1::text::uuid", entry["id"]) == "DELETE 0"
    await connection.close()


@pytest.mark.capability("P2", "T5")
async def test_a_version_that_includes_others_is_not_published(admin_of: Admins) -> None:
    ada = await admin_of("ada")
    for slug, template in (("tone", "Be kind."), ("hello", "{{> tone}} Hello.")):
        assert (await ada("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/chat"})).status == 201
    answer = await ada("POST", "/v1/marketplace", {"prompt": "hello", "visibility": "organization"})
    assert (answer.status, "tone" in answer.body["error"]["message"]) == (409, True)
