"""Moments have one form in all answers: RFC 3339 with `Z`."""

import json
import re

import pytest

from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13")]

MOMENT = re.compile(r'"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)"')


async def test_lists_and_single_ones_tell_moments_in_one_form(caller: Caller) -> None:
    made = (await caller("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"})).body
    await caller("POST", "/v1/feedback", {"execution_id": made["id"], "thumb": "up"})
    for path in (f"/v1/executions/{made['id']}", "/v1/executions", "/v1/feedback", "/v1/models", "/v1/alert-rules"):
        said = json.dumps((await caller("GET", path)).body)
        assert set(MOMENT.findall(said)) <= {"Z"}, path
    assert MOMENT.search(json.dumps((await caller("GET", f"/v1/executions/{made['id']}")).body))
