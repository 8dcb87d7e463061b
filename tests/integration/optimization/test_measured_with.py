"""No label moves to what was measured with another model than its calls would meet (PRODUCT O6)."""

from typing import Any

import pytest

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_generations import served
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.tickets import STRONG

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O6")]


async def test_a_gain_with_one_model_goes_live_with_another_only_where_somebody_insists(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    await start_optimizer()
    await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "model": "simulated/chat"}, status=201)
    await served(desk, "PUT", "/v1/prompts/tickets/labels/production", {"version": 2})
    models = {"task": "simulated/reader"}
    job = await desk.until(f"/v1/optimizations/{await start(desk, method='manual', manual={'candidates': [STRONG]}, models=models)}")
    assert job["outcome"] == "improved", job["error"] or job["report"]
    path = f"/v1/suggestions/{job['suggestion_id']}"
    for body, label in (({}, "production"), ({"label": "staging"}, "staging")):
        error = (await served(desk, "POST", f"{path}/accept", body, status=409))["error"]
        assert error["param"] == "label" and f"'{label}'" in error["message"], error
        assert error["details"] == {"measured_with": ["simulated/reader"], "model": "simulated/chat"}
    assert (await served(desk, "GET", path))["status"] == "open"
    assert (await served(desk, "GET", "/v1/prompts/tickets?label=production"))["version"] == 2
    accepted = await served(desk, "POST", f"{path}/accept", {"force": True})
    assert (accepted["version"], accepted["label"]) == (3, "production")


async def test_a_gain_with_another_model_becomes_a_version_that_nobody_gets(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    manual = {"candidates": [STRONG]}
    await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "model": "simulated/chat"}, status=201)
    models = {"task": "simulated/reader"}
    job = await desk.until(f"/v1/optimizations/{await start(desk, method='manual', manual=manual, models=models, version=2)}")
    path = f"/v1/suggestions/{job['suggestion_id']}"
    found = (await served(desk, "GET", path))["content"]
    await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 2, **found}, status=201)
    await served(desk, "POST", "/v1/prompts/tickets/archive")
    refused = await served(desk, "POST", f"{path}/accept", {"label": None}, status=409)
    assert refused["error"]["param"] == "prompt", "also where that version stands already"
    await served(desk, "POST", "/v1/prompts/tickets/restore")
    accepted = await served(desk, "POST", f"{path}/accept", {"label": None})
    assert (accepted["version"], accepted["label"]) == (3, None)


async def test_settings_that_were_measured_with_the_versions_own_model_go_live(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """The change leaves the model out, since the version calls it already: the evidence says with which it was measured."""
    await start_optimizer()
    settings = {"space": {"model": ["simulated/reader"], "temperature": [0.5]}}
    models = {"task": "simulated/chat"}
    job = await desk.until(f"/v1/optimizations/{await start(desk, method='settings', settings=settings, models=models)}")
    assert job["outcome"] == "improved", job["error"] or job["report"]
    path = f"/v1/suggestions/{job['suggestion_id']}"
    found = await served(desk, "GET", path)
    assert "model" not in found["content"] and found["evidence"]["model"] == "simulated/reader"
    assert (await served(desk, "POST", f"{path}/accept", {}))["label"] == "production"
