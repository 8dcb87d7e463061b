"""The cache of answers knows nothing of whom guardrails hide: it keeps what the model said, and every caller gets their own values back."""

import asyncio
from typing import Any

import pytest

from tests.integration.guardrails.conftest import Place

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E10", "E18")]


@pytest.mark.promise("E-08")
@pytest.mark.parametrize("stream", [False, True])
async def test_who_shares_an_answer_gets_their_own_values_back(place: Place, stream: bool) -> None:
    await place.prompt(cache={"mode": "always"})
    await place.rule({"kind": "personal_data"})
    place.model.says = ["Dear [EMAIL_1]."]
    assert (await place.run("Write to ann@example.com.")).body["output"] == "Dear ann@example.com."
    if stream:
        events = await place.events("Write to bob@example.com.")
        outcome = events[-1][1]
        assert "".join(data["text"] for name, data in events if name == "delta") == "Dear bob@example.com."
    else:
        outcome = (await place.run("Write to bob@example.com.")).body
    assert (outcome["cached"], outcome["output"], outcome["cost_nusd"]) == (True, "Dear bob@example.com.", 0)
    assert (await place.stored(outcome["id"]))["output"] == "Dear bob@example.com."


async def test_a_hit_is_stopped_where_an_answer_would_be(place: Place) -> None:
    await place.prompt(cache={"mode": "always"})
    place.model.says = ["The falcon has landed."]
    assert (await place.run("What is new?")).status == 200
    await place.rule({"kind": "deny", "phrases": ["falcon"]}, "out")

    async def stopped() -> Any:
        while True:
            answer = await place.run("What is new?")
            if answer.status != 200:
                return answer
            await asyncio.sleep(0.05)

    answer = await asyncio.wait_for(stopped(), 60)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["details"]["cost_nusd"]) == (422, "guardrail_blocked", 0)


async def test_what_is_blotted_out_of_records_is_not_kept_either(place: Place) -> None:
    await place.prompt(cache={"mode": "always"})
    assert (await place.caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    place.model.says = ["Write to help@example.com."]

    async def is_masked() -> None:
        while (await place.stored((await place.run("Whom?", cache=False)).body["id"]))["output"] != "Write to [EMAIL].":
            await asyncio.sleep(0.05)

    await asyncio.wait_for(is_masked(), 60)
    for _ in range(2):
        assert (await place.run("Whom?")).body["cached"] is False
    assert (await place.caller("GET", "/v1/cache/entries")).body["data"] == []
    place.model.says = ["Nobody."]
    assert [(await place.run("Who else?")).body["cached"] for _ in range(2)] == [False, True]
