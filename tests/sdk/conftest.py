"""A whole Burnish of real processes, and clients for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish_client import Burnish
from tests.embedded.installation import Installation

SLOW = "sdk-slow"


@pytest.fixture
def burnish(installation: Installation, tmp_path: Path) -> Iterator[Burnish]:
    """A client with a cache of its own."""
    with client(installation, cache_folder=tmp_path / "cache") as one:
        yield one


def client(installation: Installation, **given: Any) -> Burnish:
    return Burnish(base_url=installation.connection["url"], api_key=installation.connection["api_key"], **given)


@pytest.fixture(scope="session")
def readers_key(installation: Installation) -> str:
    """Of a workspace of its own with the prompt that the guides run."""
    key = str(json.loads(installation.run("workspace", "create", "Guides of the clients", "--json").stdout)["api_key"])
    with Burnish(base_url=installation.connection["url"], api_key=key, cache_folder=False) as burnish:
        messages = [{"role": "user", "content": "Greet {{name}}."}]
        burnish.request("POST", "/v1/prompts", {"slug": "greeting", "messages": messages, "model": "simulated/chat"})
    return key


def told_to_write(guide: str, *, language: str) -> str:
    """What a reader of a guide has at its end: all of its pieces in one language, one after the other."""
    text = (Path(__file__).parents[2] / "docs/guides" / guide).read_text()
    return "\n\n".join(re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="session")
def prompt(installation: Installation) -> str:
    """Slug of a prompt with a snippet, a condition and a default, in the installation of the session."""
    with client(installation, cache_folder=False) as burnish:
        burnish.request(
            "POST",
            "/v1/prompts",
            {"slug": "sdk-tone", "messages": [{"role": "user", "content": 'Be {{tone = "kind"}}.'}], "model": "simulated/chat"},
        )
        text = "{{> sdk-tone}} Greet {{name}}.{{#if formal}} Use the last name.{{/if}}"
        burnish.request(
            "POST",
            "/v1/prompts",
            {
                "slug": "sdk-greeting",
                "messages": [{"role": "user", "content": text}],
                "model": "simulated/chat",
                "max_tokens": 50,
                "config": {"voice": "warm"},
            },
        )
        model = {
            "model": SLOW,
            "capabilities": ["chat", "streaming", "json"],
            "provider": "simulated",
            "upstream_model": "fault/slow_chunks,rate=20",
            "context_tokens": 100_000,
        }
        prices = {"input_price_nusd_per_million": 100_000_000, "output_price_nusd_per_million": 400_000_000}
        burnish.request("POST", "/v1/models", {**model, **prices, "output_tokens": 4_000})
        reader = {"model": "sdk-reader", "upstream_model": "chat", "preferred_for": ["enrichment"]}
        burnish.request("POST", "/v1/models", {**model, **prices, **reader, "output_tokens": 4_000})
    return "sdk-greeting"
