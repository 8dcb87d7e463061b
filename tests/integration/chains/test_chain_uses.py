"""Which chains run which prompts, and how chains are found: both stand beside the versions as they are saved (PRODUCT P8, P9)."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from burnish_gateway.registry import chain_uses_store as store
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db.migrate import migrate
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.chains.chains import call, make_chain, make_prompt

pytestmark = [pytest.mark.capability("P8"), pytest.mark.asyncio(loop_scope="session")]

NESTED: list[dict[str, Any]] = [
    {"id": "both", "parallel": [[call("a", "Reply@STAGING")], [call("b", "reply@3", fallback=[call("c"), call("d", "other")])]]},
    {"id": "way", "choose": [{"if": "true == true", "steps": [call("e")]}, {"steps": [call("f", "other@2")]}]},
    call("g", "other", values={"inner": {"id": "x", "prompt": "reply"}}),
    {"id": "end", "stop": {"status": "success"}},
]


async def uses(tx: Any, chain_id: Any) -> list[tuple[Any, ...]]:
    rows = await tx.fetch("SELECT step, slug, label, at_version FROM burnish.chain_uses WHERE chain_id = $1 ORDER BY place", chain_id)
    return [tuple(row) for row in rows]


def expected() -> list[tuple[Any, ...]]:
    """As the reader of chains reads them, which knows nothing of the table."""
    calls = [(step.id, step.does) for step in all_steps(read_chain({"steps": NESTED}).steps) if isinstance(step.does, Call)]
    return [
        (step, one.prompt.slug, one.prompt.label or (None if one.prompt.version else "production"), one.prompt.version)
        for step, one in calls
    ]


async def test_what_versions_of_before_the_upgrade_run_is_known_too(postgres: Cluster) -> None:
    urls = await postgres.clone()
    workspace, chain = new_uuid(), new_uuid()
    insert = """INSERT INTO burnish.chain_versions (workspace_id, chain_id, version, content, content_hash, author)
                VALUES ($1, $2, $3, $4, $5, 'a')"""
    try:
        await asyncio.to_thread(migrate, urls["owner"], target="0087", down=True)
        async with as_superuser(urls["superuser"]) as connection:
            await connection.execute("SET session_replication_role = replica")  # whose workspace it is is not what is tested
            await connection.execute(
                """INSERT INTO burnish.chains (chain_id, workspace_id, slug, name, latest_version, created_by)
                   VALUES ($1, $2, 'c', 'C', 1, 'a')""",
                chain, workspace,
            )  # fmt: skip
            await connection.execute(insert, workspace, chain, 1, json.dumps({"steps": NESTED}), bytes(32))
        await asyncio.to_thread(migrate, urls["owner"])
        async with as_superuser(urls["superuser"]) as connection:
            assert await uses(connection, chain) == expected()
            found = "SELECT words @@ burnish.words_query('other', 12) FROM burnish.chains WHERE chain_id = $1"
            assert await connection.fetchval(found, chain) is True
    finally:
        await postgres.drop(urls)


async def test_one_answer_reads_no_chain_however_many_versions_there_are(stack: Stack, caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "wanted", call("a"))
    workspace = caller.workspace.workspace_id
    async with as_superuser(stack.urls["superuser"]) as superuser:
        await superuser.execute(
            """WITH made AS (INSERT INTO burnish.chains (chain_id, workspace_id, slug, name, latest_version, created_by)
                             SELECT gen_random_uuid(), $1, 'chain-' || n, 'Chain', 1, 'test' FROM generate_series(1, 2000) n
                             RETURNING chain_id)
               INSERT INTO burnish.chain_versions (workspace_id, chain_id, version, content, content_hash, author)
               SELECT $1, m.chain_id, 1, json_build_object('steps', json_build_array(json_build_object('id', 'a', 'prompt', 'p' || n))),
                      decode(lpad(to_hex(n), 64, '0'), 'hex'), 'test'
                 FROM (SELECT chain_id, row_number() OVER () AS n FROM made) m""",
            workspace,
        )
        await superuser.execute("ANALYZE burnish.chain_uses, burnish.chains")
    db = await Database.open(stack.urls["gateway"], application_name="test-plans")
    try:
        async with db.unit_of_work(workspace=workspace, read_only=True) as tx:
            plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {store.SERVED_USES}", workspace, "reply", store.USERS_MOST, None))
            [found] = await store.served_uses(tx, workspace, "reply", label=None)
    finally:
        await db.close()
    assert (found.slug, found.version, found.labels, found.steps) == ("wanted", 1, ("production",), ("a",))
    assert "chain_uses_of" in plan and "chain_versions" not in plan, plan


@pytest.mark.capability("P9")
async def test_chains_are_found_by_words_as_prompts_are(caller: Caller) -> None:
    for slug in ("triage-ticket", "answer"):
        await make_prompt(caller, slug)
    await make_chain(caller, "support", call("sort", "triage-ticket"), name="Réponse au client", folder="desk/night", tags=["urgent"])
    await make_chain(caller, "sales", call("write", "answer"), description="Offers for shops")

    async def found(q: str) -> list[str]:
        answer = await caller("GET", f"/v1/chains?q={quote(q)}")
        assert answer.status == 200, answer.body
        return [one["slug"] for one in answer.body["data"]]

    for q in ("support", "reponse", "CLI", "night", "urgent", "triage", "sort ticket"):
        assert await found(q) == ["support"], q
    assert await found("offers shop") == ["sales"] and await found("offers urgent") == [] and await found("=") == []
    assert (await caller("PATCH", "/v1/chains/sales", {"name": "Trade"})).status == 200
    assert await found("trade") == ["sales"]
    saved = await caller("POST", "/v1/chains/sales/versions", {"base_version": 1, "steps": [call("polish", "triage-ticket")]})
    assert saved.status == 201, saved.body
    assert await found("polish") == ["sales"] and await found("write") == [], "the newest version counts"
    refused = await caller("GET", "/v1/chains?q=a%00")
    assert (refused.status, refused.body["error"]["param"]) == (422, "q")


async def test_what_is_not_there_is_told_under_its_own_name_with_what_is(caller: Caller) -> None:
    await make_prompt(caller, "draft", label="staging")
    for name in ("draft", "draft@production", "draft@9"):
        refused = await caller("POST", "/v1/chains", {"slug": "c", "steps": [call("a", name)]})
        error = refused.body["error"]
        assert (refused.status, error["param"]) == (404, "steps.a.prompt"), error
        assert "'draft@staging'" in error["message"] and "'draft@1'" in error["message"], error
    unknown = (await caller("POST", "/v1/chains", {"slug": "c", "steps": [call("a", "nobodys")]})).body["error"]
    assert "label" not in unknown["message"].split("workspace.")[1], "nothing is told of what is not there"
    await make_chain(caller, "c", call("a", "draft@staging"), label="staging")
    for path, param in (("c?version=7", "version"), ("c/versions/7", "version"), ("c?label=none", "label"), ("d?version=1", "chain")):
        refused = await caller("GET", f"/v1/chains/{path}")
        assert (refused.status, refused.body["error"]["param"]) == (404, param), refused.body
    ran = await caller("POST", "/v1/chains/c/runs", {"version": 7, "variables": {"topic": "tea"}})
    assert (ran.status, ran.body["error"]["param"]) == (404, "version"), ran.body
