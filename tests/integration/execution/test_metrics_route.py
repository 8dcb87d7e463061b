"""`/metrics` on the port of the API: there, unless the operator shows it on a port of its own alone."""

import pytest

from tests.embedded.stack import Stack

pytestmark = pytest.mark.capability("I1")


async def test_the_api_answers_it_unless_the_operator_says_no(stack: Stack) -> None:
    caller = await stack.caller()
    shown = await caller("GET", "/metrics")
    assert shown.status == 200 and b"burnish_gateway_requests_total" in shown.raw
    apart = caller.at(await stack.start_gateway(metrics_on_api=False))
    hidden = await apart("GET", "/metrics")
    assert hidden.status == 404 and "BURNISH_METRICS_PORT" in hidden.body["error"]["message"]
    assert (await apart("GET", "/healthz")).status == 200
