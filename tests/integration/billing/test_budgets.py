"""Budgets of the workspace, a key, a prompt and an end user: hard or warning, by day or month (PRODUCT B2)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from burnish_gateway.billing import keep_budget
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.billing.money import SMALL, books, drift, ok, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B2")]


async def one_hold(caller: Caller) -> int:
    """What SMALL is held for."""
    refused = await caller("POST", "/v1/executions", SMALL)
    return int(refused.body["error"]["details"]["needed_nusd"])


async def budget_of(caller: Caller, **fields: Any) -> Any:
    return await ok(caller("POST", "/v1/budgets", {"period": "day", **fields}), 201)


async def refused_by(caller: Caller, body: dict[str, Any]) -> str | None:
    """The id of the budget that refuses this call, at every gateway of it; None where it goes through."""
    answer = await caller("POST", "/v1/executions", body)
    return answer.body["error"]["details"]["budget_id"] if answer.status == 402 else None


async def test_each_target_has_its_own_budget_and_the_refusal_names_it(stack: Stack, caller: Caller) -> None:
    prompt = {"slug": "greeting", "messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "simulated/chat"}
    await ok(caller("POST", "/v1/prompts", prompt), 201)
    key = await ok(caller("POST", "/v1/api-keys", {"name": "limited"}), 201)
    limited = Caller(caller.session, caller.url, key["key"], caller.workspace)
    by_prompt = {"prompt": "greeting", "variables": {"name": "Ada"}}
    targets: list[tuple[dict[str, Any], Caller, dict[str, Any]]] = [
        ({"target_kind": "prompt", "target_id": "greeting"}, caller, by_prompt),
        ({"target_kind": "api_key", "target_id": key["id"]}, limited, SMALL),
        ({"target_kind": "end_user", "target_id": "user-7"}, caller, SMALL | {"user_id": "user-7"}),
        ({"target_kind": "workspace"}, caller, SMALL),
    ]
    for target, who, body in targets:
        for gateway in stack.gateways:  # each has loaded what it needs before the second begins in which it must know of the budget
            assert await refused_by(who.at(gateway), body) is None
        budget = await budget_of(caller, limit_nusd=1, **target)
        for gateway in stack.gateways:

            async def refuses(gateway: str = gateway, who: Caller = who, body: Any = body, budget_id: str = budget["id"]) -> bool:
                return await refused_by(who.at(gateway), body) == budget_id

            await until(refuses)
        if target["target_kind"] != "workspace":
            assert await refused_by(caller, SMALL) is None, "it binds its target alone"
    shown = (await ok(caller("GET", "/v1/budgets")))["data"]
    assert [(one["target_kind"], one["target_id"]) for one in shown] == [
        ("workspace", None), ("end_user", "user-7"), ("api_key", key["id"]), ("prompt", "greeting"),
    ]  # fmt: skip
    subject = f"burnish.v1.budget.exhausted.{caller.workspace.workspace_id}"
    events = [json.loads(row["body"]) for row in await books(stack, "SELECT body FROM outbox WHERE subject = $1", subject)]
    by_budget = {one["data"]["budget_id"]: one["data"]["prompt"] for one in events}
    assert [by_budget[one["id"]] for one in shown] == [None, None, None, "greeting"], "filters of webhooks match a prompt's budget"
    named = {one["data"]["target"]: (one["data"]["target_name"], one["data"]["hard"]) for one in events}
    assert named == {"prompt": ("greeting", True), "api_key": (key["name"], True), "end_user": (None, True), "workspace": (None, True)}
    assert len((await ok(caller("GET", "/v1/budgets?target_kind=prompt&target_id=greeting")))["data"]) == 1
    assert (await ok(caller("GET", "/v1/budgets?target_kind=prompt&target_id=absent")))["data"] == []
    assert not await drift(stack)


async def test_a_refusal_says_the_numbers_and_leaves_nothing(stack: Stack, caller: Caller) -> None:
    await ok(caller("POST", "/v1/executions", SMALL))
    budget = await budget_of(caller, target_kind="workspace", limit_nusd=10, name="pocket money", period="month")
    await until(lambda: _is_refused(caller))
    before = await books(stack, "SELECT count(*) AS n FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    refused = await caller("POST", "/v1/executions", SMALL)
    error = refused.body["error"]
    assert (refused.status, error["code"], error["param"]) == (402, "budget_exhausted", "budget")
    assert "pocket money" in error["message"] and f"/v1/budgets/{budget['id']}" in error["message"]
    assert (error["details"]["available_nusd"], error["details"]["limit_nusd"]) == (10, 10)
    assert int(refused.headers["retry-after"]) >= 1
    chat = await caller("POST", "/v1/chat/completions", {"model": "simulated/chat", "messages": SMALL["messages"]})
    assert (chat.status, chat.body["error"]["code"], chat.headers["x-should-retry"]) == (402, "budget_exhausted", "false")
    assert await books(stack, "SELECT count(*) AS n FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id) == before
    assert not await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)


async def everywhere(stack: Stack, caller: Caller, holds: Callable[[Caller], Awaitable[bool]]) -> None:
    for gateway in stack.gateways:
        await until(lambda gateway=gateway: holds(caller.at(gateway)))  # type: ignore[misc]


async def _is_refused(caller: Caller) -> bool:
    return (await caller("POST", "/v1/executions", SMALL)).status == 402


async def test_a_hard_budget_lets_through_what_fits_and_no_call_more(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=0)
    hold = await one_hold(poor)
    caller = await stack.caller()
    budget = await budget_of(caller, target_kind="workspace", limit_nusd=5 * hold)
    await until(lambda: _knows(stack, caller, budget["id"]))
    done = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/executions", SMALL) for n in range(30)))
    spent = sum(one.body["cost_nusd"] for one in done if one.status == 200)
    assert {one.status for one in done} == {200, 402} and spent <= 5 * hold
    shown = await ok(caller("GET", f"/v1/budgets/{budget['id']}"))
    assert (shown["spent_nusd"], shown["held_nusd"], shown["left_nusd"]) == (spent, 0, 5 * hold - spent)
    assert not await drift(stack)


async def _knows(stack: Stack, caller: Caller, budget_id: str) -> bool:
    """Free models and refused calls count nothing, so a call that is too dear tells whether a gateway binds it."""
    dear = SMALL | {"overrides": {"max_tokens": 4096}}
    return all([await refused_by(caller.at(gateway), dear) == budget_id for gateway in stack.gateways])


async def test_a_budget_that_only_warns_lets_through_and_tells_once(stack: Stack, caller: Caller) -> None:
    budget = await budget_of(caller, target_kind="workspace", limit_nusd=1_000_000_000, warn_percent=1, hard=False)
    await ok(caller("PATCH", f"/v1/budgets/{budget['id']}", {"limit_nusd": 100}))
    for _ in range(3):
        for gateway in stack.gateways:
            await ok(caller.at(gateway)("POST", "/v1/executions", SMALL))

    async def told() -> bool:
        subject = f"burnish.v1.budget.exhausted.{caller.workspace.workspace_id}"
        return len(await books(stack, "SELECT FROM outbox WHERE subject = $1", subject)) == 1

    await until(told)
    assert (await ok(caller("GET", f"/v1/budgets/{budget['id']}")))["left_nusd"] == 0


async def test_a_raised_or_closed_budget_lets_through_within_a_second(stack: Stack, caller: Caller) -> None:
    budget = await budget_of(caller, target_kind="workspace", limit_nusd=1)
    path = f"/v1/budgets/{budget['id']}"
    await everywhere(stack, caller, _is_refused)
    await ok(caller("PATCH", path, {"limit_nusd": 10**12}))
    await everywhere(stack, caller, _goes_through)
    await ok(caller("PATCH", path, {"limit_nusd": 1}))
    await everywhere(stack, caller, _is_refused)
    assert (await caller("DELETE", path)).status == 204
    await everywhere(stack, caller, _goes_through)
    closed = await ok(caller("GET", f"/v1/budgets/{budget['id']}"))
    assert closed["closed_at"] is not None and (await ok(caller("GET", "/v1/budgets")))["data"] == []
    assert (await caller("DELETE", f"/v1/budgets/{budget['id']}")).status == 404
    actions = await books(stack, "SELECT action FROM audit_log WHERE workspace_id = $1 ORDER BY audit_id", caller.workspace.workspace_id)
    assert [one["action"] for one in actions] == ["budget.created", "budget.changed", "budget.changed", "budget.closed"]


async def test_changes_of_a_budget_at_once_are_all_kept(stack: Stack, caller: Caller) -> None:
    budget = await budget_of(caller, target_kind="workspace", limit_nusd=1_000_000, warn_percent=80)
    path = f"/v1/budgets/{budget['id']}"
    for n in range(1, 11):
        pair = ({"limit_nusd": 10**6 + n}, {"warn_percent": n, "name": f"number {n}"})
        await asyncio.gather(*(ok(caller.at(stack.gateways[at])("PATCH", path, body)) for at, body in enumerate(pair)))
        shown = await ok(caller("GET", path))
        assert (shown["limit_nusd"], shown["warn_percent"], shown["name"]) == (10**6 + n, n, f"number {n}")
        (account,) = await books(stack, "SELECT limit_nusd, warn_nusd FROM accounts WHERE reference = $1::uuid", budget["id"])
        assert tuple(account) == (10**6 + n, -(-(10**6 + n) * n // 100))
    answers = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("DELETE", path) for n in range(4)))
    assert sorted(one.status for one in answers) == [204, 404, 404, 404], "it is closed once"


async def _goes_through(caller: Caller) -> bool:
    return (await caller("POST", "/v1/executions", SMALL)).status == 200


async def test_budgets_that_cannot_be_are_refused_by_name(caller: Caller) -> None:
    await budget_of(caller, target_kind="workspace", limit_nusd=10)
    twice = await caller("POST", "/v1/budgets", {"target_kind": "workspace", "limit_nusd": 5, "period": "day"})
    assert (twice.status, twice.body["error"]["code"]) == (409, "conflict")
    await budget_of(caller, target_kind="workspace", limit_nusd=10, period="month")
    for body, status in (
        ({"target_kind": "workspace", "target_id": "x", "limit_nusd": 1, "period": "day"}, 422),
        ({"target_kind": "end_user", "limit_nusd": 1, "period": "day"}, 422),
        ({"target_kind": "prompt", "target_id": "absent", "limit_nusd": 1, "period": "day"}, 404),
        ({"target_kind": "api_key", "target_id": str(new_uuid()), "limit_nusd": 1, "period": "day"}, 404),
        ({"target_kind": "api_key", "target_id": "no id", "limit_nusd": 1, "period": "day"}, 404),
        ({"target_kind": "workspace", "limit_nusd": -1, "period": "day"}, 422),
        ({"target_kind": "workspace", "limit_nusd": 1, "period": "week"}, 422),
        ({"target_kind": "workspace", "limit_nusd": 1, "period": "day", "warn_percent": 101}, 422),
    ):
        assert (await caller("POST", "/v1/budgets", body)).status == status, body


async def test_budgets_that_are_made_at_once_keep_to_the_most(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_budget, "BUDGETS_MOST", 3)
    wishes = [{"target_kind": "end_user", "target_id": f"user-{n}", "limit_nusd": 10, "period": "day"} for n in range(8)]
    answers = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/budgets", wish) for n, wish in enumerate(wishes)))
    assert sorted(one.status for one in answers) == 3 * [201] + 5 * [409], [one.body for one in answers]
    assert len((await ok(caller("GET", "/v1/budgets")))["data"]) == 3


def of_user(name: str, **changes: Any) -> dict[str, Any]:
    return SMALL | {"user_id": name} | changes


async def test_a_budget_for_each_end_user_holds_for_each_by_themselves(stack: Stack, caller: Caller) -> None:
    poor = await stack.caller(credit_nusd=0)
    hold = await one_hold(poor)
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=3 * hold)
    assert (each["target_id"], each["name"], each["end_users"], each["end_users_used_up"]) == ("*", "each end user a day", 0, 0)
    dear = {"overrides": {"max_tokens": 4096}}

    async def binds() -> bool:
        return all([await refused_by(caller.at(one), of_user("probe", **dear)) == each["id"] for one in stack.gateways])

    await until(binds)
    done = await asyncio.gather(*(caller.at(stack.gateways[n % 2])("POST", "/v1/executions", of_user(f"u{n % 3}")) for n in range(60)))
    spent = [sum(one.body["cost_nusd"] for one in done[who::3] if one.status == 200) for who in range(3)]
    assert {one.status for one in done} == {200, 402} and all(0 < one <= 3 * hold for one in spent), spent
    refused = next(one for one in done if one.status == 402)
    assert (
        refused.body["error"]["details"]["budget_id"] == each["id"] and "which holds for each end user" in refused.body["error"]["message"]
    )
    shown = await ok(caller("GET", f"/v1/budgets/{each['id']}"))
    assert (shown["spent_nusd"], shown["held_nusd"], shown["end_users"]) == (max(spent), 0, 4), "the probe was let in for nothing"
    assert (await ok(caller("POST", "/v1/executions", of_user("u9"))))["status"] == "success", "another one has all of it"
    assert (await ok(caller("POST", "/v1/executions", SMALL)))["status"] == "success", "who names no end user is not bound"
    assert not await drift(stack)
    kept = await books(
        stack,
        "SELECT account_id FROM accounts WHERE workspace_id = $1 AND parent_account_id > 0 AND kind = 2",
        caller.workspace.workspace_id,
    )
    assert len(kept) == 5 and all(one["account_id"] >= 2**62 for one in kept)


async def test_a_budget_of_one_end_user_takes_the_place_of_that_for_each(stack: Stack, caller: Caller) -> None:
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=1)
    own = await budget_of(caller, target_kind="end_user", target_id="vip", limit_nusd=10**12)

    async def known() -> bool:
        refused = [await refused_by(caller.at(one), of_user("u1")) for one in stack.gateways]
        return refused == [each["id"]] * 2 and not any([await refused_by(caller.at(one), of_user("vip")) for one in stack.gateways])

    await until(known)
    month = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=1, period="month")
    await until(lambda: _refuses(stack, caller, of_user("vip"), month["id"]))
    assert (await caller("DELETE", f"/v1/budgets/{month['id']}")).status == 204
    assert (await caller("DELETE", f"/v1/budgets/{own['id']}")).status == 204
    await until(lambda: _refuses(stack, caller, of_user("vip"), each["id"]))
    again = await caller("POST", "/v1/budgets", {"target_kind": "end_user", "target_id": "*", "period": "day", "limit_nusd": 5})
    assert (again.status, again.body["error"]["param"]) == (409, "target_id")


async def test_what_one_end_user_has_left_is_told_of_every_budget_that_binds_them(stack: Stack, caller: Caller) -> None:
    day = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**9)
    month = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**10, period="month")
    own = await budget_of(caller, target_kind="end_user", target_id="vip", limit_nusd=10**11)
    await budget_of(caller, target_kind="workspace", limit_nusd=10**12)

    async def left_of(name: str) -> list[tuple[str, int, int]]:
        page = await ok(caller("GET", f"/v1/budgets?end_user={name}"))
        assert page["next_cursor"] is None and all(one["resets_at"] and one["end_users"] is None for one in page["data"])
        return [(one["id"], one["spent_nusd"], one["left_nusd"]) for one in page["data"]]

    assert await left_of("nobody%20yet") == [(day["id"], 0, 10**9), (month["id"], 0, 10**10)]
    spent = {"u1": 0, "vip": 0}

    async def counted() -> bool:
        for name in spent:
            spent[name] += (await ok(caller("POST", "/v1/executions", of_user(name))))["cost_nusd"]
        shown = [*await left_of("u1"), *await left_of("vip")]
        return all(one[1] > 0 for one in shown)

    await until(counted)
    of_one, of_vip = await left_of("u1"), await left_of("vip")
    assert [one[0] for one in of_one] == [day["id"], month["id"]] and [one[0] for one in of_vip] == [own["id"], month["id"]]
    assert all(one[1] + one[2] in (10**9, 10**10, 10**11) and 0 < one[1] <= spent["u1"] for one in of_one)
    both = await caller("GET", "/v1/budgets?end_user=u1&target_kind=prompt")
    assert (both.status, both.body["error"]["param"]) == (422, "end_user")
    star = await caller("GET", "/v1/budgets?end_user=*")
    assert (star.status, star.body["error"]["param"]) == (422, "end_user")
    stranger = await stack.caller()
    assert (await ok(stranger("GET", "/v1/budgets?end_user=u1")))["data"] == []


async def _refuses(stack: Stack, caller: Caller, body: dict[str, Any], budget_id: str) -> bool:
    return all([await refused_by(caller.at(one), body) == budget_id for one in stack.gateways])


async def test_a_changed_budget_for_each_end_user_binds_those_who_called_before_and_tells_once(stack: Stack, caller: Caller) -> None:
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**12)
    path = f"/v1/budgets/{each['id']}"
    subject = f"burnish.v1.budget.exhausted.{caller.workspace.workspace_id}"

    async def counted() -> bool:
        await ok(caller("POST", "/v1/executions", of_user("u1")))
        return bool((await ok(caller("GET", path)))["spent_nusd"])

    await until(counted)
    assert (await ok(caller("PATCH", path, {"limit_nusd": 1})))["left_nusd"] == 0
    for name in ("u1", "u2", "u3"):
        assert await refused_by(caller, of_user(name)) == each["id"], "at once, in the books"
    events = [json.loads(row["body"])["data"] for row in await books(stack, "SELECT body FROM outbox WHERE subject = $1", subject)]
    assert [(one["budget_id"], one["target"], one["target_name"], one["limit_nusd"]) for one in events] == [
        (each["id"], "end_user", None, 1)
    ]
    shown = await ok(caller("GET", path))
    assert (shown["end_users"], shown["end_users_used_up"]) == (3, 1)
    await ok(caller("PATCH", path, {"limit_nusd": 10**12}))
    await until(lambda: _goes_through_as(caller, "u2"))
    assert (await caller("DELETE", path)).status == 204
    actions = await books(
        stack, "SELECT before FROM audit_log WHERE workspace_id = $1 AND action = 'budget.closed'", caller.workspace.workspace_id
    )
    assert json.loads(actions[0]["before"])["target_id"] == "*"


async def test_a_period_that_is_over_is_nobodys_spending_any_more(stack: Stack, caller: Caller) -> None:
    """Before the first call of the next one, and where the budget is changed by then."""
    whole = await budget_of(caller, target_kind="workspace", limit_nusd=10**12)
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**12)

    async def spent() -> list[int]:
        ours = (await ok(caller("GET", "/v1/budgets?end_user=u1")))["data"]
        shown = [await ok(caller("GET", f"/v1/budgets/{one['id']}")) for one in (whole, each)]
        return [one["spent_nusd"] for one in (*shown, *ours)]

    async def counted() -> bool:
        await ok(caller("POST", "/v1/executions", of_user("u1")))
        return all(await spent())

    await until(counted)
    over = "UPDATE accounts SET resets_at = now() - interval '1 hour' WHERE workspace_id = $1 AND kind = 2"
    await books(stack, over, caller.workspace.workspace_id)
    assert await spent() == [0, 0, 0]
    for one in (whole, each):
        changed = await ok(caller("PATCH", f"/v1/budgets/{one['id']}", {"limit_nusd": 10**11}))
        assert (changed["spent_nusd"], changed["left_nusd"]) == (0, 10**11), "nothing of what was spent before comes along"
    cost = (await ok(caller("POST", "/v1/executions", of_user("u1"))))["cost_nusd"]
    assert await spent() == [cost] * 3


async def test_a_budget_for_each_end_user_tells_again_in_the_next_period_and_after_it_was_raised(stack: Stack, caller: Caller) -> None:
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=1)
    path, where = f"/v1/budgets/{each['id']}", caller.workspace.workspace_id

    async def told() -> int:
        return len(await books(stack, "SELECT FROM outbox WHERE subject = $1", f"burnish.v1.budget.exhausted.{where}"))

    async def refuses() -> bool:
        return await refused_by(caller, of_user("u1")) == each["id"]

    await until(refuses)
    assert await refuses() and await told() == 1, "once in a period"
    await books(stack, "UPDATE accounts SET resets_at = now() - interval '1 hour' WHERE workspace_id = $1 AND kind = 2", where)

    async def told_again(times: int) -> bool:
        """A gateway remembers for a moment who was refused."""
        return await refuses() and await told() == times

    await until(lambda: told_again(2))
    await ok(caller("PATCH", path, {"limit_nusd": 10**12}))
    await until(lambda: _goes_through_as(caller, "u1"))
    await ok(caller("PATCH", path, {"limit_nusd": 1}))
    await until(lambda: told_again(3))


async def _goes_through_as(caller: Caller, name: str) -> bool:
    return (await caller("POST", "/v1/executions", of_user(name))).status == 200


async def test_accounts_of_end_users_go_two_days_after_their_period_and_begin_anew(stack: Stack, caller: Caller) -> None:
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**12)

    async def counted() -> bool:
        await ok(caller("POST", "/v1/executions", of_user("u1")))
        return bool((await ok(caller("GET", f"/v1/budgets/{each['id']}")))["end_users"])

    await until(counted)
    ours = "FROM accounts WHERE workspace_id = $1 AND parent_account_id IS NOT NULL AND kind = 2"
    where = caller.workspace.workspace_id
    await books(stack, f"UPDATE accounts SET resets_at = now() - interval '47 hours' WHERE account_id IN (SELECT account_id {ours})", where)
    await books(stack, "SELECT forget_user_accounts(1000)")
    assert len(await books(stack, f"SELECT {ours}", where)) == 1, "something may be held on it yet"
    await books(stack, f"UPDATE accounts SET resets_at = now() - interval '49 hours' WHERE account_id IN (SELECT account_id {ours})", where)
    await books(stack, "SELECT forget_user_accounts(1000)")
    assert not await books(stack, f"SELECT {ours}", where)
    before = (await ok(caller("POST", "/v1/executions", of_user("u1"))))["cost_nusd"]
    assert (await ok(caller("GET", f"/v1/budgets/{each['id']}")))["spent_nusd"] == before


async def test_a_budget_for_each_of_very_many_is_changed_at_once_and_those_who_are_left_follow(stack: Stack, caller: Caller) -> None:
    """Periods run on: who called yesterday does not count today because the budget was changed."""
    each = await budget_of(caller, target_kind="end_user", target_id="*", limit_nusd=10**12)
    many = """INSERT INTO accounts (account_id, workspace_id, kind, parent_account_id, limit_nusd, warn_nusd, period, resets_at, hard,
                                    spent_nusd)
              SELECT (1::bigint << 62) + a.account_id * 100000 + g, a.workspace_id, 2, a.account_id, a.limit_nusd, a.warn_nusd, a.period,
                     CASE WHEN g > 7000 THEN now() - interval '1 hour' ELSE a.resets_at END, a.hard, 5
                FROM accounts a, generate_series(1, 7010) g WHERE a.reference = $1::text::uuid"""
    await books(stack, many, each["id"])
    path, behind = f"/v1/budgets/{each['id']}", "SELECT users_behind FROM budgets WHERE budget_id = $1::text::uuid"
    left = """SELECT count(*) AS n, count(*) FILTER (WHERE u.resets_at < now()) AS over, max(u.xmin::text::bigint) AS newest FROM accounts u
                JOIN accounts a ON a.account_id = u.parent_account_id WHERE a.reference = $1::text::uuid AND u.limit_nusd = $2"""
    (before,) = await books(stack, left, each["id"], 10**12)
    await ok(caller("PATCH", path, {"name": "a dollar"}))
    assert await books(stack, left, each["id"], 10**12) == [before], "a name is nothing that accounts know"
    assert (await ok(caller("PATCH", path, {"limit_nusd": 10**11})))["end_users"] == 7000
    assert (await books(stack, left, each["id"], 10**12))[0]["n"] == 2010 and (await books(stack, behind, each["id"]))[0]["users_behind"]
    rounds = [(await books(stack, "SELECT follow_budgets(1500) AS n"))[0]["n"] for _ in range(3)]
    assert rounds == [1500, 510, None]
    (after,) = await books(stack, left, each["id"], 10**11)
    assert (after["n"], after["over"]) == (7010, 10) and (await ok(caller("GET", path)))["end_users"] == 7000
    assert (await caller("DELETE", path)).status == 204
    assert await books(stack, left, each["id"], 10**11) == [after], "nobody names them any more"
