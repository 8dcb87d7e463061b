"""Calls with a workspace's own keys over real HTTP: which key is tried, what becomes of it, what the caller hears and the books say."""

import asyncio
import json
import time
from collections import Counter
from typing import Any

import pytest

from tests.embedded.stack import Answer
from tests.fakes.keyed_provider import TEXT, Manner
from tests.integration.provider_keys.conftest import OPERATORS_KEY, Ground, Tenant

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E6")]

NUSD = 1000 * 1000 + 100 * 2000
"""What one answer of the fake costs at the test model's price."""


async def until(look: Any, *, patience_s: float = 60.0) -> Any:
    async with asyncio.timeout(patience_s):
        while not (seen := await look()):
            await asyncio.sleep(0.02)
        return seen


def tried_first(answer: Answer) -> str:
    """The key that a call asked first: another may have answered, where a busy machine made the first one late."""
    return str((answer.body["attempts"] or [answer.body])[0]["provider_key_id"])


async def test_an_own_key_is_used_before_the_operators_and_named_in_the_record(tenant: Tenant) -> None:
    key_id, key = await tenant.add_key()
    answer = await tenant.call(session_id="s")
    assert (answer.status, answer.body["output"], answer.body["key_source"]) == (200, TEXT, "own"), answer.body
    assert answer.body["provider_key_id"] == key_id and (answer.body["cost_nusd"], answer.body["markup_nusd"]) == (NUSD, 0)
    assert tenant.ground.provider.calls == [key]
    (row,) = await tenant.rows()
    assert (str(row["provider_key_id"]), row["key_source"], row["markup_nusd"]) == (key_id, "own", 0)
    read = (await tenant.admin("GET", f"/v1/executions/{answer.body['id']}")).body
    assert read["provider_key_id"] == key_id


@pytest.mark.capability("E7")
async def test_without_a_key_of_ones_own_the_operators_is_used_with_the_plans_markup(tenant: Tenant) -> None:
    await tenant.on_plan("pro")

    async def with_markup() -> bool:
        return bool((await tenant.call()).body["markup_nusd"])

    await until(with_markup)
    answer = await tenant.call()
    assert (answer.body["key_source"], answer.body["provider_key_id"]) == ("platform", None)
    assert (answer.body["markup_nusd"], answer.body["cost_nusd"]) == (NUSD // 10, NUSD + NUSD // 10)
    assert tenant.ground.provider.calls[-1] == OPERATORS_KEY


@pytest.mark.capability("E7")
async def test_a_workspace_that_forbids_the_operators_keys_is_told_what_to_do(tenant: Tenant) -> None:
    await tenant.books("UPDATE workspaces SET platform_keys = false WHERE workspace_id = $1", tenant.admin.workspace.workspace_id)
    await tenant.books("SELECT note_change($1, 'workspace', '*')", tenant.admin.workspace.workspace_id)

    async def refused() -> Any:
        answer = await tenant.call()
        return answer.body if answer.status == 422 else None

    body = await until(refused)
    assert body["error"]["code"] == "no_provider_key" and "POST /v1/provider-keys" in body["error"]["message"]
    bare = await tenant.call(model="bare-test")
    assert (bare.status, bare.body["error"]["code"]) == (422, "no_provider_key")
    assert not [key for key in tenant.ground.provider.calls if key != OPERATORS_KEY]
    _, key = await tenant.add_key(provider="bare")

    async def served() -> bool:
        return (await tenant.call(model="bare-test")).status == 200

    await until(served)
    assert tenant.ground.provider.calls[-1] == key


@pytest.mark.promise("E-10")
@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_the_provider_refuses_is_set_aside_once_for_all_and_the_next_one_serves(tenant: Tenant, status: int) -> None:
    bad_id, bad = await tenant.add_key(manner=Manner(status=status, echoes=True), priority=1)
    good_id, _ = await tenant.add_key(priority=2)
    answers = await asyncio.gather(*(tenant.call(session_id=f"s{n}") for n in range(8)))
    assert {one.status for one in answers} == {200}
    first = next(one for one in answers if one.body["attempts"])
    assert [(one["provider_key_id"], one["status"], one["http_status"]) for one in first.body["attempts"]] == [
        (bad_id, "error", status),
        (good_id, "success", 200),
    ]
    assert bad not in json.dumps([one.body for one in answers]) and "[redacted]" in first.body["attempts"][0]["error"]

    async def set_aside() -> Any:
        shown = await tenant.shown(bad_id)
        return shown if shown["status"] == "set_aside" else None

    shown = await until(set_aside)
    assert (shown["reason"], shown["last_error"]) == ("provider_refused_key", "provider_refused")
    ws = tenant.admin.workspace.workspace_id

    async def sent() -> Any:
        rows = await tenant.books("SELECT body, sent_at FROM outbox WHERE subject = $1", f"burnish.v1.provider_key.unhealthy.{ws}")
        return rows if rows and all(row["sent_at"] for row in rows) else None

    events = await until(sent)
    assert len(events) == 1 and bad.encode() not in events[0]["body"]
    data = json.loads(events[0]["body"])["data"]
    assert (data["provider_key_id"], data["http_status"], data["last4"]) == (bad_id, status, bad[-4:])
    audited = await tenant.books("SELECT * FROM audit_log WHERE object_id = $1 AND actor LIKE 'system:%'", bad_id)
    assert [one["action"] for one in audited] == ["provider_key.set_aside"]

    async def left_alone() -> bool:
        before = tenant.ground.provider.calls_with(bad)
        answers = await asyncio.gather(*(tenant.call() for _ in range(6)))
        assert {one.body["provider_key_id"] for one in answers} == {good_id}
        return tenant.ground.provider.calls_with(bad) == before

    await until(left_alone)
    tenant.ground.provider.manners.pop(bad)
    restored = await tenant.admin("PATCH", f"/v1/provider-keys/{bad_id}", {"status": "active"})
    assert (restored.status, restored.body["status"], restored.body["reason"]) == (200, "active", None)

    async def used_again() -> bool:
        return (await tenant.call()).body["provider_key_id"] == bad_id

    await until(used_again)


@pytest.mark.capability("E6")
async def test_where_the_only_key_is_refused_nobody_is_told_to_wait_for_it(tenant: Tenant) -> None:
    await tenant.add_key(provider="bare", manner=Manner(status=401))
    first = await tenant.call(model="bare-test")
    assert first.status not in (200, 429) and "retry-after" not in first.headers
    assert "The provider answered 401" in first.body["error"]["message"] and first.body["error"]["retryable"] is False

    async def known() -> Any:
        answer = await tenant.call(model="bare-test")
        assert answer.status != 429
        return answer.body["error"]["code"] == "no_provider_key"

    await until(known)


async def test_a_key_that_was_asked_for_patience_rests_on_every_executor_and_the_caller_hears_how_long(tenant: Tenant) -> None:
    key_id, key = await tenant.add_key(provider="bare", manner=Manner(status=429, retry_after="30"))
    began_s = time.monotonic()
    answers = [await tenant.call(model="bare-test") for _ in range(6)]
    assert {one.status for one in answers} == {429}
    assert all(28 - (time.monotonic() - began_s) <= int(one.headers["retry-after"]) <= 30 for one in answers)
    assert tenant.ground.provider.calls_with(key) <= 2, "each executor asks at most once"

    async def cools() -> Any:
        """The executor writes it down beside its answers."""
        shown = await tenant.shown(key_id)
        return shown if shown["cooldown_until"] else None

    cooled = await until(cools)
    assert (cooled["status"], cooled["last_error"]) == ("active", "provider_rate_limited")
    other_id, _ = await tenant.add_key(provider="bare", priority=200)

    async def served() -> Any:
        answer = await tenant.call(model="bare-test")
        return answer.body if answer.status == 200 else None

    assert (await until(served))["provider_key_id"] == other_id


async def test_while_a_key_rests_whose_account_is_empty_callers_hear_just_that_and_nobody_is_told_to_wait(tenant: Tenant) -> None:
    key_id, key = await tenant.add_key(provider="bare", manner=Manner(status=429, code="insufficient_quota", says="Check your plan."))
    answers = [await tenant.call(model="bare-test") for _ in range(6)]
    assert {(one.status, one.body["error"]["code"], one.body["error"]["retryable"]) for one in answers} == {
        (502, "provider_account_empty", False)
    }
    assert not any("retry-after" in one.headers for one in answers)
    assert tenant.ground.provider.calls_with(key) <= 2, "each executor asks at most once"

    async def cools() -> Any:
        return (await tenant.shown(key_id))["cooldown_until"]

    await until(cools)
    (untried,) = (await tenant.call(model="bare-test")).body["error"]["details"]["attempts"]
    assert (untried["http_status"], untried["key_source"], untried["provider_key_id"]) == (None, "own", None), untried
    assert "has no money left" in untried["error"]
    tenant.ground.provider.manners.pop(key)
    await tenant.admin("PATCH", f"/v1/provider-keys/{key_id}", {"status": "active"})

    async def served() -> bool:
        return (await tenant.call(model="bare-test")).status == 200

    await until(served)


@pytest.mark.parametrize(("status", "code"), [(500, "provider_failed"), (429, "provider_rate_limited")])
async def test_a_key_that_rests_says_why_and_since_when_whatever_fails_meanwhile_that_was_under_way(
    tenant: Tenant, status: int, code: str
) -> None:
    provider = tenant.ground.provider
    key_id, key = await tenant.add_key(provider="bare", manner=Manner(status=status, hangs=True))
    under_way = asyncio.create_task(tenant.call(model="bare-test"))

    async def asked() -> bool:
        return provider.calls_with(key) == 1

    await until(asked)
    provider.manners[key] = Manner(status=402)
    assert (await tenant.call(model="bare-test")).body["error"]["code"] == "provider_account_empty"

    async def rests() -> Any:
        shown = await tenant.shown(key_id)
        return (shown["last_used_at"], shown["last_error_at"]) if shown["cooldown_until"] and shown["last_used_at"] else None

    used_at, failed_at = await until(rests)
    provider.released.set()
    assert (await under_way).body["error"]["code"] == code
    provider.released.clear()

    async def news() -> Any:
        shown = await tenant.shown(key_id)
        return shown if shown["last_used_at"] > used_at else None

    told = await until(news)
    assert (told["last_error"], told["last_error_at"]) == ("provider_account_empty", failed_at)
    assert (await tenant.call(model="bare-test")).body["error"]["code"] == "provider_account_empty"


async def test_a_provider_that_asks_for_a_moment_with_every_answer_keeps_nobody_else_busy(tenant: Tenant) -> None:
    await tenant.add_key(provider="bare", manner=Manner(status=429, retry_after="0"))
    noted = "SELECT count(*) AS n FROM config_changes WHERE workspace_id = $1"
    before = (await tenant.books(noted, tenant.admin.workspace.workspace_id))[0]["n"]
    answers = [await tenant.call(model="bare-test") for _ in range(4)]
    assert {one.status for one in answers} == {429}
    assert (await tenant.books(noted, tenant.admin.workspace.workspace_id))[0]["n"] == before


async def test_a_rest_ends_when_the_provider_said_it_would(tenant: Tenant) -> None:
    _, key = await tenant.add_key(provider="bare", manner=Manner(status=429, retry_after="1"))
    assert (await tenant.call(model="bare-test")).status == 429
    tenant.ground.provider.manners.pop(key)

    async def served() -> bool:
        return (await tenant.call(model="bare-test")).status == 200

    await until(served)


@pytest.mark.parametrize(
    "manner", [Manner(status=500), Manner(status=503, retry_after="9"), Manner(hangs=True)], ids=["500", "503", "hang"]
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_not_the_keys_fault_goes_to_the_next_key_and_leaves_the_first_alone(
    tenant: Tenant, manner: Manner, stream: bool
) -> None:
    first_id, _ = await tenant.add_key(manner=manner, priority=1)
    second_id, _ = await tenant.add_key(priority=2)
    if stream:
        events = await tenant.admin.events(
            "/v1/executions", {"model": "gpt-test", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
        )
        body = events[-1][1]
    else:
        body = (await tenant.call()).body
    assert [one["provider_key_id"] for one in body["attempts"]] == [first_id, second_id], body
    assert body["provider_key_id"] == second_id
    (row,) = await tenant.rows()
    assert str(row["provider_key_id"]) == second_id and row["cost_nusd"] == NUSD
    assert (await tenant.shown(first_id))["status"] == "active"


@pytest.mark.promise("E-05")
async def test_after_the_first_chunk_no_other_key_is_tried(tenant: Tenant) -> None:
    first_id, first = await tenant.add_key(manner=Manner(breaks=True), priority=1)
    await tenant.add_key(priority=2)
    events = await tenant.admin.events(
        "/v1/executions", {"model": "gpt-test", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
    )
    assert events[-1][0] == "error" and [name for name, _ in events].count("delta") == 1, events
    assert tenant.ground.provider.calls == [first]
    (row,) = await tenant.rows()
    assert str(row["provider_key_id"]) == first_id and row["status"] == "error" and row["cost_nusd"] > 0


async def test_a_session_stays_with_one_key_on_every_executor_and_sessions_spread_over_the_keys(tenant: Tenant) -> None:
    for _ in range(4):
        await tenant.add_key()
    sessions = [f"session {n}" for n in range(8) for _ in range(3)]
    answers = await asyncio.gather(*(tenant.call(session_id=one) for one in sessions))
    assert {answer.status for answer in answers} == {200}
    asked_first = {(session, tried_first(answer)) for session, answer in zip(sessions, answers, strict=True)}
    assert len(asked_first) == len(set(sessions)), "one key for each session"
    assert len({key for _, key in asked_first}) > 1, "more than one key for all of them"


@pytest.mark.capability("E7")
@pytest.mark.promise("C-03")
async def test_when_own_keys_fail_the_operators_serves_with_its_markup_under_a_wider_hold(tenant: Tenant) -> None:
    await tenant.on_plan("pro")
    own_id, _ = await tenant.add_key(manner=Manner(status=500))

    async def fell_back() -> Any:
        answer = await tenant.call()
        return answer.body if answer.body.get("markup_nusd") else None

    body = await until(fell_back)
    assert (body["key_source"], body["provider_key_id"]) == ("platform", None)
    assert [one["provider_key_id"] for one in body["attempts"]] == [own_id, None]
    assert body["cost_nusd"] == NUSD + NUSD // 10
    row = (await tenant.rows())[-1]
    assert (row["key_source"], row["provider_key_id"], row["markup_nusd"]) == ("platform", None, NUSD // 10)
    overages = await tenant.books(
        "SELECT * FROM transfers WHERE workspace_id = $1 AND kind = 'overage'", tenant.admin.workspace.workspace_id
    )
    assert not overages and await tenant.books("SELECT * FROM drift()") == []


@pytest.mark.capability("E7", "E13")
@pytest.mark.promise("C-03")
@pytest.mark.parametrize("form", ["answer", "stream", "background"])
async def test_who_is_refused_hears_which_models_were_tried_with_whose_keys(tenant: Tenant, form: str) -> None:
    own_id, own = await tenant.add_key(manner=Manner(status=401, echoes=True))
    tenant.ground.provider.manners[OPERATORS_KEY] = Manner(status=401, echoes=True)
    try:
        answer = await tenant.call(**({"stream": True} if form == "stream" else {"mode": "background"} if form == "background" else {}))
    finally:
        if form != "background":
            tenant.ground.provider.manners.pop(OPERATORS_KEY)
    if form == "background":

        async def finished() -> Any:
            read = (await tenant.admin("GET", f"/v1/executions/{answer.body['id']}")).body
            return read if read["status"] not in ("queued", "running") else None

        try:
            read = await until(finished)
        finally:
            tenant.ground.provider.manners.pop(OPERATORS_KEY)
    else:
        told = answer.body["error"] if form == "answer" else json.loads(answer.raw.rpartition(b"data: ")[2])["error"]
        read = (await tenant.admin("GET", f"/v1/executions/{told['details']['execution_id']}")).body
        assert told["details"]["attempts"] == read["attempts"]
    assert [
        (one["model"], one["provider"], one["key_source"], one["provider_key_id"], one["status"], one["http_status"])
        for one in read["attempts"]
    ] == [("gpt-test", "openai", "own", own_id, "error", 401), ("gpt-test", "openai", "platform", None, "error", 401)]
    assert own not in answer.raw.decode() + json.dumps(read) and OPERATORS_KEY not in answer.raw.decode() + json.dumps(read)


@pytest.mark.capability("E7")
@pytest.mark.promise("C-03")
async def test_when_the_markup_cannot_be_held_the_operators_key_is_not_used(ground: Ground) -> None:
    """The credit covers the call itself and nothing on top of it."""
    probe = Tenant(ground, await ground.stack.caller())
    await probe.add_key(manner=Manner(hangs=True))
    pending = asyncio.ensure_future(probe.call(overrides={"max_tokens": 100}))

    async def held() -> int:
        rows = await probe.books("SELECT amount_nusd FROM holds WHERE workspace_id = $1", probe.admin.workspace.workspace_id)
        return int(rows[0]["amount_nusd"]) if rows else 0

    amount_nusd = await until(held)
    await pending
    poor = Tenant(ground, await ground.stack.caller(credit_nusd=amount_nusd))
    await poor.on_plan("pro")
    _, own = await poor.add_key(manner=Manner(status=500))
    ground.provider.calls.clear()
    answer = await poor.call(overrides={"max_tokens": 100})
    assert (answer.status, answer.body["error"]["code"]) == (502, "provider_failed"), answer.body
    assert ground.provider.calls == [own]
    assert await poor.books("SELECT * FROM drift()") == []


async def test_two_tenants_never_share_a_key(ground: Ground) -> None:
    one, two = Tenant(ground, await ground.stack.caller()), Tenant(ground, await ground.stack.caller())
    (_, first), (_, second) = await one.add_key(), await two.add_key()
    ground.provider.calls.clear()
    answers = await asyncio.gather(*(tenant.call(session_id="the same") for tenant in (one, two) * 4))
    assert Counter(ground.provider.calls) == {first: 4, second: 4}
    assert {(answer.body["provider_key_id"]) for answer in answers[::2]}.isdisjoint(a.body["provider_key_id"] for a in answers[1::2])


@pytest.mark.capability("E7")
@pytest.mark.promise("C-03")
async def test_a_background_call_fails_over_to_the_operators_key_like_any_other(tenant: Tenant) -> None:
    await tenant.on_plan("pro")
    own_id, _ = await tenant.add_key(manner=Manner(status=500))

    async def ended() -> Any:
        accepted = await tenant.call(mode="background")
        assert accepted.status == 202, accepted.body

        async def finished() -> Any:
            read = (await tenant.admin("GET", f"/v1/executions/{accepted.body['id']}")).body
            return read if read["status"] not in ("queued", "running") else None

        read = await until(finished)
        return read if read["markup_nusd"] else None

    read = await until(ended)
    assert (read["status"], read["key_source"], read["cost_nusd"]) == ("success", "platform", NUSD + NUSD // 10), read
    assert [one["provider_key_id"] for one in read["attempts"]] == [own_id, None]
    assert await tenant.books("SELECT * FROM drift()") == []


@pytest.mark.promise("E-13")
async def test_no_model_that_an_editor_adds_leads_a_key_to_another_address(tenant: Tenant) -> None:
    ground = tenant.ground
    await tenant.add_key()
    _, bound = await tenant.add_key(base_url=f"{ground.provider.base_url}/")
    editor = await ground.stack.caller(role="editor", workspace=tenant.admin.workspace)
    elsewhere = {
        "other-host": ground.other.base_url,
        "other-path": f"{ground.provider.base_url}/../v1",
        "other-name": ground.provider.base_url.replace("127.0.0.1", "localhost"),
    }
    for model, base_url in {**elsewhere, "same-place": ground.provider.base_url}.items():
        body = {
            "model": model, "provider": "openai", "base_url": base_url, "context_tokens": 1000, "output_tokens": 100,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        }  # fmt: skip
        assert (await editor("POST", "/v1/models", body)).status == 201
    for model in elsewhere:
        await tenant.call(model=model)
    assert set(ground.provider.calls) | set(ground.other.calls) <= {""}, "nobody's key went along"
    assert (await tenant.call(model="same-place")).body["key_source"] == "own"
    assert ground.provider.calls[-1] == bound


async def test_usage_of_a_key_counts_what_ended_with_it(tenant: Tenant) -> None:
    key_id, _ = await tenant.add_key()
    await tenant.call()
    await tenant.admin.events("/v1/executions", {"model": "gpt-test", "messages": [{"role": "user", "content": "Hi."}], "stream": True})
    shown = await tenant.shown(key_id)
    assert shown["usage_today"] == {
        "executions": 2, "failed": 0, "input_tokens": 2000, "output_tokens": 200, "cost_nusd": 2 * NUSD,
    }  # fmt: skip

    async def seen_used() -> Any:
        return (await tenant.shown(key_id))["last_used_at"]

    await until(seen_used)
