"""Responses and completions that are deleted by OpenAI's client as it is: their texts go at once, and figures stay."""

import asyncio
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import AsyncOpenAI

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.compat.simulator import fault
from tests.integration.privacy.past import Past

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2"), pytest.mark.capability("T8")]

ASKED: Any = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi."}]}
OF_OPENAI = {"responses": "response", "chat/completions": "completion"}


async def found_in(stack: Stack, word: str) -> dict[str, int]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return await Past(connection).found(word)


def with_key(caller: Caller, key: str) -> Caller:
    return Caller(caller.session, caller.url, key, caller.workspace)


async def narrowed(caller: Caller, name: str, *scopes: str, role: str = "viewer") -> Caller:
    made = await caller("POST", "/v1/api-keys", {"name": name, "role": role, "scopes": list(scopes)})
    assert made.status == 201, made.body
    return with_key(caller, made.body["key"])


async def test_a_deleted_response_is_gone_and_its_figures_stay(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    told = await client.responses.create(model="simulated/chat", input="wistaria 1", metadata={"trip": "wistaria"}, user="ada")
    before = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert before["texts_deleted_at"] is None and "execution_contents" in await found_in(stack, "wistaria")
    answer = await caller("DELETE", f"/v1/responses/resp_{told.id}")
    assert (answer.status, answer.body) == (200, {"id": told.id, "object": "response", "deleted": True})
    for gone in (client.responses.retrieve, client.responses.delete, client.responses.cancel, client.chat.completions.retrieve):
        with pytest.raises(openai.NotFoundError):
            await gone(told.id)  # type: ignore[operator]
    with pytest.raises(openai.NotFoundError):
        await client.responses.input_items.list(told.id)
    with pytest.raises(openai.BadRequestError, match="previous_response_id: no answer of this id is kept here: it was deleted"):
        await client.responses.create(model="simulated/chat", input="Go on.", previous_response_id=told.id)
    after = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert after["messages"] is after["output"] is after["metadata"] is after["user_id"] is None and after["texts_deleted_at"]
    same = ("id", "status", "model", "usage", "cost_nusd", "latency_ms", "created_at", "finish_reason")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    entries = (await caller("GET", "/v1/audit?object_kind=execution")).body["data"]
    assert [(one["action"], one["object_id"]) for one in entries] == [("execution.texts_deleted", told.id)]
    assert await found_in(stack, "wistaria") == {}


async def test_a_completion_is_deleted_as_openai_does_it(client: AsyncOpenAI) -> None:
    made = await client.chat.completions.create(**ASKED, store=True)
    kept = await client.chat.completions.create(**ASKED, store=True)
    deleted = await client.chat.completions.delete(made.id)
    assert deleted.to_dict() == {"id": made.id, "object": "chat.completion.deleted", "deleted": True}
    for gone in (client.chat.completions.retrieve, client.chat.completions.delete):
        with pytest.raises(openai.NotFoundError):
            await gone(made.id)  # type: ignore[operator]
    assert [one.id async for one in client.chat.completions.list()] == [kept.id]


async def test_an_answer_in_the_background_goes_from_where_it_was_sent_too(client: AsyncOpenAI, stack: Stack) -> None:
    waiting = await client.responses.create(model="simulated/chat", input="tamarisk", background=True)
    async with asyncio.timeout(60):
        while waiting.status != "completed":
            await asyncio.sleep(0.05)
            waiting = await client.responses.retrieve(waiting.id)
    assert {"execution_contents", "outbox"} <= (await found_in(stack, "tamarisk")).keys()
    async with as_superuser(stack.urls["superuser"]) as connection:  # the clock of the database is behind that of the gateway
        await connection.execute("UPDATE outbox SET sent_at = sent_at - interval '10 minutes' WHERE message_id LIKE $1", f"{waiting.id}:%")
    await client.responses.delete(waiting.id)
    assert await found_in(stack, "tamarisk") == {}


async def test_the_cached_answer_goes_with_the_call_that_made_it(client: AsyncOpenAI) -> None:
    cached: Any = {"model": "simulated/chat", "input": "snapdragon", "extra_body": {"cache": True}}
    first = await client.responses.create(**cached)
    again = await client.responses.create(**cached)
    assert again.to_dict()["burnish"]["cached"] is True  # type: ignore[index]
    await client.responses.delete(first.id)
    asked = await client.responses.create(**cached)
    assert asked.to_dict()["burnish"]["cached"] is False  # type: ignore[index]


async def test_words_about_it_go_and_votes_stay(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    told, other = [await client.chat.completions.create(**ASKED) for _ in range(2)]
    workspace = caller.workspace.workspace_id
    async with as_superuser(stack.urls["superuser"]) as connection:
        past = Past(connection)
        for execution in (told.id, other.id):
            for person in ("ann", ""):
                await past.feedback(workspace, person, at=datetime.now(UTC), execution=UUID(execution), replaced=True)
            await connection.execute(
                "INSERT INTO review_items (review_id, workspace_id, execution_id, slug, version, label, model, simulated, reasons, "
                "urgency, verdict, expected, note, decided_by, decided_at) "
                "VALUES ($1, $2, $3, '', 0, '', 'simulated/chat', true, '{picked}', 1, 'bad', "
                "'saxifrage', 'saxifrage', 'x', clock_timestamp())",
                new_uuid(), workspace, UUID(execution),
            )  # fmt: skip
        await client.chat.completions.delete(told.id)
        rows = await past.rows("SELECT target_id, end_user, comment, value FROM feedback WHERE workspace_id = $1", workspace)
        reviews = await past.rows("SELECT verdict, note FROM review_items WHERE execution_id = $1", UUID(told.id))
        history = await past.rows("SELECT target_id FROM feedback_history WHERE workspace_id = $1", workspace)
        ids = await past.rows("SELECT end_user FROM feedback_ids WHERE workspace_id = $1 AND target_id = $2", workspace, told.id)
    assert sum(one["value"] for one in rows) == 4 and {one["target_id"] for one in history} == {other.id}
    assert {one["comment"] for one in rows if one["target_id"] == told.id} == {None}
    assert not {"ann"} & {one["end_user"] for one in [*ids, *(row for row in rows if row["target_id"] == told.id)]}
    assert {one["comment"] for one in rows if one["target_id"] == other.id} == {"comment of ann", "comment of "}
    assert reviews == [{"verdict": "bad", "note": None}]


async def test_what_members_wrote_about_it_goes_too(client: AsyncOpenAI, caller: Caller) -> None:
    told, other = [(await client.chat.completions.create(**ASKED)).id for _ in range(2)]
    for one in (told, other):
        made = await caller("POST", f"/v1/executions/{one}/comments", {"body": "Look at this."})
        assert made.status == 201, made.body
    await client.chat.completions.delete(told)
    left = [(await caller("GET", f"/v1/executions/{one}/comments")).body["data"] for one in (told, other)]
    (entry,) = (await caller("GET", f"/v1/audit?object_kind=execution&object_id={told}")).body["data"]
    assert entry["before"]["comments"] == 1, entry
    assert [len(one) for one in left] == [0, 1]


async def test_what_a_test_run_kept_of_it_goes_and_its_scores_stay(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    told, other = [(await client.chat.completions.create(**ASKED)).id for _ in range(2)]
    workspace, run_id = caller.workspace.workspace_id, new_uuid()
    dataset = (await caller("POST", "/v1/datasets", {"name": "d", "items": [{"input": "a", "expected": "b", "split": "test"}]})).body["id"]
    prompt = {"slug": "tested", "messages": [{"role": "user", "content": "{{x}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    cases = [
        {
            "execution_id": one,
            "item_id": str(new_uuid()),
            "output": "oleander",
            "error": "oleander",
            "scores": {"e": {"score": 0.5, "reason": "oleander"}},
        }
        for one in (other, told)
    ]
    async with as_superuser(stack.urls["superuser"], decoded=True) as connection:
        await connection.execute(
            """INSERT INTO test_runs (test_run_id, workspace_id, prompt_id, slug, version, model, dataset_id, dataset_version, split,
                                      status, total, repeats, result, funding_account_id, created_by, finished_at)
               SELECT $1, $2, p.prompt_id, 'tested', 1, 'simulated/chat', $3, 1, 'test', 'completed', 2, 1, $4,
                      w.credit_account_id, 'x', now()
                 FROM workspaces w JOIN prompts p USING (workspace_id) WHERE w.workspace_id = $2 AND p.slug = 'tested'""",
            run_id, workspace, UUID(dataset), {"accuracy": 0.5, "failed_cases": cases},
        )  # fmt: skip
        await connection.execute("UPDATE executions SET job_id = $2 WHERE execution_id = ANY ($1)", [UUID(told), UUID(other)], run_id)
        await client.chat.completions.delete(told)
        kept = await connection.fetchval("SELECT result FROM test_runs WHERE test_run_id = $1", run_id)
    gone = {"output": None, "error": None, "scores": {"e": {"score": 0.5, "reason": ""}}}
    assert kept == {"accuracy": 0.5, "failed_cases": [cases[0], cases[1] | gone]}


@pytest.mark.promise("T-01")
async def test_who_asked_may_delete_and_who_may_erase(caller: Caller, stack: Stack) -> None:
    mine, other = await narrowed(caller, "mine", "executions:write"), await narrowed(caller, "other", "executions:write")
    theirs = await stack.caller()

    async def made() -> str:
        return str((await mine("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"])

    one = await made()
    paths = (f"/v1/responses/{one}", f"/v1/chat/completions/{one}", f"/v1/executions/{one}/content")
    admin_without = await narrowed(caller, "admin", "executions:write", role="admin")
    reader = await narrowed(caller, "reader", "executions:read")
    for path in paths:
        assert (await theirs("DELETE", path)).status == 404, path
        for nobody in (other, admin_without, reader):
            refused = await nobody("DELETE", path)
            assert refused.status == 403, (path, refused.body)
    assert (await other("POST", f"/v1/chat/completions/{one}", {"metadata": {}})).status == 403
    assert (await mine("DELETE", paths[0])).status == 200
    eraser = await narrowed(caller, "eraser", "executions:write", "privacy:write", role="admin")
    assert (await eraser("DELETE", f"/v1/responses/{await made()}")).status == 200
    assert (await caller("DELETE", f"/v1/responses/{await made()}")).status == 200
    last = await made()
    keys = (await caller("GET", "/v1/api-keys")).body["data"]
    [key] = [key for key in keys if key["name"] == "mine"]
    rotated = await caller("POST", f"/v1/api-keys/{key['id']}/rotate", {})
    assert rotated.status == 201, rotated.body
    assert (await with_key(caller, rotated.body["key"])("DELETE", f"/v1/responses/{last}")).status == 200


async def test_what_goes_on_or_is_held_is_not_deleted(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        running = (await client.responses.create(model="simulated/chat", input="x", background=True)).id
        refused = await caller("DELETE", f"/v1/responses/{running}")
        assert refused.status == 409 and f"/v1/executions/{running}/cancel" in refused.body["error"]["message"]
        await client.responses.cancel(running)
    kept = (await client.responses.create(model="simulated/chat", input="x")).id
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE workspaces SET legal_hold = true WHERE workspace_id = $1", caller.workspace.workspace_id)
        refused = await caller("DELETE", f"/v1/executions/{kept}/content")
        assert refused.status == 409 and "legal_hold" in refused.body["error"]["message"]
        await connection.execute("UPDATE workspaces SET legal_hold = false WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert (await client.responses.retrieve(kept)).output_text


async def test_five_at_once_delete_it_once(client: AsyncOpenAI, caller: Caller) -> None:
    told = (await client.responses.create(model="simulated/chat", input="x")).id
    answers = await asyncio.gather(*(caller("DELETE", f"/v1/responses/{told}") for _ in range(5)))
    assert sorted(one.status for one in answers) == [200, 404, 404, 404, 404]
    first, second = [await caller("DELETE", f"/v1/executions/{told}/content") for _ in range(2)]
    assert first.status == second.status == 200 and first.body == second.body and first.body["id"] == told
    assert len((await caller("GET", "/v1/audit?object_kind=execution")).body["data"]) == 1


async def test_what_is_no_answer_in_words_is_deleted_as_an_execution(caller: Caller) -> None:
    embedded = (await caller("POST", "/v1/embeddings", {"model": "simulated/embed", "input": "Hi."})).headers["x-execution-id"]
    for path in (
        f"/v1/responses/{embedded}",
        f"/v1/chat/completions/{embedded}",
        "/v1/responses/nope",
        f"/v1/executions/{new_uuid()}/content",
    ):
        assert (await caller("DELETE", path)).status == 404, path
    for kind, noun in OF_OPENAI.items():
        for method, one in product(("GET", "DELETE"), ("nope", new_uuid(), embedded)):
            assert (await caller(method, f"/v1/{kind}/{one}")).body["error"]["message"] == f"There is no {noun} of this id.", (method, one)
    assert (await caller("DELETE", f"/v1/executions/{embedded}/content")).status == 200
    assert (await caller("DELETE", "/v1/executions/nope/content")).status == 422


async def test_a_completion_gets_other_metadata(client: AsyncOpenAI, caller: Caller) -> None:
    made = await client.chat.completions.create(**ASKED, store=True, metadata={"trip": "7", "who": "ada"})
    changed = await client.chat.completions.update(made.id, metadata={"trip": "8"})
    assert changed.to_dict()["metadata"] == {"trip": "8"} and changed.choices[0].message.content == made.choices[0].message.content
    assert (await client.chat.completions.retrieve(made.id)).to_dict() == changed.to_dict()
    assert [one.id async for one in client.chat.completions.list(metadata={"trip": "8"})] == [made.id]
    assert [one.id async for one in client.chat.completions.list(metadata={"trip": "7"})] == []
    assert (await client.chat.completions.update(made.id, metadata=None)).to_dict()["metadata"] == {}
    entries = (await caller("GET", "/v1/audit?object_kind=execution")).body["data"]
    assert [one["action"] for one in entries] == ["execution.metadata_changed"] * 2 and "8" not in str([one["after"] for one in entries])
    for body, param in (({}, "metadata"), ({"metadata": "x"}, "metadata"), ({"metadata": {}, "model": "x"}, "model")):
        refused = await caller("POST", f"/v1/chat/completions/{made.id}", body)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    await client.chat.completions.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.update(made.id, metadata={"trip": "9"})


async def test_metadata_is_masked_as_the_record_is(client: AsyncOpenAI, caller: Caller) -> None:
    made = await client.chat.completions.create(**ASKED)
    put = await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})
    assert put.status == 200, put.body
    async with asyncio.timeout(30):
        while True:
            changed = await client.chat.completions.update(made.id, metadata={"who": "Ask ada@example.com"})
            if "ada@example.com" not in str(changed.to_dict()["metadata"]):
                break
            await client.chat.completions.update(made.id, metadata={})
            await asyncio.sleep(0.1)
    assert "Ask " in changed.to_dict()["metadata"]["who"]  # type: ignore[index]


async def test_who_changes_metadata_is_shown_no_text_that_their_key_may_not_read(client: AsyncOpenAI, caller: Caller) -> None:
    made = await client.chat.completions.create(**ASKED, store=True, metadata={"trip": "7"})
    path, change = f"/v1/chat/completions/{made.id}", {"metadata": {"trip": "8"}}
    eraser = await narrowed(caller, "eraser", "executions:write", "privacy:write", role="admin")
    assert (await eraser("GET", path)).status == 403
    answer = await eraser("POST", path, change)
    said = made.choices[0].message.content
    assert answer.status == 200 and said and said not in str(answer.body), answer.body
    assert (answer.body["id"], answer.body["metadata"]) == (made.id, {"trip": "8"})
    assert answer.body["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": None}
    assert (await client.chat.completions.retrieve(made.id)).choices[0].message.content == said


async def test_metadata_under_a_legal_hold_stays_as_it_was(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    made = await client.chat.completions.create(**ASKED, store=True, metadata={"trip": "7"})
    hold = "UPDATE workspaces SET legal_hold = $2 WHERE workspace_id = $1"
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(hold, caller.workspace.workspace_id, True)
        refused = await caller("POST", f"/v1/chat/completions/{made.id}", {"metadata": {"trip": "8"}})
        await connection.execute(hold, caller.workspace.workspace_id, False)
    assert refused.status == 409 and "legal_hold" in refused.body["error"]["message"], refused.body
    assert (await client.chat.completions.retrieve(made.id)).to_dict()["metadata"] == {"trip": "7"}


async def test_a_repeat_of_a_change_does_not_bring_a_deleted_answer_back(client: AsyncOpenAI, caller: Caller) -> None:
    made = await client.chat.completions.create(**ASKED, store=True)
    path, change, key = f"/v1/chat/completions/{made.id}", {"metadata": {"trip": "8"}}, {"Idempotency-Key": "change-1"}
    first, again = [await caller("POST", path, change, headers=key) for _ in range(2)]
    assert first.status == again.status == 200 and first.body == again.body
    await client.chat.completions.delete(made.id)
    assert (await caller("POST", path, change, headers=key)).status == 404


async def test_a_key_deletes_nothing_that_the_one_in_its_place_asked(caller: Caller) -> None:
    old = await narrowed(caller, "replaced", "executions:write")
    [key] = [one for one in (await caller("GET", "/v1/api-keys")).body["data"] if one["name"] == "replaced"]
    rotated = await caller("POST", f"/v1/api-keys/{key['id']}/rotate", {})
    new = with_key(caller, rotated.body["key"])
    earlier, later = [(await one("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"] for one in (old, new)]
    assert (await old("DELETE", f"/v1/responses/{later}")).status == 403
    assert (await new("DELETE", f"/v1/responses/{earlier}")).status == 200
