"""What a version and a prompt hold (PRODUCT P1): all of it kept, each mistake told with its field; prompts put away and removed."""

import json
from typing import Any

import pytest

from tests.embedded.superuser import as_superuser
from tests.integration.registry.conftest import Bench, Caller, RunningGateway

pytestmark = pytest.mark.capability("P1")

EVERYTHING: dict[str, Any] = {
    "slug": "whole",
    "name": "Whole",
    "description": "All fields",
    "use_case": "support",
    "folder": "support/tier 1",
    "tags": ["a"],
    "categories": ["extraction"],
    "app_contexts": ["chat"],
    "locked_blocks": ["Never give legal advice."],
    "rules": ["Answers in the customer's language."],
    "messages": [
        {"role": "system", "content": "Be brief. Never give legal advice."},
        {"role": "user", "content": "{{question: string}}"},
        {"role": "assistant", "content": "Yes."},
        {"role": "placeholder", "name": "history", "optional": True},
        {"role": "user", "content": "{{question}}"},
    ],
    "model": "simulated/chat",
    "provider": "simulated",
    "temperature": 0.25,
    "max_tokens": 100,
    "top_p": 0.5,
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "stop": ["END"],
    "seed": 7,
    "reasoning_effort": "low",
    "output_format": "structured",
    "json_schema": {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "number"}}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
    "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}],
    "tool_choice": {"type": "function", "function": {"name": "look_up"}},
    "parameters": {"question": {"type": "string", "description": "What the customer asks"}},
    "timeout_s": 12.5,
    "retry_policy": {"retries": 1},
    "fallback_models": ["simulated/reader"],
    "test_cases": [{"name": "one", "variables": {"question": "Is it open?"}, "expected": "Yes.", "criteria": "polite"}],
    "success_criteria": ["polite"],
    "quality_threshold": 0.9,
    "features": ["numbers"],
    "extra": {"top_k": 40, "chat_template_kwargs": {"enable_thinking": False}},
    "config": {"rollout": "eu", "limits": {"rows": 5, "by": None}, "flags": [True]},
    "variants": [{"model": "simulated/reader", "template": "Read: {{question}}"}],
}


async def created(call: Caller, **changes: Any) -> dict[str, Any]:
    body = {"slug": "hello", "template": "Hello {{name}}", "model": "simulated/chat"} | changes
    answer = await call("POST", "/v1/prompts", body)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def test_everything_that_is_given_is_kept_and_nothing_else_is_there(call: Caller) -> None:
    given = {name: value for name, value in EVERYTHING.items() if name != "template"}
    answer = await call("POST", "/v1/prompts", given)
    assert answer.status == 201, answer.body
    body = answer.body
    read = (await call("GET", "/v1/prompts/whole")).body
    assert read == body
    variant = {"model": "simulated/reader", "messages": [{"role": "user", "content": "Read: {{question}}"}]}
    for name, value in (given | {"variants": [variant]}).items():
        assert read[name] == value, name
    assert list(read["json_schema"]["properties"]) == ["b", "a"], "the order of a schema is part of what the model sees"
    assert "cache" not in read
    assert read["estimated"]["output_tokens_most"] == 100
    assert read["estimated"]["input_tokens"] > 20

    version = (await call("GET", "/v1/prompts/whole/versions/1")).body
    assert version["test_cases"] == EVERYTHING["test_cases"]
    assert {one["name"]: one["required"] for one in version["variables"]} == {"question": True, "history": False}


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("temperature", 3, "temperature"),
        ("stop", [], "stop"),
        ("tools", [{"function": {}}], "tools[0].type"),
        ("tools", [{"type": "function"}], "tools[0].function"),
        ("tools", [{"type": "function", "function": {"name": "two words"}}], "tools[0].function.name"),
        ("tools", [{"type": "function", "function": {"name": "a", "parameters": {"type": 3}}}], "tools[0].function.parameters"),
        ("tools", [{"type": "function", "function": {"name": "a"}}] * 2, "tools[1]"),
        ("tools", [{"type": "custom", "custom": {"name": "a"}}], "tools[0].type"),
        ("tool_choice", "required", "tool_choice"),
        ("response_format", {"type": "yaml"}, "response_format.type"),
        ("response_format", {"type": "json_schema", "json_schema": {"type": "object"}}, "response_format.json_schema"),
        ("json_schema", {"type": "nothing"}, "json_schema"),
        ("fallback_models", ["simulated/chat"], "fallback_models[0]"),
        ("fallback_models", ["a", "b", "a"], "fallback_models[2]"),
        ("fallback_version", 1, "fallback_version"),
        ("test_cases", [{"name": "a", "expects": 1}], "test_cases[0].expects"),
        ("test_cases", [{"name": "a"}, {"name": "a"}], "test_cases[1]"),
        ("quality_threshold", 1.5, "quality_threshold"),
        ("timeout_s", 0, "timeout_s"),
        ("extra", {"model": "another"}, "extra.model"),
        ("extra", {"messages": []}, "extra.messages"),
        ("extra", {"stream": True}, "extra.stream"),
        ("extra", {"max_tokens": 9}, "extra.max_tokens"),
        ("extra", {"models": ["dear/one"]}, "extra.models"),
        ("extra", {"api_key": "sk"}, "extra.api_key"),
        ("extra", {"extra_headers": {}}, "extra.extra_headers"),
        ("extra", {"store": False}, "extra.store"),
        ("extra", {"service_tier": 3}, "extra.service_tier"),
        ("extra", {"grammar": "x" * 70_000}, "extra"),
        ("extra", [], "extra"),
        ("config", ["a"], "config"),
        ("config", {"text": "é" * 32_768}, "config"),
        ("retry_policy", {"retries": 11}, "retry_policy.retries"),
        ("reasoning_effort", "much", "reasoning_effort"),
        ("output_format", "xml", "output_format"),
        ("parameters", {"name": {"type": "integer"}}, "parameters.name.type"),
        ("parameters", {"two words": {}}, "parameters"),
        ("variants", [{"model": "a*b", "template": "x"}], "variants[0].model"),
        ("variants", [{"model": "a"}], "variants[0]"),
        ("variants", [{"model": "a", "template": "{{#if x}}"}], "variants[0].messages[0].content"),
        ("variants", [{"model": "a", "template": "x"}, {"model": "a", "template": "y"}], "variants[1]"),
        ("locked_blocks", ["not in it"], "locked_blocks[0]"),
        ("categories", [""], "categories[0]"),
        ("rules", ["x" * 2001], "rules[0]"),
        ("folder", "a//b", "folder"),
        ("visibility", "everybody", "visibility"),
        ("slug", "a/b", "slug"),
    ],
)
async def test_a_mistake_is_told_with_its_field(call: Caller, field: str, value: Any, param: str) -> None:
    answer = await call("POST", "/v1/prompts", {"slug": "hello", "template": "Hello {{name}}", "model": "simulated/chat", field: value})
    assert answer.status == 422, answer.body
    assert answer.body["error"]["param"] == param, answer.body
    assert (await call("GET", "/v1/prompts/hello")).status == 404


async def test_what_is_not_versioned_is_changed(call: Caller) -> None:
    await created(call)
    changes = {"categories": ["analysis", "analysis"], "app_contexts": ["crm"], "locked_blocks": ["Hello"], "rules": ["short"]}
    answer = await call("PATCH", "/v1/prompts/hello", changes)
    assert answer.status == 200
    assert (answer.body["categories"], answer.body["locked_blocks"], answer.body["rules"]) == (["analysis"], ["Hello"], ["short"])
    lost = await call("POST", "/v1/prompts/hello/versions", {"base_version": 1, "template": "Good day."})
    assert lost.status == 201 and "'Hello'" in lost.body["warnings"][0], lost.body
    kept = await call("POST", "/v1/prompts/hello/versions", {"base_version": 2, "template": "Hello again."})
    assert kept.status == 201 and "warnings" not in kept.body
    refused = await call("PATCH", "/v1/prompts/hello", {"locked_blocks": ["Goodbye"]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "locked_blocks[0]")


async def test_a_model_that_nobody_can_call_is_saved_and_said(call: Caller) -> None:
    """It may be added later; a typing error in a fallback would show only on the day that it is needed."""
    text = {"messages": [{"role": "user", "content": "Hi"}]}
    made = await call("POST", "/v1/prompts", {"slug": "spelled", "model": "simulated/chta", **text})
    assert made.status == 201 and "'simulated/chta'" in made.body["warnings"][0], made.body
    assert "warnings" not in (await call("GET", "/v1/prompts/spelled")).body
    body = {"base_version": 1, "model": "simulated/chat", "provider": "openai", "fallback_models": ["simulated/reader", "simulated/raeder"]}
    variants = [{"model": "anthropic/*", **text}, {"model": "opnai/gpt", **text}]
    saved = await call("POST", "/v1/prompts/spelled/versions", body | {"variants": variants})
    assert saved.status == 201, saved.body
    assert [one.split(":")[0] for one in saved.body["warnings"]] == ["provider", "fallback_models[1]", "variants[1]"]
    right = {"base_version": 2, "provider": "simulated", "fallback_models": ["simulated/reader"], "variants": None}
    assert "warnings" not in (await call("POST", "/v1/prompts/spelled/versions", right)).body
    picked = await call("POST", "/v1/prompts/spelled/versions/1/cherry-pick", {"base_version": 3, "parts": ["model"]})
    assert picked.status == 201 and picked.body["warnings"][0].startswith("model:"), picked.body


@pytest.mark.parametrize(
    ("old", "warned", "other"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "a"}}]}, "tools[0].type", {"tools": [{"type": "custom", "custom": {}}]}),
        ({"tool_choice": "required"}, "tool_choice", {"tool_choice": {"type": "function", "function": {"name": "a"}}}),
    ],
)
async def test_what_was_saved_before_it_was_refused_keeps_nobody_from_saving_something_else(
    call: Caller, bench: Bench, old: dict[str, Any], warned: str, other: dict[str, Any]
) -> None:
    await created(call)
    async with as_superuser(bench.urls["superuser"]) as connection:
        kept = "UPDATE prompt_versions SET content = (content::jsonb || $1::jsonb)::json WHERE workspace_id = $2"
        await connection.execute(kept, json.dumps(old), call.workspace_id)
    worded = await call("POST", "/v1/prompts/hello/versions", {"base_version": 1, "template": "Good day {{name}}"})
    assert worded.status == 201 and [one.split(":")[0] for one in worded.body["warnings"]] == [warned], worded.body
    refused = await call("POST", "/v1/prompts/hello/versions", {"base_version": 2} | other)
    assert (refused.status, refused.body["error"]["param"]) == (422, warned), refused.body
    mended = await call("POST", "/v1/prompts/hello/versions", {"base_version": 2} | dict.fromkeys(old))
    assert mended.status == 201 and "warnings" not in mended.body, mended.body


async def test_a_null_that_says_nothing_and_a_name_of_blanks_are_refused(call: Caller) -> None:
    await created(call)
    before = (await call("GET", "/v1/prompts/hello")).body
    for body in ({"description": None}, {"tags": None, "name": "x"}, {"name": " \t"}):
        answer = await call("PATCH", "/v1/prompts/hello", body)
        assert (answer.status, answer.body["error"]["param"]) == (422, next(iter(body))), answer.body
    blank = await call("POST", "/v1/prompts", {"slug": "blank", "name": "  ", "template": "x", "model": "simulated/chat"})
    assert (blank.status, blank.body["error"]["message"]) == (422, "name: must say something")
    assert (await call("GET", "/v1/prompts/hello")).body == before


async def test_an_archived_prompt_is_read_and_neither_served_nor_changed(call: Caller) -> None:
    await created(call)
    one, two = [await call("POST", "/v1/prompts/hello/archive") for _ in range(2)]
    assert (one.status, two.status) == (200, 200)
    assert one.body["archived_at"] is not None
    assert one.body["archived_at"] == two.body["archived_at"]
    assert (await call("GET", "/v1/prompts/hello")).body["archived_at"] is not None
    for method, path, body in (
        ("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}}),
        ("POST", "/v1/prompts/hello/versions", {"base_version": 1, "template": "x"}),
        ("PUT", "/v1/prompts/hello/labels/staging", {"version": 1}),
        ("PATCH", "/v1/prompts/hello", {"name": "x"}),
        ("POST", "/v1/prompts", {"slug": "hello", "template": "x", "model": "m"}),
    ):
        answer = await call(method, path, body)
        assert answer.status == 409, (path, answer.body)
    assert (await call("POST", "/v1/prompts/hello/restore")).body["archived_at"] is None
    assert (await call("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})).status == 200


async def test_an_archived_prompt_keeps_its_labels_and_is_neither_approved_routed_nor_published(call: Caller) -> None:
    await created(call)
    assert (await call("PUT", "/v1/prompts/hello/labels/staging", {"version": 1})).status == 200
    await call("POST", "/v1/prompts/hello/archive")
    rules = [{"name": "long", "when": "input_tokens > 5", "use": {"version": 1}}]
    for method, path, body in (
        ("DELETE", "/v1/prompts/hello/labels/staging", None),
        ("POST", "/v1/prompts/hello/versions/1/review", {}),
        ("PUT", "/v1/prompts/hello/routing", {"rules": rules}),
        ("POST", "/v1/marketplace", {"prompt": "hello", "visibility": "organization", "description": "x"}),
        ("POST", "/v1/templates", {"prompt": "hello", "version": 1}),
    ):
        answer = await call(method, path, body)
        assert (answer.status, answer.body["error"]["param"]) == (409, "prompt"), (path, answer.body)
        assert "/v1/prompts/hello/restore" in answer.body["error"]["message"]
    assert set((await call("GET", "/v1/prompts/hello")).body["labels"]) == {"latest", "production", "staging"}

    await call("POST", "/v1/prompts/hello/restore")
    assert (await call("POST", "/v1/prompts/hello/versions/1/review", {})).status == 201
    await call("POST", "/v1/prompts/hello/archive")
    assert (await call("POST", "/v1/prompts/hello/versions/1/review/approve", {})).status == 409
    assert (await call("POST", "/v1/prompts/hello/versions/1/review/withdraw", {})).status == 200, "the list of what waits can be tidied"


async def test_every_gateway_knows_within_a_moment_that_a_prompt_is_archived(call: Caller, second: RunningGateway) -> None:
    await created(call)
    elsewhere = call.at(second.url)
    assert (await elsewhere("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})).status == 200
    await call("POST", "/v1/prompts/hello/archive")
    await second.gateway.catalog.catch_up()
    assert (await elsewhere("POST", "/v1/prompts/hello/render", {"variables": {"name": "x"}})).status == 409


async def test_only_an_admin_removes_a_prompt_that_is_archived_and_named_twice(bench: Bench, first: RunningGateway) -> None:
    admin = await bench.caller(first, role="admin")
    editor = await bench.caller(first, workspace_id=admin.workspace_id)
    await created(admin)
    assert (await admin("POST", "/v1/prompts/hello/purge", {"confirm": "hello"})).status == 409
    await admin("POST", "/v1/prompts/hello/archive")
    assert (await editor("POST", "/v1/prompts/hello/purge", {"confirm": "hello"})).status == 403
    wrong = await admin("POST", "/v1/prompts/hello/purge", {"confirm": "helo"})
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "confirm")
    assert (await admin("POST", "/v1/prompts/hello/purge", {"confirm": "hello"})).body == {"slug": "hello", "versions": 1}
    assert (await admin("GET", "/v1/prompts/hello")).status == 404
    assert (await created(admin, template="Another"))["version"] == 1


async def test_a_purge_leaves_no_row_that_names_the_prompt(bench: Bench, first: RunningGateway) -> None:
    """Every table with a prompt_id, save those of what was paid for: a new one is found by the catalog, and so is one that is forgotten."""
    admin = await bench.caller(first, role="admin")
    await created(admin, slug="tone", template="Be kind.")
    body = await created(admin, template="{{> tone}} {{name}}")
    await admin("POST", "/v1/prompts/hello/versions", {"base_version": 1, "temperature": 0.5})
    await admin("PUT", "/v1/prompts/hello/labels/staging", {"version": 2})
    await admin("POST", "/v1/prompts/hello/archive")
    assert (await admin("POST", "/v1/prompts/hello/purge", {"confirm": "hello"})).status == 200
    async with as_superuser(bench.urls["superuser"]) as connection:
        tables = await connection.fetch(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'prompt_id' AND NOT a.attisdropped
                WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""
        )
        assert {"prompt_uses", "prompt_versions", "lineage_edges"} <= {row["relname"] for row in tables}
        for row in tables:
            left = await connection.fetchval(f"SELECT count(*) FROM {row['relname']} WHERE prompt_id::text = $1", body["id"])
            assert left == 0, row["relname"]
