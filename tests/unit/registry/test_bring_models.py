"""Addresses of models that a file describes are looked at before anything is written (PRODUCT P10)."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish_gateway.bundle.bring_models import CHECKS_AT_ONCE, refusals_of
from burnish_gateway.deps import Gateway
from burnish_gateway.models.bodies import NewModel
from burnish_shared.egress import EgressRefused

pytestmark = pytest.mark.capability("P10")


async def test_each_address_is_looked_at_once_and_several_at_a_time() -> None:
    asked: list[str] = []
    all_there = asyncio.Event()

    async def check(url: str) -> None:
        asked.append(url)
        if len(asked) == CHECKS_AT_ONCE:
            all_there.set()
        await all_there.wait()
        if url.startswith("https://bad"):
            raise EgressRefused("It is not public.", param="url")

    gateway = cast(Gateway, SimpleNamespace(egress=SimpleNamespace(check=check), settings=SimpleNamespace(trust_tenant_prices=True)))
    given: dict[str, Any] = {"provider": "openai_compatible"}
    hosts = ["bad.example.com", *(f"h{n}.example.com" for n in range(CHECKS_AT_ONCE + 5))]
    models = [NewModel.model_validate(given | {"model": f"{host}/{n}", "base_url": f"https://{host}/v1"}) for host in hosts for n in (1, 2)]
    async with asyncio.timeout(5):
        found = await refusals_of(gateway, models)
    assert found == {"bad.example.com/1": "It is not public.", "bad.example.com/2": "It is not public."}
    assert sorted(asked) == sorted(f"https://{host}/v1" for host in hosts)
