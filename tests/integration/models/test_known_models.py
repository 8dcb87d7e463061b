"""Models whose limits and prices ship: listed with source and date, added by name alone, offered by the operator (E5)."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from burnish.launcher.home import Home
from burnish.launcher.offer_models import offer_models
from burnish_gateway.models.bodies import NewModel, PlatformModel
from burnish_gateway.models.known_models import _read, facts_of, filled, find_known
from burnish_shared.errors import InvalidField
from tests.embedded.stack import Caller, Stack
from tests.fakes.keyed_provider import KeyedProvider
from tests.integration.billing.money import operator_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E5")]


async def test_they_are_listed_with_their_source_and_their_day(caller: Caller) -> None:
    answer = await caller("GET", "/v1/known-models?provider=anthropic&search=SONNET")
    assert answer.status == 200 and answer.body["source"].startswith("LiteLLM ") and answer.body["as_of"] >= "2026-11-20"
    assert answer.body["data"] and all("sonnet" in one["model"] and one["provider"] == "anthropic" for one in answer.body["data"])
    assert (await caller("GET", "/v1/known-models?provider=nobody")).body["data"] == []


async def test_they_come_in_pages_and_say_how_many_each_provider_has(caller: Caller) -> None:
    seen: list[str] = []
    path = "/v1/known-models?provider=openai&limit=20"
    cursor = ""
    while True:
        page = (await caller("GET", path + cursor)).body
        assert 0 < len(page["data"]) <= 20
        seen += [one["model"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) > 20 and seen == sorted(set(seen))
    packed = await caller("GET", "/v1/known-models")
    assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"] == "Accept-Encoding"
    whole = packed.body
    assert len(whole["data"]) == 50 and whole["next_cursor"] and whole["providers"]["openai"] == len(seen)
    assert "sunset_on" not in whole["data"][0] or whole["data"][0]["sunset_on"], "what is not known is left out"
    foreign = await caller("GET", "/v1/known-models?cursor=bm90IG91cnM")
    assert (foreign.status, foreign.body["error"]["param"]) == (422, "cursor")


async def test_what_ships_can_be_called_and_priced() -> None:
    """Every line is a whole description, at prices that a person would believe, and cached input is never dearer than input."""
    known = _read()["models"]
    assert len(known) > 300 and len({one["model"] for one in known}) == len(known)
    for one in known:
        body = PlatformModel.model_validate({"provider": one["provider"], **facts_of(one)})
        dollars = (body.input_price_nusd_per_million or 0) / 1e9, (body.output_price_nusd_per_million or 0) / 1e9
        assert 0 < dollars[0] < 1000 and 0 <= dollars[1] < 5000, one
        assert (body.cached_input_price_nusd_per_million or 0) <= (body.input_price_nusd_per_million or 0), one
        assert dollars[1] > 0 or "embeddings" in body.capabilities, one
    five = find_known("openai", "gpt-5")
    assert five is not None and five["input_price_nusd_per_million"] == 1_250_000_000


async def test_a_known_model_is_added_by_its_name_alone(caller: Caller) -> None:
    added = await caller("POST", "/v1/models", {"model": "text-embedding-3-small", "provider": "openai", "display_name": "Small"})
    assert added.status == 201, added.body
    known = find_known("openai", "text-embedding-3-small")
    assert known is not None and added.body["display_name"] == "Small" and "embeddings" in added.body["capabilities"]
    assert added.body["input_price_nusd_per_million"] == known["input_price_nusd_per_million"] > 0
    assert "LiteLLM" in added.body["notes"] and added.body["price_version"]


def _new(**said: Any) -> NewModel:
    return NewModel.model_validate({"provider": "openai", **said})


async def test_what_somebody_says_stands_and_what_nobody_knows_is_asked_for(caller: Caller, provider: KeyedProvider) -> None:
    said = _new(model="mine", upstream_model="gpt-4o", output_tokens=100)
    body, has_known_prices = filled(said)
    assert has_known_prices and (body.output_tokens, body.context_tokens, body.upstream_model) == (100, 128_000, "gpt-4o")
    prices = {"input_price_nusd_per_million": 1, "output_price_nusd_per_million": 2}
    priced = _new(model="gpt-4o", **prices, context_tokens=5, output_tokens=5)
    body, has_known_prices = filled(priced)
    assert not has_known_prices and body.price_tiers == [] and body.cached_input_price_nusd_per_million is None
    with pytest.raises(InvalidField, match="context_tokens"):
        filled(_new(model="gpt-4o", base_url="http://127.0.0.1:1/v1"))
    unknown = await caller("POST", "/v1/models", {"model": "gpt-none", "provider": "openai"})
    assert (unknown.status, unknown.body["error"]["param"]) == (422, "context_tokens"), unknown.body
    dear = await caller("POST", "/v1/models", {"model": "gpt-4o", "provider": "openai", **prices})
    assert (dear.status, dear.body["error"]["param"]) == (422, "base_url"), "prices of the operator's providers are the operator's"


async def test_the_operator_offers_a_providers_models_and_keeps_what_is_described(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    operator = await operator_of(stack)
    body = {"provider": "groq", "models": ["groq/openai/gpt-oss-20b"]}
    assert (await caller("POST", "/v1/platform-models/known", body)).status == 403
    house = {"provider": "groq", "context_tokens": 1000, "output_tokens": 10, "input_price_nusd_per_million": 1,
             "output_price_nusd_per_million": 1}  # fmt: skip
    assert (await operator("PUT", "/v1/platform-models/groq/openai/gpt-oss-20b", house)).status == 200
    kept = await operator("POST", "/v1/platform-models/known", body)
    assert (kept.status, kept.body["added"], kept.body["kept"]) == (200, [], body["models"]), kept.body
    for wrong, param in (({"provider": "nowhere"}, "provider"), ({"provider": "groq", "models": ["gpt-5"]}, "models")):
        refused = await operator("POST", "/v1/platform-models/known", wrong)
        assert (refused.status, refused.body["error"]["param"]) == (422, param)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-none")
    monkeypatch.setattr("burnish.launcher.offer_models.KEY_VARIABLES", {"deepseek": "DEEPSEEK_API_KEY"})
    home = Home(tmp_path)
    home.connection.write_text(json.dumps({"url": operator.url, "api_key": operator.key}))
    await asyncio.to_thread(offer_models, home)
    assert "models are offered now" in capsys.readouterr().err
    listed = (await caller("GET", "/v1/models?provider=deepseek")).body["data"]
    assert listed and all(one["scope"] == "platform" and one["input_price_nusd_per_million"] > 0 for one in listed)
    ends = [datetime.fromisoformat(one["sunset_at"]) for one in listed if one["sunset_at"]]
    assert all(end > datetime.now(UTC) for end in ends)
    again = await operator("POST", "/v1/platform-models/known", {"provider": "deepseek"})
    assert again.body["added"] == [] and set(again.body["kept"]) >= {one["id"] for one in listed}
