"""An answer that was given before is given again: to the same workspace, for the same request, where somebody asked for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.embedded.stack import Answer, Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.keyed_provider import TEXT, KeyedProvider, Manner, serving_by_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E10")]

ASKED = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "Hello."}]


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[KeyedProvider]:
    async with serving_by_key() as found:
        await _add_model(caller, found)
        yield found


async def _add_model(caller: Caller, provider: KeyedProvider, *, model: str = "own/one", name: str = "lab") -> None:
    facts = {
        "model": model, "provider": name, "upstream_model": "one", "base_url": provider.base_url, "context_tokens": 100_000,
        "output_tokens": 400, "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 1_000_000,
    }  # fmt: skip
    made = await caller("POST", "/v1/models", facts)
    assert made.status == 201, made.body


async def _ask(caller: Caller, **more: Any) -> Answer:
    body = {"messages": ASKED, "model": "own/one", "cache": True, **more}
    answer = await caller("POST", "/v1/executions", {name: value for name, value in body.items() if value is not None})
    assert answer.status == 200, answer.body
    return answer


async def _set(caller: Caller, mode: str, **settings: Any) -> None:
    """Returns when this gateway knows it, within a second."""
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"cache_mode": mode, **settings})
    assert changed.status == 200, changed.body
    while (await caller("GET", "/v1/cache")).body["mode"] != mode:
        await asyncio.sleep(0.01)


async def _entries(caller: Caller) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await caller("GET", "/v1/cache/entries")).body["data"]
    return listed


@pytest.mark.promise("E-09")
async def test_the_second_of_two_equal_calls_asks_nobody_is_marked_and_costs_nothing(caller: Caller, provider: KeyedProvider) -> None:
    first, second = await _ask(caller), await _ask(caller)
    assert len(provider.calls) == 1
    assert (first.body["cached"], second.body["cached"]) == (False, True)
    assert second.body["output"] == first.body["output"] == TEXT
    assert first.body["cost_nusd"] > 0 and second.body["cost_nusd"] == 0
    assert second.body["usage"] | {"source": ""} == first.body["usage"] | {"input_tokens": 0, "output_tokens": 0, "source": ""}
    assert second.body["key_source"] is None and second.body["id"] != first.body["id"]
    stored = (await caller("GET", f"/v1/executions/{second.body['id']}")).body
    assert (stored["cached"], stored["cost_nusd"], stored["output"]) == (True, 0, TEXT)
    (entry,) = await _entries(caller)
    assert (entry["hits"], entry["execution_id"], entry["model"]) == (1, first.body["id"], "own/one")
    summary = (await caller("GET", "/v1/cache")).body
    assert (summary["entries"], summary["hits"], summary["saved_nusd"]) == (1, 1, first.body["cost_nusd"])


@pytest.mark.promise("E-08")
async def test_two_tenants_with_equal_input_never_share_an_answer(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    other = await stack.caller()
    await _add_model(other, provider)
    assert not (await _ask(caller)).body["cached"]
    assert not (await _ask(other)).body["cached"]
    assert len(provider.calls) == 2
    assert len(await _entries(other)) == 1


@pytest.mark.promise("E-08")
@pytest.mark.parametrize(
    "more",
    [
        {"messages": [*ASKED, {"role": "user", "content": "And?"}]},
        {"overrides": {"temperature": 0.5}},
        {"overrides": {"max_tokens": 7}},
        {"overrides": {"seed": 1}},
        {"overrides": {"stop": ["."]}},
        {"overrides": {"response_format": {"type": "json_object"}}},
        {"model": "own/two"},
        {"model": "own/elsewhere"},
    ],
)
async def test_whatever_decides_an_answer_keeps_it_apart(caller: Caller, provider: KeyedProvider, more: dict[str, Any]) -> None:
    async with serving_by_key() as elsewhere:
        await _add_model(caller, provider, model="own/two")
        await _add_model(caller, elsewhere, model="own/elsewhere", name="lab_elsewhere")
        await _ask(caller)
        assert not (await _ask(caller, **more)).body["cached"]
        assert len(provider.calls) + len(elsewhere.calls) == 2
        assert (await _ask(caller, **more)).body["cached"]


@pytest.mark.promise("E-08")
async def test_each_version_of_a_prompt_has_answers_of_its_own_whatever_label_it_was_asked_by(
    caller: Caller, provider: KeyedProvider
) -> None:
    content = {"messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "own/one", "cache": {"mode": "always"}}
    assert (await caller("POST", "/v1/prompts", {"slug": "greet", **content})).status == 201
    assert (await caller("PUT", "/v1/prompts/greet/labels/staging", {"version": 1})).status == 200
    by_label = {"messages": None, "model": None, "cache": None, "prompt": "greet", "variables": {"name": "Ada"}}
    assert not (await _ask(caller, **by_label)).body["cached"]
    assert (await _ask(caller, **by_label, label="staging")).body["cached"]
    assert (await _ask(caller, **by_label, version=1)).body["cached"]
    assert not (await _ask(caller, **by_label | {"variables": {"name": "Grace"}})).body["cached"]
    changed = {"messages": [{"role": "user", "content": "Hello  {{name}}."}], "base_version": 1}
    assert (await caller("POST", "/v1/prompts/greet/versions", changed)).status == 201
    assert not (await _ask(caller, **by_label, version=2)).body["cached"]
    kept = (await caller("GET", "/v1/cache")).body["prompts"]
    assert [(one["prompt"], one["entries"], one["hits"]) for one in kept] == [("greet", 3, 2)]


@pytest.mark.promise("E-08")
@pytest.mark.parametrize(
    ("workspace", "call", "temperature", "cached"),
    [
        ("asked", None, 0, False),
        ("deterministic", None, 0, True),
        ("deterministic", None, 0.7, False),
        ("deterministic", None, None, False),
        ("always", None, 0.7, True),
        ("always", False, 0, False),
        ("asked", {"mode": "deterministic"}, 0, True),
        ("asked", {"mode": "deterministic"}, 0.7, False),
        ("off", True, 0, False),
    ],
)
async def test_an_answer_above_temperature_0_is_given_again_only_where_somebody_asked(
    caller: Caller, provider: KeyedProvider, workspace: str, call: Any, temperature: float | None, cached: bool
) -> None:
    await _set(caller, workspace)
    overrides = {} if temperature is None else {"temperature": temperature}
    await _ask(caller, cache=call, overrides=overrides)
    assert (await _ask(caller, cache=call, overrides=overrides)).body["cached"] is cached


async def test_a_workspace_that_stores_no_text_has_no_cache(caller: Caller, provider: KeyedProvider) -> None:
    await _set(caller, "always", store_content=False)
    await _ask(caller)
    assert not (await _ask(caller)).body["cached"]
    assert await _entries(caller) == []


async def test_an_answer_is_not_older_than_asked_for(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    await _ask(caller)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE cache_entries SET made_at = made_at - interval '10 minutes' WHERE workspace_id = $1", caller.workspace.workspace_id
        )
        assert (await _ask(caller, cache={"mode": "always"})).body["cached"]
        assert not (await _ask(caller, cache={"mode": "always", "ttl_s": 60})).body["cached"]
        assert (await _ask(caller, cache={"mode": "always", "ttl_s": 60})).body["cached"], "the one that took its place is young"
        await connection.execute(
            "UPDATE cache_entries SET expires_at = clock_timestamp() WHERE workspace_id = $1", caller.workspace.workspace_id
        )
        assert not (await _ask(caller)).body["cached"]


async def test_a_hit_is_streamed_as_an_answer_is_and_told_apart(caller: Caller, provider: KeyedProvider) -> None:
    body = {"messages": ASKED, "model": "own/one", "cache": True, "stream": True}
    first = await caller.events("/v1/executions", body)
    second = await caller.events("/v1/executions", body)
    assert [name for name, _ in second] == ["delta", "done"] and len(provider.calls) == 1
    assert second[0][1]["text"] == "".join(one["text"] for name, one in first if name == "delta") == TEXT + " "
    assert (second[-1][1]["cached"], second[-1][1]["cost_nusd"], second[-1][1]["output"]) == (True, 0, TEXT + " ")
    assert second[-1][1]["first_token_ms"] is not None
    assert (await _ask(caller)).body["cached"]  # whoever does not stream gets the same


@pytest.mark.promise("E-09")
async def test_equal_calls_at_the_same_time_share_one_call_of_each_executor(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    provider.manners[""] = Manner(hangs=True)
    asking = [asyncio.ensure_future(_ask(caller)) for _ in range(12)]
    while len(provider.calls) < 1:
        await asyncio.sleep(0.01)
    provider.released.set()
    answers = [one.body for one in await asyncio.gather(*asking)]
    assert len(provider.calls) <= len(stack.executors)
    assert {one["output"] for one in answers} == {TEXT} and len({one["id"] for one in answers}) == 12
    paid = [one for one in answers if one["cost_nusd"]]
    assert len(paid) == len(provider.calls) == sum(not one["cached"] for one in answers)
    (entry,) = await _entries(caller)
    assert entry["hits"] == 12 - len(paid)


async def test_a_failure_is_not_kept_and_a_fallbacks_answer_neither(caller: Caller, provider: KeyedProvider) -> None:
    async with serving_by_key() as second:
        await _add_model(caller, second, model="own/second", name="lab_second")
        provider.manners[""] = Manner(status=404)
        for calls in (1, 2):
            answer = await _ask(caller, fallback_models=["own/second"])
            assert (answer.body["model"], answer.body["cached"], len(second.calls)) == ("own/second", False, calls)
        refused = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "own/one", "cache": True})
        assert refused.status == 400
        provider.manners[""] = Manner()
        assert not (await _ask(caller, fallback_models=["own/second"])).body["cached"]
        assert (await _ask(caller)).body["cached"]


async def test_what_is_purged_is_asked_for_anew_and_the_audit_log_says_who_did_it(caller: Caller, provider: KeyedProvider) -> None:
    content = {"messages": [{"role": "user", "content": "Hello."}], "model": "own/one", "cache": {"mode": "always"}}
    assert (await caller("POST", "/v1/prompts", {"slug": "greet", **content})).status == 201
    by_prompt = {"messages": None, "model": None, "cache": None, "prompt": "greet"}
    await _ask(caller, **by_prompt)
    await _ask(caller)
    assert (await caller("DELETE", "/v1/cache?prompt=greet")).body == {"entries": 1}
    assert not (await _ask(caller, **by_prompt)).body["cached"] and (await _ask(caller)).body["cached"]
    assert (await caller("DELETE", "/v1/cache")).body == {"entries": 2}
    assert not (await _ask(caller)).body["cached"]
    audit = (await caller("GET", "/v1/audit?action=cache.purged")).body["data"]
    assert [one["object_id"] for one in audit] == ["*", "greet"]


@pytest.mark.parametrize(
    ("prompt", "purged", "kept"), [(False, "", 0), (True, "", 0), (True, "?prompt=greet", 0), (True, "?prompt=other", 1)]
)
async def test_what_was_under_way_when_it_was_purged_is_told_and_not_kept(
    caller: Caller, provider: KeyedProvider, prompt: bool, purged: str, kept: int
) -> None:
    content = {"messages": [{"role": "user", "content": "Hello."}], "model": "own/one", "cache": {"mode": "always"}}
    for slug in ("greet", "other"):
        assert (await caller("POST", "/v1/prompts", {"slug": slug, **content})).status == 201
    provider.manners[""] = Manner(hangs=True)
    by_prompt = {"messages": None, "model": None, "cache": None, "prompt": "greet"}
    asking = asyncio.ensure_future(_ask(caller, **by_prompt if prompt else {}))
    while not provider.calls:
        await asyncio.sleep(0.01)
    assert (await caller("DELETE", f"/v1/cache{purged}")).body == {"entries": 0}
    provider.released.set()
    assert (await asking).body["output"] == TEXT
    assert len(await _entries(caller)) == kept


async def test_who_followed_asks_himself_when_the_first_caller_leaves(caller: Caller, provider: KeyedProvider) -> None:
    provider.manners[""] = Manner(hangs=True)
    leaving = asyncio.ensure_future(_ask(caller))
    while not provider.calls:
        await asyncio.sleep(0.01)
    staying = [asyncio.ensure_future(_ask(caller)) for _ in range(4)]
    leaving.cancel()
    while len(provider.calls) < 2:
        await asyncio.sleep(0.01)
    provider.released.set()
    answers = [one.body for one in await asyncio.gather(*staying)]
    assert {one["output"] for one in answers} == {TEXT}


async def test_text_that_is_forgotten_is_not_kept_in_the_cache(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    made = (await _ask(caller)).body["id"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE burnish_owner")
            await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1::uuid", made)
    assert await _entries(caller) == []
    assert not (await _ask(caller)).body["cached"]


async def test_a_repeat_with_the_same_key_gets_the_bytes_of_the_hit(caller: Caller, provider: KeyedProvider) -> None:
    await _ask(caller)
    body, key = {"messages": ASKED, "model": "own/one", "cache": True}, {"idempotency-key": "once"}
    first = await caller("POST", "/v1/executions", body, headers=key)
    again = await caller("POST", "/v1/executions", body, headers=key)
    assert first.body["cached"] and again.raw == first.raw and again.headers["idempotent-replayed"] == "true"


async def test_the_sweep_takes_what_is_over_and_what_is_too_much(stack: Stack, caller: Caller, provider: KeyedProvider) -> None:
    for number in range(5):
        await _ask(caller, messages=[{"role": "user", "content": str(number)}])
    await _ask(caller, messages=[{"role": "user", "content": "0"}])  # a hit: it is not the one that was unasked for the longest
    connection = await asyncpg.connect(stack.urls["executor"], server_settings={"search_path": "burnish"})
    oldest = (await _entries(caller))[-1]["id"]
    while await connection.fetchval("SELECT sweep_answers(3, 1000000, 100)"):
        pass
    assert len(left := await _entries(caller)) == 3 and oldest in {one["id"] for one in left}
    while await connection.fetchval("SELECT sweep_answers(100, 1, 100)"):
        pass
    await connection.close()
    assert await _entries(caller) == []
