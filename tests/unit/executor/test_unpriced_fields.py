"""What no price of ours names is bought with nobody's key but the caller's own, whoever let the call in."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish_executor.ask_keys import Asker
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.run import Run
from burnish_shared.contracts.executions import PriceTier
from tests.unit.executor.test_provider_answers import PRICE, request

pytestmark = [pytest.mark.capability("E7"), pytest.mark.promise("E-14")]

ROUTES: list[dict[str, Any]] = [{"keys": "platform"}, {"keys": "own", "platform_fallback": True}]

SEARCH: dict[str, Any] = {"tools": [{"type": "web_search_preview"}]}

PRIORITY = PriceTier(
    service_tier="priority", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1
)  # fmt: skip


class OperatorsKeyWanted(Exception):
    """Somebody was about to call with it."""


class NoOwnKey:
    """All of the workspace's keys are gone. The operator's is there, allowed, and its markup can be held."""

    def __init__(self) -> None:
        self.leave = self

    async def own(self, run: Run, *, tried: object) -> list[Any]:
        return []

    async def rests(self, run: Run) -> list[Any]:
        return []

    async def holds_for(self, asked: object) -> bool:
        return True

    async def widen_for_operators_key(self, run: Run) -> bool:
        return True

    def operators(self, run: Run) -> Any:
        raise OperatorsKeyWanted


def run_of(route: dict[str, Any], *, extra: dict[str, Any], settings: dict[str, Any], tiers: list[PriceTier]) -> Run:
    asked = request()
    price = PRICE.model_copy(update={"tiers": tiers})
    of = asked.route.model_copy(update={"platform_fallback": False, **route, "price": price})
    made = asked.model_copy(update={"route": of, "extra": extra, "settings": {**asked.settings, **settings}})
    return Run(request=made, reply=cast(Any, None), started_at=0.0)


def asker() -> Asker:
    there = cast(Any, NoOwnKey())
    return Asker(cast(Any, None), cast(Any, None), there, cast(Any, None), there, cast(Any, SimpleNamespace()), cast(Any, None))


@pytest.mark.parametrize("route", ROUTES, ids=["at once", "as the last resort"])
@pytest.mark.parametrize(
    ("extra", "settings"),
    [({"plugins": [{"id": "web"}]}, {}), ({"service_tier": "priority"}, {}), ({"prediction": {"content": "x"}}, {}), ({}, SEARCH)],
    ids=["plugins", "tier", "prediction", "tool"],
)
async def test_the_operators_key_buys_nothing_that_has_no_price(
    route: dict[str, Any], extra: dict[str, Any], settings: dict[str, Any]
) -> None:
    result = await asker().ask(run_of(route, extra=extra, settings=settings, tiers=[]))
    assert isinstance(result, Failure) and result.kind is FailureKind.NO_KEY


@pytest.mark.parametrize("route", ROUTES, ids=["at once", "as the last resort"])
@pytest.mark.parametrize("extra", [{}, {"service_tier": "priority"}, {"verbosity": "low"}], ids=["nothing", "tier", "free"])
async def test_what_has_a_price_may_be_bought_with_it(route: dict[str, Any], extra: dict[str, Any]) -> None:
    with pytest.raises(OperatorsKeyWanted):
        await asker().ask(run_of(route, extra=extra, settings={}, tiers=[PRIORITY]))
