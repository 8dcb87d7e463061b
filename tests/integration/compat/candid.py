"""A provider that says all that it knows, and two models of it that a workspace may call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import CandidProvider, speaking_candidly


@asynccontextmanager
async def candid_models(caller: Caller, *, openai: str, anthropic: str) -> AsyncIterator[CandidProvider]:
    """`openai`, `anthropic`: the models by whose format they are asked, such as `own/plain`."""
    async with speaking_candidly() as serving:
        for model, kind in ((openai, "vllm"), (anthropic, "anthropic")):
            facts = {
                "model": model, "provider": kind, "upstream_model": model.partition("/")[2], "base_url": serving.base_url,
                "context_tokens": 200_000, "output_tokens": 8000, "input_price_nusd_per_million": 1_000_000_000,
                "output_price_nusd_per_million": 5_000_000_000,
            }  # fmt: skip
            assert (await caller("POST", "/v1/models", facts)).status == 201
        key = {"provider": "anthropic", "name": "a", "key": "sk-ant-test-1234567890", "base_url": serving.base_url}
        assert (await caller("POST", "/v1/provider-keys", key)).status == 201
        yield serving
