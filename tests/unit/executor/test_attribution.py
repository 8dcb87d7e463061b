"""Who we are, told to those who ask for it, at their own address only (E4)."""

import pytest

from burnish_executor.io.providers import _headers
from burnish_shared.contracts.executions import Price, Route

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
HOME = "https://burnish.example"


@pytest.mark.capability("E4")
@pytest.mark.parametrize(
    ("provider", "own", "public_url", "told"),
    [
        ("openrouter", False, HOME, {"X-Title": "Burnish", "HTTP-Referer": HOME}),
        ("openrouter", False, "", {"X-Title": "Burnish"}),
        ("openrouter", True, HOME, {}),
        ("openai", False, HOME, {}),
    ],
)
def test_openrouter_hears_which_application_calls_and_nobody_else(provider: str, own: bool, public_url: str, told: dict[str, str]) -> None:
    route = Route(model="m", provider=provider, upstream_model="m", base_url="http://x", price=PRICE, own_base_url=own)
    assert _headers(route, timeout_s=1.0, public_url=public_url) == told
