"""A model of one's own: described whole, priced by versions that stay, changed, retired (E5)."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.fakes.keyed_provider import KeyedProvider
from tests.integration.billing.money import operator_of
from tests.integration.models.conftest import described, made
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E5")]

ASKED = [{"role": "user", "content": "Hello."}]
SOON = (datetime.now(UTC) + timedelta(days=20)).isoformat()

WHOLE = {
    "display_name": "The lab's best", "cached_input_price_nusd_per_million": 100_000_000,
    "cache_write_input_price_nusd_per_million": 1_250_000_000, "reasoning_price_nusd_per_million": 5_000_000_000,
    "price_tiers": [
        {"above_input_tokens": 5_000, "input_price_nusd_per_million": 2_000_000_000, "output_price_nusd_per_million": 8_000_000_000},
        {"service_tier": "flex", "input_price_nusd_per_million": 500_000_000, "output_price_nusd_per_million": 2_000_000_000,
         "cached_input_price_nusd_per_million": 50_000_000},
    ],
    "preferred_for": ["support"], "priority": 10, "quality_score": 0.8, "quality_source": "our test run of June", "reliability_score": 0.99,
    "reliability_source": "measured", "latency_ms": 700, "latency_source": "measured", "fallback_model": "simulated/chat",
    "successor": "simulated/writer", "deprecated_at": "2026-01-01T00:00:00Z", "sunset_at": SOON, "last_tested_at": "2026-02-01T00:00:00Z",
    "notes": "ask Ada",
}  # fmt: skip


async def test_what_is_said_of_a_model_is_kept_and_shown_in_openais_list(caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "lab/whole", **WHOLE))
    listed = (await caller("GET", "/v1/models?provider=lab&capability=chat")).body
    assert listed["object"] == "list" and [one["id"] for one in listed["data"]] == ["lab/whole"]
    shown = listed["data"][0]
    assert (shown["object"], shown["owned_by"], shown["scope"], shown["active"]) == ("model", "lab", "workspace", True)
    assert abs(shown["created"] - datetime.now(UTC).timestamp()) < 600
    same = {name: value for name, value in WHOLE.items() if name not in ("price_tiers", "deprecated_at", "sunset_at", "last_tested_at")}
    assert {name: shown[name] for name in same} == same
    assert datetime.fromisoformat(shown["sunset_at"]) == datetime.fromisoformat(SOON)
    long, flex = shown["price_tiers"]
    assert (long["above_input_tokens"], long["cached_input_price_nusd_per_million"]) == (5_000, 2_000_000_000)
    assert (flex["service_tier"], flex["cached_input_price_nusd_per_million"]) == ("flex", 50_000_000)
    alone = (await caller("GET", "/v1/models/lab/whole")).body
    assert alone == shown | {"measured_executions": 0, "measured_reliability": None, "measured_latency_ms": None}
    assert (await caller("GET", "/v1/models?capability=vision&provider=lab")).body["data"] == []


@pytest.mark.promise("E-14")
async def test_each_class_of_token_is_charged_by_the_price_of_the_day(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    first = await made(caller, described(provider, "lab/priced", **WHOLE))
    provider.usage = {
        "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "completion_tokens_details": {"reasoning_tokens": 60},
        "prompt_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 200},
    }  # fmt: skip
    body = {"messages": ASKED, "model": "lab/priced"}
    answer = (await caller("POST", "/v1/executions", body)).body
    split = {
        "input_nusd": 400_000, "cached_input_nusd": 40_000, "cache_write_input_nusd": 250_000, "output_nusd": 160_000,
        "reasoning_nusd": 300_000, "markup_nusd": 0,
    }  # fmt: skip
    assert answer["cost_split"] == split and answer["cost_nusd"] == sum(split.values()) == 1_150_000
    assert answer["usage"] == {
        "input_tokens": 1000, "output_tokens": 100, "cached_input_tokens": 400, "cache_write_input_tokens": 200, "reasoning_tokens": 60,
        "service_tier": None, "source": "provider",
    }  # fmt: skip
    streamed = await caller.events("/v1/executions", body | {"stream": True})
    assert streamed[-1][0] == "done" and streamed[-1][1]["cost_nusd"] == 1_150_000 and streamed[-1][1]["cost_split"] == split
    kept = (await caller("GET", f"/v1/executions/{answer['id']}")).body
    assert {name: kept[name] for name in answer} == answer

    changed = await caller("PATCH", "/v1/models/lab/priced", {"reasoning_price_nusd_per_million": None, "notes": "dearer"})
    assert changed.status == 200 and changed.body["price_version"] != first["price_version"], changed.body
    only_words = await caller("PATCH", "/v1/models/lab/priced", {"notes": "as dear"})
    assert only_words.body["price_version"] == changed.body["price_version"]
    later = (await caller("POST", "/v1/executions", body)).body
    assert (later["price_version"], later["cost_nusd"]) == (changed.body["price_version"], 1_150_000 - 60_000)
    prices = (await caller("GET", "/v1/models/lab/priced/prices")).body["data"]
    assert [one["price_version"] for one in prices] == [changed.body["price_version"], answer["price_version"]]
    assert (prices[1]["prices"]["reasoning_nusd_per_million"], "reasoning_nusd_per_million" in prices[0]["prices"]) == (
        5_000_000_000,
        False,
    )
    rows = await books(
        stack,
        "SELECT cache_write_input_tokens AS w, reasoning_tokens AS r, details->'cost' AS c FROM executions "
        "WHERE execution_id = $1::text::uuid",
        answer["id"],
    )
    assert (rows[0]["w"], rows[0]["r"]) == (200, 60) and "300000" in rows[0]["c"]


@pytest.mark.promise("E-14")
async def test_a_tier_is_charged_where_it_applies_and_held_for_where_it_could(
    stack: Stack, caller: Caller, provider: KeyedProvider
) -> None:
    await made(caller, described(provider, "lab/tiered", **WHOLE))
    provider.usage = {"prompt_tokens": 6_000, "completion_tokens": 10, "total_tokens": 6_010}
    long = (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/tiered"})).body
    assert long["cost_nusd"] + long["overage_nusd"] == 6_000 * 2_000 + 10 * 8_000
    provider.usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "service_tier": "flex"}
    flex = (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/tiered"})).body
    assert (flex["cost_nusd"], flex["usage"]["service_tier"]) == (100 * 500 + 10 * 2_000, "flex")
    assert (await caller("GET", f"/v1/executions/{flex['id']}")).body["usage"] == flex["usage"]
    text = [{"role": "user", "content": "x" * 15_600}]  # above 5,000 tokens with the safety: the dear tier is held for
    body = {"messages": text, "model": "lab/tiered", "overrides": {"max_tokens": 1_000}}
    base, dear = 5_206 * 1_250 + 1_000 * 5_000, 5_206 * 2_000 + 1_000 * 8_000
    for credit, status in ((base + 2_000_000, 402), (dear + 1_000_000, 200)):
        poor = await stack.caller(credit_nusd=credit)
        await made(poor, described(provider, "lab/tiered", **WHOLE))
        answer = await poor("POST", "/v1/executions", body)
        assert answer.status == status, (credit, answer.body)


@pytest.mark.promise("E-14")
async def test_a_model_without_a_price_is_listed_and_refused(caller: Caller, provider: KeyedProvider) -> None:
    bare = described(provider, "lab/unpriced") | {"input_price_nusd_per_million": None, "output_price_nusd_per_million": None}
    assert (await made(caller, bare))["input_price_nusd_per_million"] is None
    refused = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/unpriced"})
    assert (refused.status, refused.body["error"]["code"]) == (422, "price_unknown")
    half = await caller("PATCH", "/v1/models/lab/unpriced", {"input_price_nusd_per_million": 5})
    assert half.status == 422 and "together" in half.body["error"]["message"]
    prices = {"input_price_nusd_per_million": 5, "output_price_nusd_per_million": 7}
    assert (await caller("PATCH", "/v1/models/lab/unpriced", prices)).status == 200
    assert (await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/unpriced"})).status == 200


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"price_tiers": [{"input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1}]}, "price_tiers"),
        ({"quality_score": 1.5}, "quality_score"),
        ({"sunset_at": 1_700_000_000}, "sunset_at"),
        ({"fallback_model": "lab/odd"}, "fallback_model"),
        ({"fallback_model": "lab/nowhere"}, "fallback_model"),
        ({"successor": "lab/nowhere"}, "successor"),
        ({"successor": "simulated/embed"}, "successor"),
        ({"fallback_model": "simulated/embed"}, "fallback_model"),
        ({"capabilities": ["embeddings"], "fallback_model": "simulated/chat"}, "fallback_model"),
        ({"deprecated_at": "2031-01-01T00:00:00Z", "sunset_at": "2030-01-01T00:00:00Z"}, "deprecated_at"),
        ({"context_tokens": None}, "context_tokens"),
        ({"model": "other"}, "model"),
    ],
)
async def test_nonsense_is_refused(caller: Caller, provider: KeyedProvider, change: dict[str, Any], param: str) -> None:
    await made(caller, described(provider, "lab/odd"))
    answer = await caller("PATCH", "/v1/models/lab/odd", change)
    assert answer.status == 422 and param in str(answer.body["error"]), answer.body


async def test_what_was_said_before_it_had_to_be_there_stays_said(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "lab/old"))
    await books(
        stack, "UPDATE workspace_models SET fallback_model = 'lab/gone' WHERE workspace_id = $1 AND model = 'lab/old'",
        caller.workspace.workspace_id,
    )  # fmt: skip
    for change in ({"notes": "ask Ada"}, {"fallback_model": "lab/gone"}):
        changed = await caller("PATCH", "/v1/models/lab/old", change)
        assert (changed.status, changed.body["fallback_model"]) == (200, "lab/gone"), changed.body
    assert (await caller("PATCH", "/v1/models/lab/old", {"successor": "lab/gone"})).body["error"]["param"] == "successor"


async def test_a_provider_may_be_any_that_litellm_knows_by_its_name(caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "there/llama") | {"provider": "litellm-nscale"})
    key = {"provider": "litellm-nscale", "name": "ours", "key": "sk-of-nscale-1234567890", "base_url": provider.base_url}
    assert (await caller("POST", "/v1/provider-keys", key)).status == 201
    assert [one["id"] for one in (await caller("GET", "/v1/models?provider=litellm-nscale")).body["data"]] == ["there/llama"]
    for name in ("litellm-", "litellm-text-completion"):
        refused = await caller("POST", "/v1/models", described(provider, "there/odd") | {"provider": name})
        assert (refused.status, refused.body["error"]["param"]) == (422, "provider"), refused.body
        assert "LiteLLM's own name" in refused.body["error"]["message"]


async def test_names_that_choose_a_model_are_nobodys(caller: Caller, provider: KeyedProvider) -> None:
    for name in ("auto", "burnish::prompt::x"):
        assert (await caller("POST", "/v1/models", described(provider, name))).status == 422


async def test_a_platforms_model_is_the_operators_to_describe(caller: Caller) -> None:
    for method, path, body in (
        ("PATCH", "/v1/models/simulated/chat", {"notes": "mine"}),
        ("POST", "/v1/models/simulated/chat/retire", {}),
    ):
        assert (await caller(method, path, body)).status == 404


async def test_the_operator_describes_models_for_everybody(stack: Stack, caller: Caller) -> None:
    operator = await operator_of(stack)
    body = {
        "provider": "simulated", "upstream_model": "chat", "context_tokens": 8_000, "output_tokens": 500,
        "input_price_nusd_per_million": 7_000_000, "output_price_nusd_per_million": 9_000_000, "quality_score": 0.4,
    }  # fmt: skip
    path = "/v1/platform-models/house/one"
    assert (await caller("PUT", path, body)).status == 403
    saved = await operator("PUT", path, body)
    assert (saved.status, saved.body["scope"], saved.body["quality_score"]) == (200, "platform", 0.4), saved.body
    assert (await operator("PUT", path, body | {"provider": "nowhere"})).status == 422
    for field, other in (("fallback_model", "house/none"), ("successor", "house/one")):
        told = await operator("PUT", path, body | {field: other})
        assert (told.status, told.body["error"]["param"]) == (422, field), told.body
    answer = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "house/one"})
    assert (answer.status, answer.body["price_version"]) == (200, saved.body["price_version"])
    tested = (await operator("PUT", path, body | {"last_tested_at": "2026-02-01T00:00:00Z"})).body["last_tested_at"]
    assert (await operator("PUT", path, body)).body["last_tested_at"] == tested, "what is read back of it is not the operator's word"
    assert (await operator("PUT", path, body | {"last_tested_at": None})).body["last_tested_at"] is None
    dearer = await operator("PUT", path, body | {"output_price_nusd_per_million": 10_000_000})
    versions = [one["price_version"] for one in (await caller("GET", "/v1/models/house/one/prices")).body["data"]]
    assert versions == [dearer.body["price_version"], saved.body["price_version"]]
    assert (await operator("PUT", path, body | {"active": False, "successor": "simulated/chat"})).body["retired_at"] is not None
    assert "house/one" not in [one["id"] for one in (await operator("GET", "/v1/models")).body["data"]]


@pytest.mark.parametrize("name", ["auto", "burnish::prompt::desk"])
async def test_no_model_has_the_name_of_what_chooses_one_whoever_describes_it(stack: Stack, caller: Caller, name: str) -> None:
    about = {"provider": "simulated", "context_tokens": 1_000, "output_tokens": 100}
    operator = await operator_of(stack)
    for asked, field in ((operator("PUT", f"/v1/platform-models/{name}", about), "platform_model"),
                         (caller("POST", "/v1/models", about | {"model": name}), "model")):  # fmt: skip
        told = await asked
        assert (told.status, told.body["error"]["param"]) == (422, field), told.body
    assert name not in [one["id"] for one in (await caller("GET", "/v1/models")).body["data"]]


@pytest.mark.capability("E4")
async def test_a_real_model_cannot_pass_for_a_simulated_one(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    """Whoever reads `simulated/…` takes its answers for play, and they would have cost money and not said so."""
    operator = await operator_of(stack)
    about = {"provider": "openai", "context_tokens": 1_000, "output_tokens": 100}
    for asked, field in ((caller("POST", "/v1/models", described(provider, "simulated/lab")), "model"),
                         (operator("PUT", "/v1/platform-models/simulated/lab", about), "platform_model")):  # fmt: skip
        told = await asked
        assert (told.status, told.body["error"]["param"]) == (422, field) and "simulated" in told.body["error"]["message"], told.body


async def test_an_address_that_may_not_be_called_is_told_of_its_field(caller: Caller, provider: KeyedProvider) -> None:
    facts = described(provider, "lab/inside") | {"base_url": "http://169.254.169.254/v1"}
    told = await caller("POST", "/v1/models", facts)
    assert (told.status, told.body["error"]["code"], told.body["error"]["param"]) == (422, "egress_refused", "base_url"), told.body
    await made(caller, described(provider, "lab/inside"))
    told = await caller("PATCH", "/v1/models/lab/inside", {"base_url": facts["base_url"]})
    assert (told.status, told.body["error"]["param"]) == (422, "base_url"), told.body


async def test_who_describes_the_same_model_at_the_same_moment_waits(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    operator = await operator_of(stack)
    house = {"provider": "simulated", "context_tokens": 1_000, "output_tokens": 100}
    asked = [
        [operator("PUT", "/v1/platform-models/house/new", house | {"input_price_nusd_per_million": n, "output_price_nusd_per_million": n})
         for n in range(6)],
        [caller("POST", "/v1/models", described(provider, "lab/new", input_price_nusd_per_million=n)) for n in range(6)],
    ]  # fmt: skip
    for calls in asked:
        answers = await asyncio.gather(*calls)
        assert {one.status for one in answers} <= {200, 201}, [one.body for one in answers]
        assert len({one.body["price_version"] for one in answers}) == 6


async def test_a_fallback_of_the_model_is_asked_where_nobody_names_one(caller: Caller, provider: KeyedProvider) -> None:
    facts = described(provider, "lab/falls", fallback_model="simulated/chat") | {"base_url": f"{provider.base_url}/gone"}
    await made(caller, facts)
    answer = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/falls"})
    assert (answer.status, answer.body["model"]) == (200, "simulated/chat"), answer.body
    none = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/falls", "fallback_models": []})
    assert none.status == 400, "nobody is there, and nobody else is asked"


async def _tested_prompt(stack: Stack, caller: Caller, slug: str, model: str, *, metadata: dict[str, Any] | None = None) -> str:
    """A prompt whose production version calls the model, with a completed test run. Returns the run's id."""
    content = {"slug": slug, "messages": [{"role": "user", "content": "Sort: {{input}}"}], "model": model, "max_tokens": 20}
    assert (await caller("POST", "/v1/prompts", content)).status == 201
    items = [{"input": f"case {n}", "expected": "a", "split": "test", "metadata": metadata or {}} for n in range(3)]
    dataset = (await caller("POST", "/v1/datasets", {"name": slug, "items": items})).body["id"]
    rows = await books(
        stack,
        """INSERT INTO test_runs (test_run_id, workspace_id, prompt_id, slug, version, model, dataset_id, dataset_version, split, status,
                                  total, done, funding_account_id, created_by)
           SELECT gen_random_uuid(), workspace_id, prompt_id, slug, 1, $2, $3::text::uuid, 1, 'test', 'completed', 3, 3, 0, 'a test'
             FROM prompts WHERE slug = $1 AND workspace_id = $4 RETURNING test_run_id""",
        slug, model, dataset, caller.workspace.workspace_id,
    )  # fmt: skip
    return str(rows[0]["test_run_id"])


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("executions", {"messages": ASKED, "model": "simulated/embed"}, "model"),
        ("executions", {"messages": ASKED, "model": "simulated/embed", "stream": True}, "model"),
        ("executions", {"messages": ASKED, "model": "simulated/embed", "mode": "background"}, "model"),
        ("executions", {"messages": ASKED, "model": "simulated/chat", "fallback_models": ["simulated/embed"]}, "fallback_models[0]"),
        ("chat/completions", {"messages": ASKED, "model": "simulated/embed"}, "model"),
        ("responses", {"input": "Hi.", "model": "simulated/embed"}, "model"),
        ("embeddings", {"input": "Hi.", "model": "simulated/chat"}, "model"),
        ("clarifications", {"initial_prompt": "Answer customers.", "ask_model": "simulated/embed"}, "ask_model"),
        ("clarifications", {"initial_prompt": "Answer customers.", "write_model": "simulated/embed"}, "write_model"),
    ],
)
async def test_a_model_is_refused_for_what_it_does_not_do(caller: Caller, path: str, body: dict[str, Any], param: str) -> None:
    refused = await caller("POST", f"/v1/{path}", body)
    assert refused.status in (400, 422) and refused.body["error"]["param"] == param, refused.body
    assert "name one that does" in refused.body["error"]["message"]


async def test_a_version_that_names_a_model_for_embeddings_is_saved_with_a_warning(caller: Caller) -> None:
    saved = await caller("POST", "/v1/prompts", {"slug": "wrong-kind", "messages": ASKED, "model": "simulated/embed"})
    assert saved.status == 201 and "makes embeddings and answers no chat" in saved.body["warnings"][0]
    spare = {"slug": "wrong-spare", "messages": ASKED, "model": "simulated/chat", "fallback_models": ["simulated/embed"]}
    assert "fallback_models[0]" in (await caller("POST", "/v1/prompts", spare)).body["warnings"][0]
    called = await caller("POST", "/v1/executions", {"prompt": "wrong-kind"})
    assert (called.status, called.body["error"]["code"]) == (422, "model_unsuitable")


async def test_a_retired_model_is_refused_and_its_successor_is_tested(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    await made(caller, described(provider, "lab/old"))
    await made(caller, described(provider, "lab/new"))
    await made(caller, described(provider, "lab/spare") | {"fallback_model": "lab/old"})
    run = await _tested_prompt(stack, caller, "sorting", "lab/old")
    other = {"slug": "untested", "messages": [{"role": "user", "content": "Hi."}], "model": "lab/new", "fallback_models": ["lab/old"]}
    assert (await caller("POST", "/v1/prompts", other)).status == 201
    for wrong in (
        {"successor": "lab/nowhere"},
        {"successor": "lab/old"},
        {"successor": "simulated/embed"},
        {"sunset_at": "2020-01-01T00:00:00Z"},
    ):
        assert (await caller("POST", "/v1/models/lab/old/retire", wrong)).status == 422

    planned = await caller("POST", "/v1/models/lab/old/retire", {"successor": "lab/new", "sunset_at": SOON})
    assert planned.status == 200, planned.body
    assert (planned.body["model"]["active"], planned.body["model"]["successor"]) == (True, "lab/new")
    assert planned.body["model"]["deprecated_at"] is not None and planned.body["model"]["sunset_at"] is not None
    (again,) = planned.body["test_runs"]
    assert (again["prompt"], again["version"], again["replaces"], again["model"]) == ("sorting", 1, run, "lab/new")
    begun = (await caller("GET", f"/v1/test-runs/{again['test_run_id']}")).body
    assert (begun["model"], begun["split"], begun["status"]) == ("lab/new", "test", "pending")
    assert [(one["prompt"], one["falls_back_to_it"]) for one in planned.body["prompts"]] == [("sorting", False), ("untested", True)]
    assert planned.body["used_by"] == [
        {"kind": "model", "count": 1, "first": ["lab/spare"], "words": "1 model (lab/spare)"},
    ]  # fmt: skip
    (left,) = planned.body["skipped"]
    assert left["prompt"] == "untested" and "No completed test run" in left["because"]
    for path in ("/v1/executions", "/v1/chat/completions"):
        for stream in (False, True):
            told = await caller("POST", path, {"messages": ASKED, "model": "lab/old", "stream": stream})
            assert told.status == 200
            assert parsedate_to_datetime(told.headers["sunset"]) == datetime.fromisoformat(planned.body["model"]["sunset_at"]).replace(
                microsecond=0
            )
            since = datetime.fromisoformat(planned.body["model"]["deprecated_at"])
            assert told.headers["deprecation"] == f"@{int(since.timestamp())}"
    goes_on = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/new"})
    assert goes_on.status == 200 and not {"sunset", "deprecation"} & {name.lower() for name in goes_on.headers}

    await caller("PATCH", "/v1/models/lab/old", {"deprecated_at": "2099-01-01T00:00:00Z", "sunset_at": None})
    ended = await caller("POST", "/v1/models/lab/old/retire", {"rerun": False})
    assert datetime.fromisoformat(ended.body["model"]["deprecated_at"]) <= datetime.now(UTC), "what has ended is deprecated"
    assert (ended.body["model"]["active"], ended.body["test_runs"]) == (False, [])
    gone = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "lab/old"})
    assert gone.status == 404 and "lab/new" in gone.body["error"]["message"]
    assert "lab/old" not in [one["id"] for one in (await caller("GET", "/v1/models")).body["data"]]
    assert "lab/old" in [one["id"] for one in (await caller("GET", "/v1/models?retired=true")).body["data"]]
    assert (await caller("PATCH", "/v1/models/lab/old", {"notes": "gone"})).body["active"] is False
    audit = (await caller("GET", "/v1/audit?object_kind=model")).body["data"]
    assert (await caller("POST", "/v1/models", described(provider, "lab/old"))).body["active"] is True
    assert [one["action"] for one in audit][:5] == ["model.changed", "model.retired", "model.changed", "model.deprecated", "model.set"]


async def test_a_run_that_cannot_be_paid_for_is_named(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    poor = await stack.caller(credit_nusd=1_000)
    await made(poor, described(provider, "lab/old"))
    await made(poor, described(provider, "lab/new"))
    await _tested_prompt(stack, poor, "sorting", "lab/old")
    ended = await poor("POST", "/v1/models/lab/old/retire", {"successor": "lab/new"})
    assert (ended.status, ended.body["test_runs"], ended.body["model"]["active"]) == (200, [], False)
    assert "credits" in ended.body["skipped"][0]["because"]


async def test_what_a_retired_model_measured_is_judged_as_before(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    for name in ("lab/old", "lab/new", "lab/judge"):
        await made(caller, described(provider, name))
    criteria = {"test_case": {"name": None, "criteria": ["It is polite."], "compared": False}}
    runs = {slug: await _tested_prompt(stack, caller, slug, "lab/old", metadata=criteria) for slug in ("by-another", "by-itself")}
    for slug, judge in (("by-another", "lab/judge"), ("by-itself", "lab/old")):
        await books(
            stack, "UPDATE test_runs SET judge_model = $2, repeats = 4 WHERE test_run_id = $1::text::uuid RETURNING 1", runs[slug], judge
        )
    retired = await caller("POST", "/v1/models/lab/old/retire", {"successor": "lab/new"})
    assert retired.status == 200, retired.body
    again = {one["prompt"]: (await caller("GET", f"/v1/test-runs/{one['test_run_id']}")).body for one in retired.body["test_runs"]}
    assert {slug: one["judge"] for slug, one in again.items()} == {"by-another": "lab/judge", "by-itself": "lab/new"}, retired.body
    assert [one["repeats"] for one in again.values()] == [4, 4]


async def test_a_run_refuses_what_a_call_of_the_model_would_refuse_of_the_version(caller: Caller, provider: KeyedProvider) -> None:
    """Its answers would be measured without the field, and no call with it would be answered."""
    await made(caller, described(provider, "there/claude") | {"provider": "anthropic"})
    key = {"provider": "anthropic", "name": "ours", "key": "sk-ant-1234567890", "base_url": provider.base_url}
    assert (await caller("POST", "/v1/provider-keys", key)).status == 201
    for slug, extra in (("sampled", {"top_k": 4}), ("odd", {"top_k": 4, "min_p": 0.1})):
        case = {"input": "Hello.", "expected": "x"}
        body = {"slug": slug, "template": "{{input}}", "model": "there/claude", "extra": extra, "test_cases": [case]}
        saved = await caller("POST", "/v1/prompts", body)
        assert saved.status == 201, saved.body
    run = {"prompt": "sampled", "source": "test_cases"}
    assert (await caller("POST", "/v1/test-runs/forecast", run)).status == 200
    for path in ("/v1/test-runs/forecast", "/v1/test-runs"):
        refused = await caller("POST", path, run | {"prompt": "odd"})
        assert (refused.status, refused.body["error"]["param"]) == (400, "extra.min_p"), refused.body
    called = await caller("POST", "/v1/executions", {"prompt": "odd", "variables": {"input": "Hello."}})
    assert called.status == 400, "as a call does"
