"""An installation whose code runs at Daytona: what its users hear over the API (PRODUCT O3)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.embedded.stack import Caller, Stack, running_stack
from tests.fakes.daytona import KEY, FakeDaytona, daytona, refusing
from tests.integration.evaluators.patient import patient_caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3")]

CODE = {"kind": "code", "code": "import statistics\nstatistics.mean([len(output) > 3, 1])"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fake() -> AsyncIterator[FakeDaytona]:
    async with daytona() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any, fake: FakeDaytona) -> AsyncIterator[Stack]:
    far = {"sandbox": "daytona", "daytona_api_key": SecretStr(KEY), "daytona_api_url": f"{fake.url}/api"}
    async with running_stack(module_database_urls, nats_server, gateway=far, executor=far) as running:
        yield running
    assert not fake.boxes, "the services left a sandbox behind"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await patient_caller(stack)


async def test_everybody_hears_where_code_runs(caller: Caller) -> None:
    told = await caller("GET", "/v1/evaluators/where-code-runs")
    assert (told.status, told.body) == (200, {"languages": [{"language": "python", "runs_at": "daytona", "leaves_installation": True}]})


async def test_an_evaluator_is_tried_there(caller: Caller, fake: FakeDaytona) -> None:
    made = await caller("POST", "/v1/evaluators", {"name": "long", "settings": CODE})
    assert made.status == 201 and not fake.made, "saving looks at the code here"
    tried = await caller("POST", f"/v1/evaluators/{made.body['id']}/try", {"output": "four"})
    assert (tried.status, tried.body["score"]) == (200, 1.0) and len(fake.made) == 1
    mistake = await caller("POST", "/v1/evaluators", {"name": "odd", "settings": {"kind": "code", "code": "x = 1\nif x\n"}})
    assert mistake.status == 422 and mistake.body["error"]["details"]["line"] == 2


async def test_a_guardrail_of_ones_own_looks_from_there(caller: Caller, fake: FakeDaytona) -> None:
    settings = {"kind": "code", "language": "python", "code": "'secret' not in output", "on_failure": "block"}
    made = await caller("POST", "/v1/guardrails", {"name": "no secrets", "settings": settings, "sides": ["in"]})
    assert made.status == 201, made.body
    before = len(fake.made)
    asked = {"model": "simulated/chat", "messages": [{"role": "user", "content": "a secret"}]}
    refused = await caller("POST", "/v1/executions", asked)
    assert refused.status == 422 and "no secrets" in refused.body["error"]["message"] and len(fake.made) > before, refused.body
    assert (await caller("DELETE", f"/v1/guardrails/{made.body['id']}")).status == 204


@pytest.mark.parametrize(("status", "says"), [(401, "refuses the key"), (500, "cannot be reached"), (429, "busy")])
async def test_what_is_wrong_there_is_told_without_the_key(module_database_urls: Any, nats_server: Any, status: int, says: str) -> None:
    async with daytona() as fake:
        far = {"sandbox": "daytona", "daytona_api_key": SecretStr(KEY), "daytona_api_url": f"{fake.url}/api"}
        fake.answers["make"] = refusing(status, f"{KEY} is not good")
        async with running_stack(module_database_urls, nats_server, executors=0, gateway=far) as running:
            caller = await running.caller()
            tried = await caller("POST", "/v1/evaluators/try", {"settings": CODE, "output": "four"})
    assert (tried.status, tried.body["score"], tried.body["unavailable"]) == (200, None, "unavailable")
    assert says in tried.body["reason"] and KEY not in tried.raw.decode()
