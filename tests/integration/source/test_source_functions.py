"""`/prompt-executor`, `/analyze-chat` and `/enrich-content` as the source system's clients call them (PRODUCT K2, E17)."""

import pytest

from tests.embedded.stack import Caller

pytestmark = pytest.mark.capability("K2")


async def greeting(caller: Caller, **more: object) -> None:
    body = {"slug": "greet", "messages": [{"role": "user", "content": "Greet {{name}} of {{place}}."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", body | more)).status == 201
    assert (await caller("PUT", "/v1/prompts/greet/labels/production", {"version": 1})).status == 200


@pytest.mark.parametrize("below", ["", "/functions/v1"])
async def test_a_prompt_is_executed_and_what_is_missing_stays_as_it_is_written(caller: Caller, below: str) -> None:
    await greeting(caller)
    asked = {
        "prompt_id": "greet", "input_data": {"name": "Ada", "more": 1}, "override_params": {"temperature": 0.1, "theirs": 2},
        "session_id": "s1", "user_id": "u1",
    }  # fmt: skip
    told = await caller("POST", f"{below}/prompt-executor", asked)
    assert told.status == 200 and told.body["success"] is True and told.body["prompt_version"] == 1 and told.body["latency_ms"] >= 0
    assert told.body["data"]["object"] == "chat.completion"
    assert "Greet Ada of {{place}}." in told.body["data"]["choices"][0]["message"]["content"]
    assert [one.partition(":")[0] for one in told.body["warnings"]] == ["place", "more", "override_params.theirs"]
    execution = (await caller("GET", f"/v1/executions/{told.body['execution_id']}")).body
    assert (execution["session_id"], execution["user_id"], execution["settings"]["temperature"]) == ("s1", "u1", 0.1)


async def test_json_comes_parsed_where_the_version_asks_for_it(caller: Caller) -> None:
    await greeting(caller, output_format="json", response_format={"type": "json_object"})
    told = (await caller("POST", "/prompt-executor", {"prompt_id": "greet@1", "input_data": {"name": "Ada", "place": "York"}})).body
    assert told["data"]["simulated"] is True and "reply" in told["data"] and told["warnings"] == []


async def test_failures_are_told_in_their_words_with_honest_statuses(caller: Caller) -> None:
    await greeting(caller)
    for path, body, status in (
        ("/prompt-executor", {"prompt_id": "absent"}, 404),
        ("/prompt-executor", {}, 422),
        ("/prompt-executor", {"prompt_id": "greet", "override_params": {"model": 5}}, 422),
        ("/analyze-chat", {"chat_id": "absent"}, 404),
        ("/analyze-chat", {}, 422),
        ("/enrich-content", {"url": "http://169.254.169.254/latest"}, 422),
        ("/enrich-content", {"content_id": "absent"}, 404),
    ):
        told = await caller("POST", path, body)
        assert (told.status, told.body["success"]) == (status, False) and isinstance(told.body["error"], str), (path, told.body)
    poor = Caller(caller.session, caller.url, "bk_live_wrong", caller.workspace)
    refused = await poor("POST", "/prompt-executor", {"prompt_id": "x"})
    assert (refused.status, refused.body["success"]) == (401, False)


async def test_a_chat_is_stored_analysed_and_analysed_again_by_its_id(caller: Caller) -> None:
    chat = {"chat_id": "c-1", "messages": [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "On its way."}]}
    told = (await caller("POST", "/analyze-chat", chat | {"metadata": {"channel": "mail"}})).body
    data = told["data"]
    assert told["success"] and (data["id"], data["processing_status"], data["metadata"]) == ("c-1", "completed", {"channel": "mail"})
    assert data["messages"] == chat["messages"] and data["lenses"]["sentiment"] == "positive" and data["computed_at"]
    again = (await caller("POST", "/functions/v1/analyze-chat", {"chat_id": "c-1"})).body["data"]
    assert again["messages"] == chat["messages"] and again["computed_at"] > data["computed_at"]
    assert len((await caller("GET", "/v1/enrichments")).body["data"]) == 1


async def test_a_content_is_enriched_under_its_metadata(caller: Caller) -> None:
    told = (await caller("POST", "/enrich-content", {"content_id": "d-1", "content": "All about parcels.", "metadata": {"a": 1}})).body
    data = told["data"]
    assert data["metadata"]["a"] == 1 and data["metadata"]["enrichment"]["title"] and data["content"] == "All about parcels."
    again = (await caller("POST", "/functions/v1/enrich-content", {"content_id": "d-1"})).body["data"]
    assert again["id"] == "d-1" and again["updated_at"] > data["updated_at"]


async def test_a_key_that_is_narrowed_or_repeated_is_treated_as_everywhere(caller: Caller) -> None:
    await greeting(caller)
    made = (await caller("POST", "/v1/api-keys", {"name": "narrow", "scopes": ["prompts:read"]})).body
    narrow = Caller(caller.session, caller.url, made["key"], caller.workspace)
    for path, scope in (("/prompt-executor", "executions:write"), ("/functions/v1/analyze-chat", "enrichments:write")):
        refused = await narrow("POST", path, {"prompt_id": "greet", "messages": [{"content": "x"}]})
        assert refused.status == 403 and scope in refused.body["error"], path
    asked = {"prompt_id": "greet", "input_data": {"name": "Ada", "place": "York"}}
    first, second = [await caller("POST", "/prompt-executor", asked, headers={"idempotency-key": "once"}) for _ in range(2)]
    assert first.raw == second.raw and second.headers["idempotent-replayed"] == "true"
    other = await caller("POST", "/prompt-executor", asked | {"user_id": "u"}, headers={"idempotency-key": "once"})
    assert (other.status, other.body["code"]) == (422, "idempotency_mismatch")
    broken = await caller("POST", "/prompt-executor", raw=b"{")
    assert (broken.status, broken.body["success"]) == (400, False)
