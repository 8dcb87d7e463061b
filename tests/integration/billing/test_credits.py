"""Credit that is granted, given back, moved, watched and stopped (PRODUCT B1)."""

import asyncio
from datetime import UTC, datetime

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.held_back import one_behind_the_other
from tests.embedded.stack import Caller, Stack
from tests.embedded.workspaces import Workspace
from tests.integration.billing.money import SMALL, books, drift, ok, until
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B1")]


async def test_a_grant_is_the_operators_and_a_payment_comes_in_once(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    body = {"workspace_id": str(caller.workspace.workspace_id), "amount_nusd": 700, "reason": "welcome"}
    assert (await caller("POST", "/v1/credits/grants", body)).status == 403
    granted = await ok(operator("POST", "/v1/credits/grants", body), 201)
    assert granted["balance_nusd"] == 700
    paid = [await ok(operator("POST", "/v1/credits/grants", body | {"payment": "INV-1"}), 201) for _ in range(2)]
    assert paid[0]["transfer_id"] == paid[1]["transfer_id"]
    other = await operator("POST", "/v1/credits/grants", body | {"payment": "INV-1", "amount_nusd": 701})
    assert (other.status, other.body["error"]["param"]) == (409, "payment")
    assert (await ok(caller("GET", "/v1/credits")))["balance_nusd"] == 1_400
    ledger = (await ok(caller("GET", "/v1/credits/transfers")))["data"]
    assert [(one["kind"], one["amount_nusd"]) for one in ledger] == [("top_up", 700), ("grant", 700)]
    assert (await operator("POST", "/v1/credits/grants", body | {"workspace_id": str(new_uuid())})).status == 404
    assert (await operator("POST", "/v1/credits/grants", body | {"amount_nusd": 0})).status == 422
    seen = await books(stack, "SELECT action FROM audit_log WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert {one["action"] for one in seen} == {"credits.grant", "credits.top_up"}


async def test_a_payment_is_one_workspaces_however_many_it_is_sent_for_at_once(stack: Stack, operator: Caller) -> None:
    callers = [await stack.caller(credit_nusd=0) for _ in range(4)]
    body = {"amount_nusd": 700, "reason": "paid", "payment": "INV-one"}
    answers = await asyncio.gather(
        *(operator("POST", "/v1/credits/grants", body | {"workspace_id": str(one.workspace.workspace_id)}) for one in callers)
    )
    assert sorted(one.status for one in answers) == [201, 409, 409, 409]
    refused = next(one for one in answers if one.status == 409).body["error"]
    assert refused["param"] == "payment" and "for another workspace" in refused["message"]
    assert sorted([(await ok(one("GET", "/v1/credits")))["balance_nusd"] for one in callers]) == [0, 0, 0, 700]
    assert not await drift(stack)


async def test_credit_given_by_mistake_is_taken_back_as_far_as_it_is_there(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    workspace_id = str(caller.workspace.workspace_id)
    grant = {"workspace_id": workspace_id, "amount_nusd": 10**9, "reason": "welcome"}
    granted = await ok(operator("POST", "/v1/credits/grants", grant), 201)
    cost = (await ok(caller("POST", "/v1/executions", SMALL)))["cost_nusd"]
    body = {"workspace_id": workspace_id, "transfer_id": granted["transfer_id"], "amount_nusd": 400, "reason": "granted twice"}
    path = "/v1/credits/adjustments"
    assert (await caller("POST", path, body)).status == 403
    first = await ok(operator("POST", path, body), 201)
    assert (first["corrects"], first["amount_nusd"], first["left_nusd"]) == (granted["transfer_id"], 400, 10**9 - 400 - cost)
    too_much = await operator("POST", path, body | {"amount_nusd": 10**9 - 400})
    assert (too_much.status, too_much.body["error"]["param"]) == (422, "amount_nusd")
    assert str(10**9 - 400 - cost) in too_much.body["error"]["message"]
    stranger = await stack.caller()
    for wrong in ({"workspace_id": str(stranger.workspace.workspace_id)}, {"workspace_id": str(new_uuid())}, {"transfer_id": 1}):
        assert (await operator("POST", path, body | wrong)).status == 404
    charge = (await ok(caller("GET", "/v1/credits/transfers?kind=charge")))["data"][0]["id"]
    assert (await operator("POST", path, body | {"transfer_id": charge})).status == 404, "what was charged is given back, not taken"
    (entry,) = (await ok(caller("GET", "/v1/credits/transfers?kind=adjustment")))["data"]
    assert (entry["id"], entry["corrects"], entry["reason"]) == (first["transfer_id"], granted["transfer_id"], "granted twice")
    credit = await ok(caller("GET", "/v1/credits"))
    assert credit["balance_nusd"] == 10**9 - 400 - cost
    assert (credit["spent_nusd"], credit["used_nusd"]) == (400 + cost, cost), "what was taken back is no use"
    for workspace in (caller.workspace.workspace_id, operator.workspace.workspace_id):
        (noted,) = await books(stack, "SELECT object_id FROM audit_log WHERE workspace_id = $1 AND action = 'credits.adjusted'", workspace)
        assert noted["object_id"] == str(first["transfer_id"])
    assert not await drift(stack)


@pytest.mark.promise("C-08")
async def test_a_charge_is_given_back_in_parts_and_never_more_than_it_was(stack: Stack, caller: Caller, operator: Caller) -> None:
    before = (await ok(caller("GET", "/v1/credits")))["balance_nusd"]
    done = await ok(caller("POST", "/v1/executions", SMALL))
    cost = done["cost_nusd"]
    refund = {"workspace_id": str(caller.workspace.workspace_id), "execution_id": done["id"], "reason": "a bad answer"}
    first = await ok(operator("POST", "/v1/credits/refunds", refund | {"amount_nusd": 100}), 201)
    assert first["left_nusd"] == cost - 100
    too_much = await operator("POST", "/v1/credits/refunds", refund | {"amount_nusd": cost})
    assert (too_much.status, too_much.body["error"]["param"]) == (422, "amount_nusd")
    rest = await ok(operator("POST", "/v1/credits/refunds", {**refund, "execution_id": None, "transfer_id": first["corrects"]}), 201)
    assert (rest["amount_nusd"], rest["left_nusd"]) == (cost - 100, 0)
    assert (await operator("POST", "/v1/credits/refunds", refund)).status == 409
    credit = await ok(caller("GET", "/v1/credits"))
    assert (credit["balance_nusd"], credit["spent_nusd"], credit["used_nusd"]) == (before, cost, 0)
    today, closing = datetime.now(UTC).date(), "SELECT close_usage_days($1, $2, 31) AS days"

    async def is_closed() -> bool:
        return bool((await books(stack, closing, caller.workspace.workspace_id, today))[0]["days"])

    await until(is_closed)
    assert (await ok(caller("GET", "/v1/credits")))["used_nusd"] == 0, "of a closed day it is read from the day's sum, and once"
    await books(stack, "UPDATE ledger_days SET amount_nusd = amount_nusd + 5 WHERE workspace_id = $1 AND kind = 'refund'",
                caller.workspace.workspace_id)  # fmt: skip
    assert (await ok(caller("GET", "/v1/credits")))["used_nusd"] == -5, "no entry of a closed day is read"
    assert (await ok(caller("GET", f"/v1/executions/{done['id']}")))["cost_nusd"] == cost
    elsewhere = await operator("POST", "/v1/credits/refunds", {"execution_id": done["id"], "reason": "not here"})
    assert elsewhere.status == 404
    assert not await drift(stack)


@pytest.mark.promise("C-08")
async def test_all_of_a_charge_is_given_back_once_however_many_ask_at_once(stack: Stack, caller: Caller, operator: Caller) -> None:
    """Each has seen what was left before the others gave any of it back."""
    done = await ok(caller("POST", "/v1/executions", SMALL))
    refund = {"workspace_id": str(caller.workspace.workspace_id), "execution_id": done["id"], "reason": "a bad answer"}
    acts = [("POST", "/v1/credits/refunds", refund | part) for part in ({"amount_nusd": 100}, {}, {})]
    part, *rest = await one_behind_the_other(stack, operator, *acts)
    assert (part.status, sorted(one.status for one in rest)) == (201, [201, 409]), rest
    (given,) = [one.body for one in rest if one.status == 201]
    assert (given["amount_nusd"], given["left_nusd"]) == (done["cost_nusd"] - 100, 0)
    assert not await drift(stack)


async def test_credit_moves_within_an_organization_alone(stack: Stack, caller: Caller) -> None:
    second = await ok(caller("POST", "/v1/workspaces", {"name": "second"}), 201)
    other = Caller(
        caller.session, caller.url, second["api_key"], Workspace(second["id"], caller.workspace.organization_id, credit_account_id=0)
    )
    stranger = await stack.caller()
    move = {"to_workspace_id": second["id"], "amount_nusd": 5_000, "reason": "share"}
    await ok(caller("POST", "/v1/credits/moves", move), 201)
    assert (await ok(other("GET", "/v1/credits")))["balance_nusd"] == 5_000
    back = {"from_workspace_id": second["id"], "to_workspace_id": str(caller.workspace.workspace_id), "reason": "back"}
    assert (await caller("POST", "/v1/credits/moves", back | {"amount_nusd": 5_001})).status == 402
    await ok(caller("POST", "/v1/credits/moves", back | {"amount_nusd": 5_000}), 201)
    foreign = await caller("POST", "/v1/credits/moves", move | {"to_workspace_id": str(stranger.workspace.workspace_id)})
    absent = await caller("POST", "/v1/credits/moves", move | {"to_workspace_id": str(new_uuid())})
    assert foreign.status == absent.status == 404
    assert foreign.body["error"]["message"] == absent.body["error"]["message"]
    theirs = await ok(stranger("POST", "/v1/workspaces", {"name": "theirs"}), 201)  # nor does anybody move what is all another's
    within = {"from_workspace_id": str(stranger.workspace.workspace_id), "to_workspace_id": theirs["id"], "amount_nusd": 1, "reason": "x"}
    for asks in (caller, other):
        assert (await asks("POST", "/v1/credits/moves", within)).status == 404
    await ok(stranger("POST", "/v1/credits/moves", within), 201)
    alone = await other("POST", "/v1/credits/moves", {**back, "from_workspace_id": None, "amount_nusd": 1})
    assert alone.status == 403  # an admin of one side who does not govern the organization
    assert not await drift(stack)


async def test_a_suspended_workspace_begins_nothing_within_a_second_at_every_gateway(
    stack: Stack, caller: Caller, operator: Caller
) -> None:
    path = f"/v1/workspaces/{caller.workspace.workspace_id}"
    assert (await ok(caller("POST", "/v1/executions", SMALL)))["status"] == "success"
    assert (await caller("POST", f"{path}/suspend", {"reason": "x"})).status == 403
    assert (await ok(operator("POST", f"{path}/suspend", {"reason": "unpaid"})))["changed"] is True
    await asyncio.sleep(0)
    for gateway in stack.gateways:
        refused = await caller.at(gateway)("POST", "/v1/executions", SMALL)
        assert (refused.status, refused.body["error"]["code"]) == (403, "suspended")
    assert (await ok(caller("GET", "/v1/credits")))["suspended"] is True
    assert (await ok(operator("POST", f"{path}/resume", {"reason": "paid"})))["changed"] is True
    async with comes_within(1):
        while (await caller("POST", "/v1/executions", SMALL)).status != 200:
            await asyncio.sleep(0.02)


async def test_a_low_balance_is_told_once_below_the_mark(stack: Stack) -> None:
    caller = await stack.caller(credit_nusd=10_000_000)
    assert (await ok(caller("PUT", "/v1/credits/warning", {"below_nusd": 9_999_999})))["below_nusd"] == 9_999_999
    for _ in range(2):
        await ok(caller("POST", "/v1/executions", SMALL))
    told = await books(
        stack,
        "SELECT convert_from(body, 'UTF8') AS body FROM outbox WHERE subject = $1",
        f"burnish.v1.credits.low.{caller.workspace.workspace_id}",
    )
    assert len(told) == 1
    assert (await ok(caller("PUT", "/v1/credits/warning", {"below_nusd": None})))["below_nusd"] is None
    viewer = await stack.caller(role="viewer", workspace=caller.workspace)
    assert (await viewer("PUT", "/v1/credits/warning", {"below_nusd": 1})).status == 403


async def test_the_ledger_is_found_by_kind_and_time(caller: Caller) -> None:
    await ok(caller("POST", "/v1/executions", SMALL))
    charges = (await ok(caller("GET", "/v1/credits/transfers?kind=charge")))["data"]
    assert {(one["kind"], one["simulated"]) for one in charges} == {("charge", True)}, "of a simulated model"
    given = [one for one in (await ok(caller("GET", "/v1/credits/transfers")))["data"] if one["execution_id"] is None]
    assert given and not any(one["simulated"] for one in given)
    assert (await ok(caller("GET", "/v1/credits/transfers?to=2020-01-01T00:00:00Z")))["data"] == []
    assert len((await ok(caller("GET", "/v1/credits/transfers?from=2020-01-01T00:00:00Z")))["data"]) == 2
    assert (await caller("GET", "/v1/credits/transfers?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z")).status == 422
    assert (await caller("GET", "/v1/credits/transfers?kind=theft")).status == 422
