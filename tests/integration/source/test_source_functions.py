"""`/prompt-executor`, `/analyze-chat` and `/enrich-content` as the source system's clients call them (PRODUCT K2, E17)."""

import pytest

from tests.embedded.stack import Caller, Stack

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


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/prompt-executor", {"prompt_id": "absent"}, "prompt_id"),
        ("/prompt-executor", {"prompt_id": "greet@absent"}, "prompt_id"),
        ("/prompt-executor", {"prompt_id": "greet@9"}, "prompt_id"),
        ("/prompt-executor", {"prompt_id": "greet@0"}, "prompt_id"),
        ("/prompt-executor", {"prompt_id": "greet", "override_params": {"temperature": 9}}, "override_params.temperature"),
        ("/prompt-executor", {"prompt_id": "greet", "override_params": {"model": "absent/model"}}, "override_params.model"),
        ("/analyze-chat", {"chat_id": "absent"}, "chat_id"),
        ("/enrich-content", {"content_id": "absent"}, "content_id"),
        ("/enrich-content", {"url": "https://nowhere.invalid/"}, "url"),
    ],
)
async def test_a_refusal_names_the_field_as_the_body_has_it(caller: Caller, path: str, body: dict[str, object], param: str) -> None:
    await greeting(caller)
    told = await caller("POST", path, body)
    assert told.status in (404, 422) and told.body["param"] == param, told.body
    assert not told.body["error"].startswith(("id:", "temperature:", "model:")), told.body


async def test_openapi_tells_them_with_their_own_errors(caller: Caller) -> None:
    document = (await caller("GET", "/openapi.json")).body
    functions = {path: one["post"] for path, one in document["paths"].items() if "compatibility" in one.get("post", {}).get("tags", ())}
    names = ("prompt-executor", "analyze-chat", "enrich-content")
    assert sorted(functions) == sorted(f"{below}/{name}" for below in ("", "/functions/v1") for name in names)
    schemas = document["components"]["schemas"]
    for path, operation in functions.items():
        asked = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
        told = await caller("POST", path, {next(one for one in asked if one.endswith("_id")): 5})
        said = operation["responses"][str(told.status)]["content"]["application/json"]["schema"]
        assert said["$ref"].endswith("/FunctionError") and told.status == 422, (path, told.body)
        assert set(told.body) == set(schemas["FunctionError"]["properties"]) and told.body["param"].endswith("_id"), told.body


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


async def test_what_is_stored_with_a_content_stays_where_a_call_says_nothing_of_it(caller: Caller) -> None:
    chat = {"chat_id": "c-1", "messages": [{"content": "Where is it?"}], "metadata": {"channel": "mail"}}
    clip = {"content_id": "v-1", "source_type": "youtube", "content": "00:01 Hello.", "metadata": {"length": 3}}
    assert [(await caller("POST", *asked)).status for asked in (("/analyze-chat", chat), ("/enrich-content", clip))] == [200, 200]
    assert (await caller("POST", "/analyze-chat", {"chat_id": "c-1"})).body["data"]["metadata"] == {"channel": "mail"}
    again = (await caller("POST", "/enrich-content", {"content_id": "v-1"})).body["data"]
    assert (again["source_type"], again["content"], again["metadata"]["length"]) == ("youtube", "00:01 Hello.", 3)
    ours = (await caller("GET", "/v1/enrichments?source_type=youtube")).body["data"]
    assert (await caller("POST", "/enrich-content", {"content_id": ours[0]["id"]})).body["data"]["id"] == "v-1"
    assert len(ours) == 1 and ours[0]["metadata"] == {"length": 3}
    document = {"content_id": "v-1", "content": "A text of the same name."}
    assert (await caller("POST", "/enrich-content", document)).body["data"]["source_type"] == "document"
    assert (await caller("POST", "/enrich-content", {"content_id": "v-1"})).body["data"]["content"] == document["content"]
    assert (await caller("POST", "/enrich-content", {"content_id": "v-1", "metadata": {}})).body["data"]["metadata"].keys() == {
        "enrichment"
    }


async def test_null_is_as_good_as_not_given(caller: Caller) -> None:
    await greeting(caller)
    for path, body in (
        ("/prompt-executor", {"prompt_id": "greet", "input_data": None, "override_params": None, "session_id": None}),
        ("/analyze-chat", {"messages": [{"role": None, "content": "Hello."}], "metadata": None, "chat_id": None}),
        ("/enrich-content", {"content": "Parcels.", "source_type": None, "metadata": None, "url": None}),
        ("/start_optimization", {"initial_prompt": "Answer.", "selections": None}),
        ("/suggest", {"prompt_template": "One of: a, b", "metrics": None, "category_stats": None, "failed_cases": None}),
    ):
        told = await caller("POST", path, body)
        assert told.status == 200, (path, told.body)
    refused = await caller("POST", "/prompt-executor", {"prompt_id": None})
    assert (refused.status, refused.body["error"], refused.body["param"]) == (422, "prompt_id: is needed", "prompt_id")


async def test_a_content_that_says_nothing_is_the_callers_fault(caller: Caller) -> None:
    told = await caller("POST", "/enrich-content", {"content": "  \n "})
    assert (told.status, told.body["code"], told.body["error"]) == (422, "invalid_field", "content: holds no text.")


async def test_a_url_that_cannot_be_read_is_no_fault_of_a_model(caller: Caller) -> None:
    told = await caller("POST", "/enrich-content", {"url": "http://nowhere.invalid/clip.vtt"})
    assert (told.status, told.body["code"], told.body["success"]) == (422, "url_unreadable", False), told.body
    assert "nowhere.invalid" in told.body["error"]


async def test_a_prompt_that_needs_what_no_content_gives_is_no_fault_of_a_model(caller: Caller) -> None:
    made = await caller("POST", "/v1/prompts", {"slug": "reader", "template": "{{content}} for {{name}}", "model": "simulated/chat"})
    assert made.status == 201
    assert (await caller("PUT", "/v1/enrichments/prompts/document", {"prompt": "reader", "label": None})).status == 200
    told = await caller("POST", "/enrich-content", {"content": "All about parcels."})
    assert (told.status, told.body["code"]) == (422, "missing_variables") and "name" in told.body["error"]


async def test_a_content_that_nobody_pays_for_is_no_fault_of_a_model(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=0)
    told = await poor("POST", "/enrich-content", {"content": "All about parcels."})
    assert (told.status, told.body["code"], told.body["success"]) == (402, "out_of_credit", False), told.body


async def test_a_wrong_method_is_told_every_right_one(caller: Caller) -> None:
    for path, methods in (("/prompts", "GET, POST"), ("/prompts/greet", "DELETE, GET, PUT"), ("/prompt-executor", "POST")):
        told = await caller("PATCH", path, {})
        assert (told.status, told.headers["allow"]) == (405, methods), path


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
