"""Plans are data: the operator makes and changes them, and every gateway goes by them within a second (PRODUCT T7)."""

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.billing.money import PLAN, SMALL, books, drift, ok, on_plan, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T7")]


async def test_everybody_reads_the_plans_and_only_the_operator_writes_them(stack: Stack, caller: Caller, operator: Caller) -> None:
    shipped = {one["plan"]: one for one in (await ok(caller("GET", "/v1/plans")))["data"]}
    assert {"free", "pro", "enterprise"} <= set(shipped)
    assert all(one["overage_nusd"] == 0 for name, one in shipped.items() if name in ("free", "pro", "enterprise"))
    assert (await ok(caller("GET", "/v1/plans/pro")))["platform_markup_percent"] == 10
    assert (await caller("GET", "/v1/plans/absent")).status == 404
    refused = await caller("PUT", "/v1/plans/mine", PLAN)
    assert (refused.status, refused.body["error"]["code"]) == (403, "forbidden")
    made = await ok(operator("PUT", "/v1/plans/writing", PLAN | {"concurrency": 3}))
    assert (made["plan"], made["concurrency"], made["base_fee_nusd"]) == ("writing", 3, 0)
    (entry,) = await books(stack, "SELECT * FROM audit_log WHERE action = 'plan.saved' AND object_id = 'writing'")
    assert '"concurrency": 3' in entry["after"]


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"rate_limit_per_minute": 0}, {"base_fee_nusd": -1}, {"overage_nusd": 1.5}, {"x": 1}]
)
async def test_a_plan_that_cannot_be_is_refused_by_field(operator: Caller, wrong: dict[str, object]) -> None:
    answer = await operator("PUT", "/v1/plans/wrong", PLAN | wrong)
    assert (answer.status, answer.body["error"]["param"]) == (422, next(iter(wrong)))
    assert (await operator("PUT", "/v1/plans/Wrong!", PLAN)).status == 422
    assert (await operator("GET", "/v1/plans/wrong")).status == 404


async def test_a_plan_that_changes_is_seen_by_every_gateway_within_a_second(stack: Stack, caller: Caller, operator: Caller) -> None:
    await on_plan(operator, caller, "changing", rate_limit_per_minute=100_000)
    for gateway in stack.gateways:
        await until(lambda gateway=gateway: _has_limit(caller.at(gateway), "100000"))  # type: ignore[misc]
    await ok(operator("PUT", "/v1/plans/changing", PLAN | {"rate_limit_per_minute": 50_000}))
    for gateway in stack.gateways:
        await until(lambda gateway=gateway: _has_limit(caller.at(gateway), "50000"))  # type: ignore[misc]
    assert (await ok(caller("GET", "/v1/credits")))["plan"] == "changing"


async def _has_limit(caller: Caller, limit: str) -> bool:
    return (await caller("POST", "/v1/executions", SMALL)).headers["ratelimit-limit"] == limit


@pytest.mark.capability("B1")
async def test_a_plan_with_more_base_credit_brings_the_difference_at_once_and_only_once(stack: Stack, operator: Caller) -> None:
    caller = await stack.caller(credit_nusd=0)
    await on_plan(operator, caller, "small", base_credit_nusd=1_000, base_fee_nusd=10)
    await on_plan(operator, caller, "large", base_credit_nusd=5_000, base_fee_nusd=70)
    assert (await ok(caller("GET", "/v1/credits")))["balance_nusd"] == 5_000
    await on_plan(operator, caller, "small", base_credit_nusd=1_000, base_fee_nusd=10)
    await on_plan(operator, caller, "large", base_credit_nusd=5_000, base_fee_nusd=70)
    state = await ok(caller("GET", "/v1/credits"))
    assert (state["balance_nusd"], state["base_credit_nusd"]) == (5_000, 5_000)
    (month,) = await books(stack, "SELECT * FROM plan_months WHERE organization_id = $1", caller.workspace.organization_id)
    assert (month["base_credit_nusd"], month["base_fee_nusd"]) == (5_000, 70)
    grants = (await ok(caller("GET", "/v1/credits/transfers?kind=base_grant")))["data"]
    assert [one["amount_nusd"] for one in grants] == [4_000, 1_000]
    actions = await books(stack, "SELECT action FROM audit_log WHERE workspace_id = $1 ORDER BY audit_id", caller.workspace.workspace_id)
    assert [one["action"] for one in actions] == ["organization.plan_chosen"] * 4
    assert not await drift(stack)


async def test_an_organization_or_plan_that_is_not_there_is_said_to_be_absent(caller: Caller, operator: Caller) -> None:
    path = f"/v1/organizations/{caller.workspace.organization_id}/plan"
    assert (await operator("PUT", path, {"plan": "absent"})).status == 422
    other = f"/v1/organizations/{caller.workspace.workspace_id}/plan"
    assert (await operator("PUT", other, {"plan": "pro"})).status == 404
    assert (await caller("PUT", path, {"plan": "pro"})).status == 403
