"""Figures of a prompt that nothing knows are refused; those of one that is registered elsewhere, or that nobody has used, are told."""

import json
from datetime import UTC, datetime

import pytest

from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]

PATHS = ("summary", "timeseries", "costs")


async def statuses(caller: Caller, query: str) -> list[int]:
    return [(await caller("GET", f"/v1/analytics/{path}?{query}")).status for path in PATHS]


async def test_figures_of_a_prompt_that_nothing_knows_are_refused_by_name(caller: Caller) -> None:
    for path in PATHS:
        for query in ("prompt=traige", "prompt=traige&grain=day&format=csv"):
            answer = await caller("GET", f"/v1/analytics/{path}?{query}")
            assert (answer.status, answer.body["error"]["param"]) == (404, "prompt") and "'traige'" in answer.body["error"]["message"]


async def test_figures_of_a_prompt_that_nobody_used_are_zeros(caller: Caller) -> None:
    prompt = {"slug": "unused", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    assert await statuses(caller, "prompt=unused") == [200] * 3
    assert (await caller("POST", "/v1/prompts/unused/archive")).status == 200
    assert await statuses(caller, "prompt=Unused&grain=hour") == [200] * 3


async def test_figures_of_a_version_or_label_that_the_prompt_has_not_are_refused_by_name(caller: Caller) -> None:
    prompt = {"slug": "sorted", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    assert (await caller("PUT", "/v1/prompts/sorted/labels/staging", {"version": 1})).status == 200
    assert await statuses(caller, "prompt=sorted&version=1&label=staging") == [200] * 3
    for query, param, named in (("version=7", "version", "no version 7"), ("version=1&label=stagin", "label", "no label 'stagin'")):
        for path in PATHS:
            answer = await caller("GET", f"/v1/analytics/{path}?prompt=sorted&{query}")
            assert (answer.status, answer.body["error"]["param"]) == (404, param) and named in answer.body["error"]["message"]
    assert (await caller("DELETE", "/v1/prompts/sorted/labels/staging")).status == 200
    assert await statuses(caller, "prompt=sorted&label=staging") == [200] * 3, "it had one"
    assert await statuses(caller, "prompt=sorted&label=latest") == [200] * 3, "every prompt has it"
    assert await statuses(caller, "label=stagin&version=7") == [200] * 3, "of no prompt in particular"


async def test_a_version_and_a_label_that_executions_from_elsewhere_name_are_known(caller: Caller) -> None:
    run = {
        "source": "desk", "id": "1", "model": "theirs", "finished_at": datetime.now(UTC).isoformat(), "prompt": "elsewhere", "version": 41,
        "label": "theirs",
    }  # fmt: skip
    answer = await caller("POST", "/v1/executions/import", raw=json.dumps(run).encode(), headers={"content-type": "application/x-ndjson"})
    assert answer.status == 200 and answer.body["rejected"] == 0, answer.body
    old = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    assert await statuses(caller, f"prompt=elsewhere&version=41&label=theirs&{old}") == [200] * 3
    assert await statuses(caller, f"prompt=elsewhere&version=40&{old}") == [404] * 3


async def test_figures_of_a_prompt_that_is_registered_elsewhere_are_told_as_soon_as_its_executions_come_in(caller: Caller) -> None:
    run = {"source": "desk", "id": "1", "model": "theirs", "finished_at": datetime.now(UTC).isoformat(), "prompt": "elsewhere"}
    answer = await caller("POST", "/v1/executions/import", raw=json.dumps(run).encode(), headers={"content-type": "application/x-ndjson"})
    assert answer.status == 200, answer.body
    assert await statuses(caller, "prompt=elsewhere") == [200] * 3
    assert await statuses(caller, "prompt=elsewhere&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z") == [200] * 3, "in any range"


async def test_another_tenants_prompt_is_unknown(caller: Caller, stack: Stack) -> None:
    prompt = {"slug": "secret", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    assert await statuses(await stack.caller(), "prompt=secret") == [404] * 3
