"""The executor keeps the operator's keys from other addresses by itself, whatever a request says."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_shared import subjects
from burnish_shared.bus.connect import connect
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from burnish_shared.ids import new_uuid
from tests.integration.provider_keys.conftest import OPERATORS_KEY, Tenant

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E7"), pytest.mark.promise("E-13")]


def forged(tenant: Tenant, *, base_url: str, **route: Any) -> ExecutionRequest:
    """A request as a gateway would never make it: an address of the workspace's own, and the operator's key."""
    now = datetime.now(UTC)
    price = Price(input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1, version="t")
    return ExecutionRequest(
        execution_id=new_uuid(), workspace_id=tenant.admin.workspace.workspace_id, lane=Lane.INTERACTIVE, fence=1,
        deadline_at=now + timedelta(seconds=60), hold_nusd=1, account_ids=[tenant.admin.workspace.credit_account_id], sent_at=now,
        route=Route(model="gpt-test", provider="openai", upstream_model="gpt-test", base_url=base_url, price=price, **route),
        messages=[{"role": "user", "content": "Hi."}],
    )  # fmt: skip


@pytest.mark.parametrize("route", [{"keys": "platform"}, {"keys": "own", "platform_fallback": True}], ids=["at once", "as the last resort"])
async def test_the_operators_key_goes_to_no_address_of_a_workspace(tenant: Tenant, nats_server: Any, route: dict[str, Any]) -> None:
    bus = await connect(nats_server.url("gateway"), service="gateway", replica="forger")
    try:
        for address, is_own in ((tenant.ground.other, True), (tenant.ground.provider, False)):
            request = forged(tenant, base_url=address.base_url, own_base_url=is_own, **route)
            await bus.nc.publish(subjects.EXECUTIONS_REQUESTED_INTERACTIVE, request.model_dump_json().encode(), reply=bus.nc.new_inbox())
            async with asyncio.timeout(60):
                while not address.calls:
                    await asyncio.sleep(0.01)
    finally:
        await bus.close()
    assert tenant.ground.other.calls == [""], "called, without a key"
    assert tenant.ground.provider.calls == [OPERATORS_KEY], "where it belongs it is sent: the request was one that is followed"
