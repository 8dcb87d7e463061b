"""The library over HTTP: templates that ship are used and answer; a workspace makes its own (PRODUCT P7)."""

import asyncio
import json

import pytest

from burnish_gateway.templates.library import shipped
from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P7")]

NAMED_BY_THE_PRODUCT = (
    "support_ticket_routing",
    "chat_analysis",
    "conversation_enrichment",
    "youtube_transcript_analysis",
    "document_extraction",
    "chain_of_thought",
)


async def used(call: Caller, name: str, **body: object) -> dict[str, object]:
    answer = await call("POST", f"/v1/templates/{name}/use", body)
    assert answer.status == 201, answer.body
    return answer.body  # type: ignore[no-any-return]


async def test_fifteen_templates_ship_and_the_named_ones_are_among_them() -> None:
    assert len(shipped()) >= 15
    assert set(NAMED_BY_THE_PRODUCT) <= shipped().keys()
    assert {one.category for one in shipped().values()} == {"analysis", "extraction", "generation", "classification"}


async def test_each_template_that_ships_becomes_a_prompt_that_answers_its_example(call: Caller) -> None:
    async def tried(name: str) -> None:
        made = await used(call, name)
        assert made["version"] == 1 and made["model"] == "auto"
        asked = {"prompt": name, "variables": shipped()[name].example.variables, "model": "simulated/chat"}
        answer = await call("POST", "/v1/executions", asked)
        assert answer.status == 200, (name, answer.body)
        assert answer.body["simulated"] is True and answer.body["output"]
        if shipped()[name].json_schema is not None:
            assert isinstance(answer.body["output_json"], dict), name

    names = list(shipped())
    for first in range(0, len(names), 5):
        await asyncio.gather(*(tried(name) for name in names[first : first + 5]))


async def test_a_prompt_made_of_a_template_says_so_and_the_use_is_counted(call: Caller) -> None:
    before = (await call("GET", "/v1/templates/chat_analysis")).body
    made = await used(call, "chat_analysis", slug="reviews", folder="support", model="simulated/chat", label=None)
    assert (made["slug"], made["folder"], made["model"], made["labels"]) == ("reviews", "support", "simulated/chat", {"latest": 1})
    assert made["categories"] == before["categories"] == ["analysis"]
    assert [one["slug"] for one in (await call("GET", "/v1/prompts?category=analysis")).body["data"]] == ["reviews"]
    (edge,) = (await call("GET", "/v1/prompts/reviews/lineage")).body["data"]
    assert (edge["kind"], edge["source"]["publisher"], edge["source"]["slug"]) == ("cloned_from", "Burnish", "chat_analysis")
    assert (await call("GET", "/v1/templates/chat_analysis")).body["uses"] == before["uses"] + 1
    (noted,) = (await call("GET", "/v1/audit?action=template.used")).body["data"]
    assert noted["object_id"] == "reviews"
    assert (await call("POST", "/v1/templates/chat_analysis/use", {"slug": "reviews"})).status == 409
    assert (await call("POST", "/v1/templates/no_such_template/use", {})).status == 404


async def test_a_protected_label_is_not_said_where_it_was_not_given(call: Caller) -> None:
    assert (await call("PATCH", f"/v1/workspaces/{call.workspace.workspace_id}", {"protected_labels": ["production"]})).status == 200
    made = await used(call, "chat_analysis")
    assert (made["label"], made["labels"]) == (None, {"latest": 1}), "nobody has approved it"
    asked = await call("POST", "/v1/templates/chat_analysis/use", {"slug": "asked", "label": "production"})
    assert (asked.status, asked.body["error"]["code"]) == (409, "label_protected")
    other = await used(call, "chat_analysis", slug="other", label="staging", model="simulated/chta")
    assert other["label"] == "staging" and "simulated/chta" in str(other["warnings"])


async def test_a_template_tells_its_variables_models_and_an_example(call: Caller) -> None:
    told = (await call("GET", "/v1/templates/support_ticket_routing")).body
    assert told["origin"] == "shipped" and told["recommended_models"] and told["use_cases"]
    assert told["content"]["temperature"] == 0 and told["content"]["max_tokens"] > 0
    assert {one["name"]: one["required"] for one in told["variables"]} == {"queues": True, "ticket": True}
    assert all(one["description"] for one in told["variables"])
    assert json.loads(told["example"]["text"])["queue"] == "billing" and set(told["example"]["variables"]) == {"queues", "ticket"}
    assert told["benchmarks"] == [], "nothing was measured on a real model"


async def test_templates_are_found_by_word_category_tag_and_origin_page_by_page(call: Caller) -> None:
    async def names(query: str) -> list[str]:
        return [one["id"] for one in (await call("GET", f"/v1/templates?{query}")).body["data"]]

    assert "support_ticket_routing" in await names("q=rout%20ticket")
    assert await names("q=nothingofthekind") == []
    assert set(await names("category=extraction&origin=shipped")) == {n for n, one in shipped().items() if one.category == "extraction"}
    assert await names("tag=translation") == ["translation_with_glossary"]
    found, cursor = [], ""
    while True:
        page = (await call("GET", f"/v1/templates?origin=shipped&limit=4{cursor}")).body
        found += [one["id"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == list(shipped())
    assert (await call("GET", "/v1/templates?origin=elsewhere")).status == 422


async def test_a_search_without_a_word_finds_nothing(call: Caller) -> None:
    for text in ("%F0%9F%8E%89", "%25", "--"):
        for path in ("/v1/templates", "/v1/prompts"):
            assert (await call("GET", f"{path}?q={text}")).body["data"] == [], (path, text)


async def test_a_workspace_makes_a_template_of_its_own_which_nobody_else_sees(stack: Stack, call: Caller) -> None:
    other = await stack.caller()
    body = {"slug": "greet", "template": "Greet {{name}}.", "model": "simulated/chat", "parameters": {"name": {"description": "who"}}}
    assert (await call("POST", "/v1/prompts", body)).status == 201
    said = {"prompt": "greet", "categories": ["generation"], "use_cases": ["Mails"], "recommended_models": ["simulated/chat"],
            "benchmarks": [{"dataset": "names", "metric": "accuracy", "value": 0.9, "items": 20, "model": "simulated/chat"}]}  # fmt: skip
    made = (await call("POST", "/v1/templates", said)).body
    assert (made["origin"], made["visibility"], made["is_new"], made["benchmarks"][0]["value"]) == ("workspace", "private", True, 0.9)
    assert made["variables"] == [{"name": "name", "type": None, "description": "who", "required": True, "default": None}]
    mine = (await call("GET", "/v1/templates?origin=workspace")).body["data"]
    assert [one["id"] for one in mine] == [made["id"]]
    assert (await call("GET", "/v1/prompts/greet")).body["visibility"] == "private"
    assert (await call("GET", "/v1/marketplace?mine=true")).body["data"] == []
    assert (await call("GET", f"/v1/marketplace/{made['id']}")).status == 404
    for method, path in (("GET", ""), ("POST", "/use"), ("DELETE", "")):
        assert (await other(method, f"/v1/templates/{made['id']}{path}", {} if method == "POST" else None)).status == 404
    copy = await used(call, made["id"], slug="greet-again")
    assert copy["messages"] == [{"role": "user", "content": "Greet {{name}}."}]

    # Wider: the same form, and now it stands in the marketplace too.
    wider = (await call("POST", "/v1/templates", said | {"visibility": "public"})).body
    assert (wider["id"], wider["is_new"]) == (made["id"], False)
    assert (await other("GET", f"/v1/templates/{made['id']}")).body["origin"] == "shared"
    assert (await other("GET", f"/v1/marketplace/{made['id']}")).body["use_cases"] == ["Mails"]
    assert made["id"] in [one["id"] for one in (await other("GET", "/v1/templates?origin=shared")).body["data"]]
    await used(other, made["id"])
    assert (await call("DELETE", f"/v1/templates/{made['id']}")).body["deleted"] is True
    assert (await call("DELETE", f"/v1/templates/{made['id']}")).status == 404
    assert (await call("DELETE", "/v1/templates/chat_analysis")).status == 409


async def test_what_looks_like_a_key_becomes_no_template(call: Caller) -> None:
    secret = "sk-" + "a1" * 20
    body = {"slug": "leaky", "template": f"Use {secret} for {{{{x}}}}", "model": "simulated/chat"}
    assert (await call("POST", "/v1/prompts", body)).status == 201
    refused = await call("POST", "/v1/templates", {"prompt": "leaky"})
    assert (refused.status, refused.body["error"]["param"]) == (422, "prompt")
