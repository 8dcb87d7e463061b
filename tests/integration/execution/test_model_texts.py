"""Texts for certain models (PRODUCT P6), snippets in executions (P2), and shorter versions by a model (P11): over the whole path."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.embedded.stack import Caller
from tests.fakes.keyed_provider import TEXT, KeyedProvider, Manner, serving_by_key

pytestmark = pytest.mark.asyncio(loop_scope="session")

VARIANTS = [{"model": "own/second", "messages": [{"role": "system", "content": "Second."}, {"role": "user", "content": "{{x}}!"}]}]


@pytest_asyncio.fixture(loop_scope="session")
async def two(caller: Caller) -> AsyncIterator[tuple[KeyedProvider, KeyedProvider]]:
    """Providers of the models own/first and own/second."""
    async with serving_by_key() as first, serving_by_key() as second:
        for name, provider in (("first", first), ("second", second)):
            facts = {
                "model": f"own/{name}", "provider": f"lab_{name}", "upstream_model": name, "base_url": provider.base_url,
                "context_tokens": 100_000, "output_tokens": 400, "input_price_nusd_per_million": 1_000_000,
                "output_price_nusd_per_million": 1_000_000,
            }  # fmt: skip
            made = await caller("POST", "/v1/models", facts)
            assert made.status == 201, made.body
        yield first, second


async def made(caller: Caller, **prompt: Any) -> None:
    answer = await caller("POST", "/v1/prompts", {"slug": "hello", "template": "Usual {{x}}", "model": "own/first"} | prompt)
    assert answer.status == 201, answer.body


def asked(provider: KeyedProvider) -> list[str]:
    return [one["content"] for one in provider.bodies[-1]["messages"]]


@pytest.mark.capability("P6")
async def test_a_model_is_asked_with_its_own_text_first_and_as_a_fallback(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    first, second = two
    await made(caller, variants=VARIANTS, fallback_models=["own/second"])
    body = {"prompt": "hello", "variables": {"x": "Ada"}}
    answer = await caller("POST", "/v1/executions", body)
    assert (answer.status, asked(first)) == (200, ["Usual Ada"]), answer.body
    answer = await caller("POST", "/v1/executions", body | {"model": "own/second"})
    assert (answer.body["model"], asked(second)) == ("own/second", ["Second.", "Ada!"])

    first.manners[""] = Manner(status=500)
    answer = await caller("POST", "/v1/executions", body | {"variables": {"x": "Bob"}})
    assert (answer.body["model"], asked(second)) == ("own/second", ["Second.", "Bob!"])
    kept = (await caller("GET", f"/v1/executions/{answer.body['id']}")).body
    assert [one["content"] for one in kept["messages"]] == ["Second.", "Bob!"], "the record holds what was asked"


@pytest.mark.capability("P6", "E18")
async def test_guardrails_look_at_the_text_of_a_fallback_too(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    """The first model's text does not show the address; the second one's does, and must not show it to its provider."""
    first, second = two
    rule = {"name": "addresses", "settings": {"kind": "personal_data", "kinds": ["email"]}, "sides": ["in"]}
    assert (answer := await caller("POST", "/v1/guardrails", rule)).status == 201, answer.body
    variants = [{"model": "own/second", "template": "Write to {{mail}}."}]
    await made(caller, template="No address.", variants=variants, fallback_models=["own/second"])
    first.manners[""] = Manner(status=500)
    answer = await caller("POST", "/v1/executions", {"prompt": "hello", "variables": {"mail": "ada@example.com"}})
    assert answer.body["model"] == "own/second"
    assert "ada@example.com" not in asked(second)[0]
    assert asked(second)[0].startswith("Write to [")
    kept = (await caller("GET", f"/v1/executions/{answer.body['id']}")).body
    assert [one["content"] for one in kept["messages"]] == ["Write to ada@example.com."]


@pytest.mark.capability("P6")
async def test_a_fallback_without_a_text_of_its_own_gets_the_usual_one(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    first, second = two
    variants = [{"model": "own/second", "template": "Second {{x}}"}]
    await made(caller, template="Usual {{x}}", model="own/second", variants=variants, fallback_models=["own/first"])
    second.manners[""] = Manner(status=500)
    assert (await caller("POST", "/v1/executions", {"prompt": "hello", "variables": {"x": 1}})).status == 200
    assert (asked(second), asked(first)) == (["Second 1"], ["Usual 1"])


@pytest.mark.capability("P6")
async def test_texts_of_fallbacks_travel_also_when_they_are_big(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    first, second = two
    await made(caller, variants=VARIANTS, fallback_models=["own/second"])
    first.manners[""] = Manner(status=500)
    big = "x" * 300_000
    answer = await caller("POST", "/v1/executions", {"prompt": "hello", "variables": {"x": big}})
    assert (answer.status, answer.body.get("model")) == (200, "own/second"), str(answer.body)[:500]
    assert asked(second) == ["Second.", f"{big}!"]


@pytest.mark.capability("P2")
async def test_an_execution_asks_with_the_snippet_that_stands_now(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    first, _ = two
    await made(caller, slug="tone", template="Be kind.")
    await made(caller, template="{{> tone}} {{#each items as item}}{{@number}}. {{item}} {{/each}}{{#if photo}}{{photo: image_url}}{{/if}}")
    body = {"prompt": "hello", "variables": {"items": ["a", "b"]}}
    assert (await caller("POST", "/v1/executions", body)).status == 200
    assert asked(first) == ["Be kind. 1. a 2. b "]
    await caller("POST", "/v1/prompts/tone/versions", {"base_version": 1, "template": "Be brief."})
    await caller("PUT", "/v1/prompts/tone/labels/production", {"version": 2})
    await caller("POST", "/v1/executions", body | {"variables": {"items": [], "photo": "https://example.com/a.png"}})
    assert asked(first) == [
        [{"type": "text", "text": "Be brief. "}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    ]
    assert (await caller("POST", "/v1/prompts/hello/archive")).status == 200
    refused = await caller("POST", "/v1/executions", body)
    assert (refused.status, refused.body["error"]["param"]) == (409, "prompt")


WORDY = (
    "Please make sure to read the ticket carefully. In order to answer {{question}}, you must use the list below. "
    "You must never invent a queue name.\n\n\n```\nkeep   this\n```\nYou must never invent a queue name. Stay as we agreed."
)


@pytest.mark.capability("P11")
async def test_a_version_is_made_shorter_and_replaces_nothing_by_itself(caller: Caller) -> None:
    await made(caller, template=WORDY, model="simulated/chat", locked_blocks=["Stay as we agreed."])
    path = "/v1/prompts/hello/versions/1/compress"
    found = (await caller("POST", path)).body
    assert found["messages"][0]["content"] == (
        "Read the ticket carefully. To answer {{question}}, you must use the list below. "
        "You must never invent a queue name.\n\n```\nkeep   this\n```\nStay as we agreed."
    )
    assert found["tokens_saved"] == found["tokens_before"] - found["tokens_after"] > 20
    assert (found["new_version"], found["cost_nusd"], found["executions"]) == (None, 0, [])
    assert found["texts"][0]["repeated"] == ["You must never invent a queue name."]
    assert (await caller("GET", "/v1/prompts/hello")).body["latest_version"] == 1

    saved = (await caller("POST", path, {"save": True})).body
    assert saved["new_version"] == 2
    prompt = (await caller("GET", "/v1/prompts/hello")).body
    assert prompt["labels"] == {"production": 1, "latest": 2}, "no label moves to it"
    lineage = (await caller("GET", "/v1/prompts/hello/lineage")).body
    assert [one["kind"] for one in lineage["data"]] == ["compressed_from"]
    again = (await caller("POST", "/v1/prompts/hello/versions/2/compress", {"save": True})).body
    assert (again["tokens_saved"], again["new_version"]) == (0, None)


@pytest.mark.capability("P11")
async def test_a_model_shortens_by_an_execution_that_is_charged_once(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    first, _ = two
    plain = " ".join(f"Rule {n}: answer as chapter {n} of the handbook does, and stay polite whatever is said." for n in range(1, 5))
    body = {"slug": "hello", "model": "own/first", "messages": [{"role": "system", "content": plain}, {"role": "user", "content": "{{x}}"}]}
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    path, wanted = "/v1/prompts/hello/versions/1/compress", {"method": "model", "model": "own/first"}
    answers = [await caller("POST", path, wanted, headers={"idempotency-key": "once"}) for _ in range(2)]
    found = answers[0].body
    assert answers[0].status == 200, found
    assert answers[1].body == found
    assert found["messages"][0]["content"] == TEXT
    assert found["cost_nusd"] > 0
    assert [one["because"] is None for one in found["texts"]] == [True, False] and "200 characters" in found["texts"][1]["because"]
    assert len(found["executions"]) == len(first.calls) == 1
    executed = (await caller("GET", f"/v1/executions/{found['executions'][0]}")).body
    assert executed["cost_nusd"] == found["cost_nusd"]

    await caller("POST", "/v1/prompts/hello/archive")
    assert (await caller("POST", path, wanted, headers={"idempotency-key": "another"})).status == 409
    again = await caller("POST", path, wanted, headers={"idempotency-key": "once"})
    assert again.body == found, "what was paid is had by its key, whatever became of the prompt"
    await caller("POST", "/v1/prompts/hello/restore")
    await caller("PATCH", "/v1/prompts/hello", {"locked_blocks": ["stay polite"]})
    kept = (await caller("POST", path, wanted)).body
    assert "must stay" in kept["texts"][0]["because"]
    assert "stay polite" in kept["messages"][0]["content"]
    refused = await caller("POST", path, {"method": "model"})
    assert refused.status == 422


@pytest.mark.capability("P1", "P6")
async def test_what_a_call_costs_at_most_is_said_beforehand(caller: Caller, two: tuple[KeyedProvider, KeyedProvider]) -> None:
    variants = [{"model": "own/second", "template": "{{x}} " + "word " * 300}]
    await made(caller, variants=variants, fallback_models=["own/second", "no/such"], max_tokens=50)
    first, second, third = (await caller("GET", "/v1/prompts/hello/versions/1/estimate")).body["models"]
    assert (first["model"], first["output_tokens_most"], first["simulated"]) == ("own/first", 50, False)
    assert first["input_tokens"] + 50 <= first["cost_nusd_most"] < first["input_tokens"] + 60, "one nano-dollar a token, counted from above"
    assert second["input_tokens"] > first["input_tokens"] + 300
    assert (third["cost_nusd_most"], "no/such" in third["because"]) == (None, True)
    used = (await caller("GET", "/v1/prompts/hello/usage?days=7")).body
    assert (used["executions"], used["versions"], used["cost_nusd_mean"], used["last_used_on"]) == (0, [], None, None)
