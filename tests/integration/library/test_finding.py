"""Prompts are found by their words and by each of their fields, and a search reads its index (PRODUCT P9)."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pytest

from burnish_gateway.registry import list_store
from burnish_gateway.registry.list_store import Filters, Sort
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P9")]

MANY = 2_000


async def make(call: Caller, slug: str, text: str = "Say {{x}}.", **fields: Any) -> None:
    answer = await call("POST", "/v1/prompts", {"slug": slug, "template": text, "model": "simulated/chat"} | fields)
    assert answer.status == 201, answer.body


async def found(call: Caller, query: str) -> list[str]:
    answer = await call("GET", f"/v1/prompts?{query}")
    assert answer.status == 200, answer.body
    return [one["slug"] for one in answer.body["data"]]


async def test_words_are_found_wherever_they_stand_whole_stemmed_or_begun(call: Caller) -> None:
    await make(call, "ticket-router", name="Which desk", description="Sends refunds to billing", tags=["Support"], folder="desk/tier one")
    await make(call, "chat_summary", "Summarise the émigré's chat {{x}}", use_case="Weekly report")
    for words in ("ticket", "rout", "router%20ticket", "refund", "refunding", "BILL", "support", "tier", "desk%20refunds"):
        assert await found(call, f"q={words}") == ["ticket-router"], words
    for words in ("summ", "chat_summary", "week", "émigré", "summarising"):
        assert await found(call, f"q={words}") == ["chat_summary"], words
    for words in ("nowhere", "ticket%20weekly", "%27%22%5C%26%7C%21", "'zz:"):
        assert await found(call, f"q={words}") == [], words
    assert (await call("GET", "/v1/prompts?sort=relevance")).status == 422


async def test_a_prompt_is_found_by_what_its_newest_version_says(call: Caller) -> None:
    await make(call, "greeting", "Good morning {{x}}")
    saved = await call(
        "POST", "/v1/prompts/greeting/versions", {"base_version": 1, "template": "Farewell {{x}}", "model": "simulated/reader"}
    )
    assert saved.status == 201
    assert (await found(call, "q=morning"), await found(call, "q=farewell")) == ([], ["greeting"])
    assert (await found(call, "model=simulated/chat"), await found(call, "model=simulated/reader")) == ([], ["greeting"])
    assert (await call("PATCH", "/v1/prompts/greeting", {"description": "for mornings"})).status == 200
    assert (await found(call, "q=morning"), await found(call, "q=farewell")) == (["greeting"], ["greeting"])


async def test_what_fits_best_comes_first_and_pages_go_through_all(call: Caller) -> None:
    await make(call, "says-it", "All about otters {{x}}")
    await make(call, "otter", "Nothing {{x}}", description="otters and otters")
    assert await found(call, "q=otter") == ["otter", "says-it"]
    page = (await call("GET", "/v1/prompts?q=otter&limit=1")).body
    rest = await call("GET", f"/v1/prompts?q=otter&limit=1&cursor={page['next_cursor']}")
    assert [page["data"][0]["slug"], rest.body["data"][0]["slug"], rest.body["next_cursor"]] == ["otter", "says-it", None]
    assert await found(call, "q=otter&sort=created") == ["otter", "says-it"]
    assert await found(call, "q=otter&sort=name") == ["otter", "says-it"]


async def test_each_field_narrows_the_list(stack: Stack, call: Caller, superuser: asyncpg.Connection) -> None:
    await make(call, "a", folder="desk/eu", tags=["red"], use_case="Mails")
    await make(call, "b", folder="desk", label="staging")
    await make(call, "c", folder="desk-two")
    await superuser.execute(
        "UPDATE prompts SET categories = '{analysis}', app_contexts = '{shop}' WHERE workspace_id = $1 AND slug = 'a'",
        call.workspace.workspace_id,
    )
    other = await stack.caller(workspace=call.workspace, role="editor")
    assert (await other("POST", "/v1/prompts/b/versions", {"base_version": 1, "temperature": 0.1})).status == 201
    author = (await call("GET", "/v1/prompts/b/versions/2")).body["author"]
    for query in ("folder=desk/eu", "tag=red", "use_case=mails", "category=analysis", "app_context=shop"):
        assert await found(call, query) == ["a"], query
    assert await found(call, "folder=desk") == ["b", "a"]
    assert await found(call, "label=staging") == ["b"]
    assert await found(call, f"author={author}") == ["b"]
    assert await found(other, "author=me") == ["b"] and await found(call, "author=me") == ["c", "b", "a"]
    assert await found(call, "folder=desk&tag=red&q=mails") == ["a"]
    await superuser.execute(
        "UPDATE prompts SET archived_at = clock_timestamp() WHERE workspace_id = $1 AND slug = 'b'", call.workspace.workspace_id
    )
    assert (await found(call, "folder=desk"), await found(call, "archived=true")) == (["a"], ["b"])


async def test_a_use_case_is_found_by_its_own_words_whatever_their_letters(call: Caller) -> None:
    for n, use_case in enumerate(("ΕΛΛΗΝΙΚΟΣ ΛΟΓΟΣ", "İstanbul", "Straße", "Ǆ", "O'Neill \\ & | !")):
        await make(call, f"p{n}", use_case=use_case)
        (listed,) = (await call("GET", f"/v1/prompts?use_case={quote(use_case)}")).body["data"]
        assert listed["slug"] == f"p{n}", use_case


async def test_folders_are_told_with_what_lies_in_them_and_below(call: Caller) -> None:
    for slug, folder in (("a", "desk/eu/north"), ("b", "desk"), ("c", ""), ("d", "desk/eu"), ("e", "other")):
        await make(call, slug, folder=folder)
    page = (await call("GET", "/v1/folders?limit=3")).body
    rest = (await call("GET", f"/v1/folders?limit=3&cursor={page['next_cursor']}")).body
    told = [(one["folder"], one["prompts"], one["within"]) for one in page["data"] + rest["data"]]
    assert told == [("", 1, 5), ("desk", 1, 3), ("desk/eu", 1, 2), ("desk/eu/north", 1, 1), ("other", 1, 1)]
    assert rest["next_cursor"] is None


async def test_choices_are_those_of_all_prompts_with_how_many_have_each(stack: Stack, call: Caller) -> None:
    await make(call, "a", tags=["red", "blue"], categories=["analysis"], app_contexts=["shop"], use_case="Mails", label="production")
    await make(call, "b", tags=["red"], use_case="mails", label="staging", model="simulated/reader")
    await make(call, "away", tags=["old"], use_case="Letters")
    await make(call, "long", use_case="x" * 201)
    assert (await call("POST", "/v1/prompts/away/archive", {})).status == 200
    other = await stack.caller(workspace=call.workspace, role="editor")
    assert (await other("POST", "/v1/prompts/b/versions", {"base_version": 1, "temperature": 0.1})).status == 201
    neighbour = await stack.caller()
    await make(neighbour, "theirs", tags=["theirs"])

    answer = await call("GET", "/v1/prompt-choices")
    assert answer.status == 200, answer.body
    told = {name: [(one["value"], one["prompts"]) for one in all_of] for name, all_of in answer.body.items()}
    authors = told.pop("authors")
    assert told == {
        "labels": [("production", 2), ("staging", 1)],
        "tags": [("red", 2), ("blue", 1)],
        "categories": [("analysis", 1)],
        "app_contexts": [("shop", 1)],
        "use_cases": [("Mails", 2)],
        "models": [("simulated/chat", 2), ("simulated/reader", 1)],
    }
    second = (await call("GET", "/v1/prompts/b/versions/2")).body["author"]
    assert [count for _, count in authors] == [3, 1] and authors[1][0] == second
    assert [one["value"] for one in (await call("GET", "/v1/prompt-choices?archived=true")).body["tags"]] == ["old"]
    for name, one in (("tag", "red"), ("use_case", "Mails"), ("author", second)):
        assert await found(call, f"{name}={one}"), "each choice finds what it counts"


async def test_of_very_many_choices_the_most_used_are_told(call: Caller, superuser: asyncpg.Connection) -> None:
    await superuser.execute(
        """INSERT INTO prompts (prompt_id, workspace_id, slug, name, tags, latest_version, created_by)
           SELECT gen_random_uuid(), $1, 'p-' || n, 'P', ARRAY['tag' || n, 'common'], 1, 'somebody' FROM generate_series(1, 300) n""",
        call.workspace.workspace_id,
    )
    tags = (await call("GET", "/v1/prompt-choices")).body["tags"]
    assert (tags[0], len(tags)) == ({"value": "common", "prompts": 300}, list_store.CHOICES_MOST)


@pytest.mark.promise("G-13")
async def test_lists_and_searches_read_their_indexes(stack: Stack, call: Caller, superuser: asyncpg.Connection) -> None:
    """As the gateway asks, with its role and policies, over many prompts of two workspaces that use the same words."""
    neighbour = await stack.caller()
    for caller in (call, neighbour):
        await fill(superuser, caller.workspace.workspace_id, MANY)
    await superuser.execute("ANALYZE prompts, prompt_versions, prompt_labels")
    wanted: list[tuple[Filters, Sort, str]] = [
        (Filters(), "created", "prompts_workspace_id_prompt_id_key"),
        (Filters(), "updated", "prompts_by_update"),
        (Filters(), "name", "prompts_workspace_id_slug_key"),
        (Filters(folder="folder 17"), "created", "prompts_by_folder"),
        (Filters(model="model-17"), "created", "prompts_by_model"),
        (Filters(text="word17 common"), "relevance", "best_prompts"),
        (Filters(text="ｗｏｒｄ17 cömmon"), "relevance", "best_prompts"),
        (Filters(text="word17 common", folder="folder 17"), "relevance", "find_prompts"),
        (Filters(use_case="Use 17"), "created", "find_prompts"),
        (Filters(tag="tag17", text="word17"), "created", "find_prompts"),
        (Filters(label="rare"), "created", "prompt_labels_by_label"),
        (Filters(author="author-17"), "created", "prompt_versions_by_author"),
    ]
    db = await Database.open(stack.urls["gateway"], application_name="test-plans")
    wrong = {}
    async with db.unit_of_work(workspace=call.workspace.workspace_id, read_only=True) as tx:
        for filters, sort, index in wanted:
            sql, values = list_store.statement(
                call.workspace.workspace_id, filters, sort=sort, since=datetime.now(UTC), after=None, limit=51
            )
            plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *values))
            if index not in plan or "Seq Scan on prompts " in plan:
                wrong[index] = plan
            assert len(await tx.fetch(sql, *values)) > 0, filters
    await db.close()
    given = {"p_query": "'word17:*'::tsquery", "p_archived": "false", "p_after_rank": "NULL", "p_after": "NULL", "p_most": "51"}
    async with superuser.transaction():
        await superuser.execute("SET LOCAL ROLE burnish_lookup")
        await superuser.execute("SELECT set_config('app.workspace', $1, true)", str(call.workspace.workspace_id))
        for search in await superuser.fetch("SELECT proname, prosrc FROM pg_proc WHERE proname IN ('find_prompts', 'best_prompts')"):
            sql = search["prosrc"]
            for name, value in given.items():
                sql = re.sub(rf"\b{name}\b", value, sql)
            plan = "\n".join(row[0] for row in await superuser.fetch("EXPLAIN " + sql))
            if "prompts_by_search" not in plan:
                wrong[search["proname"]] = plan
        renewing = await superuser.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'renew_prompt_words'")
        asking = re.findall(r"FOR one IN (SELECT .*?) LOOP|EXISTS \((SELECT .*?)\) THEN", renewing)
        assert len(asking) == 2
        for sql in asking:
            asked = re.sub(r"\bp_most\b", "50", re.sub(r"\bp_after\b", f"'{uuid4()}'::uuid", "".join(sql)))
            plan = "\n".join(row[0] for row in await superuser.fetch("EXPLAIN " + asked))
            if "prompts_words_left" not in plan:
                wrong[asked] = plan
    assert not wrong, "\n\n".join(wrong.values())


async def fill(superuser: asyncpg.Connection, workspace_id: UUID, many: int) -> None:
    """So many prompts with a version each."""
    content = """json_build_object('model', 'model-' || n % 100, 'messages', json_build_array(json_build_object('role', 'user',
                 'content', 'common text of word' || n % 100 || ' {{x}}')))"""
    await superuser.execute(
        """INSERT INTO prompts (prompt_id, workspace_id, slug, name, folder, tags, use_case, latest_version, created_by)
           SELECT gen_random_uuid(), $1, 'prompt-' || n, 'Prompt ' || n, 'folder ' || n % 100, ARRAY['tag' || n % 100],
                  'use ' || n % 100, 1, 'somebody' FROM generate_series(1, $2::integer) n""",
        workspace_id, many,
    )  # fmt: skip
    await superuser.execute(
        f"""INSERT INTO prompt_versions (workspace_id, prompt_id, version, model, content, content_hash, source, author)
            SELECT $1, p.prompt_id, 1, 'model-' || n % 100, {content}, sha256(n::text::bytea), 'import', 'author-' || n % 100
              FROM generate_series(1, $2::integer) n JOIN prompts p ON p.workspace_id = $1 AND p.slug = 'prompt-' || n""",
        workspace_id, many,
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO prompt_labels (workspace_id, prompt_id, label, version)
           SELECT $1, prompt_id, CASE WHEN slug LIKE '%17' THEN 'rare' ELSE 'production' END, 1 FROM prompts WHERE workspace_id = $1""",
        workspace_id,
    )
