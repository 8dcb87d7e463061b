"""Every way to a model: the two formats that we speak ourselves, and LiteLLM's process, all at simulated providers."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure
from burnish_executor.io.model_client import Event
from burnish_executor.io.providers import Providers
from burnish_executor.settings import ExecutorSettings
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from burnish_shared.providers import PRESETS, Preset
from burnish_simulator.app import Simulator
from burnish_simulator.app import serve as serve_simulator
from burnish_simulator.counters import Counters
from tests.fakes.anthropic_simulator import simulating_anthropic
from tests.fakes.messages_provider import KEY, MessagesProvider, serving_messages
from tests.fakes.tool_caller import ToolCaller, calling_tools

PRICE = Price(
    version="t", input_nusd_per_million=3_000_000_000, cached_input_nusd_per_million=300_000_000, output_nusd_per_million=15_000_000_000
)

HELLO = [{"role": "user", "content": "Say hello to Ada."}]


@dataclass(slots=True)
class Way:
    """One way to a model. `provider`: whose name leads there; `simulator` and `tools`: base URLs of what answers."""

    name: str
    provider: str
    simulator: str
    tools: str
    tools_model: str
    providers: Providers = field(repr=False)
    asked_of_tools: list[dict[str, Any]] = field(repr=False)

    def request(self, model: str = "chat", *, stream: bool = False, base_url: str = "", **settings: Any) -> ExecutionRequest:
        now = datetime.now(UTC)
        route = Route(
            model=f"t/{model}", provider=self.provider, upstream_model=model, base_url=base_url or self.simulator, price=PRICE,
            own_base_url=True, keys="own",
        )  # fmt: skip
        messages = settings.pop("messages", HELLO)
        return ExecutionRequest(
            execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=now + timedelta(seconds=120),
            hold_nusd=1, account_ids=[1], route=route, messages=messages, settings={"max_tokens": 200, **settings}, stream=stream,
            sent_at=now,
        )  # fmt: skip

    async def events(self, request: ExecutionRequest, *, timeout_s: float = 60.0) -> list[Event]:
        return [one async for one in self.providers.call(request, key=KEY, timeout_s=timeout_s)]

    async def ask(self, request: ExecutionRequest, *, timeout_s: float = 60.0) -> Answer | Failure:
        """The last event."""
        last = (await self.events(request, timeout_s=timeout_s))[-1]
        assert isinstance(last, Answer | Failure)
        return last


THROUGH_LITELLM = "spoken_to_through_litellm"
"""A provider of these tests: LiteLLM has OpenAI's format for it, so that the same simulator can answer."""


@pytest.fixture(scope="package", autouse=True)
def known_provider() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, THROUGH_LITELLM, Preset(THROUGH_LITELLM, "", wire="litellm", litellm="together_ai"))  # type: ignore[arg-type]
        yield


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def providers() -> AsyncIterator[Providers]:
    """Of an executor; one process of LiteLLM serves the whole package."""
    settings = ExecutorSettings(
        database_url="postgresql://nowhere", nats_url="nats://nowhere", egress_allow="127.0.0.0/8", first_token_s=60, chunk_idle_s=2.0
    )
    made = Providers.open(settings)
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    async with serve_simulator() as running:
        yield running


@pytest.fixture(scope="package")
def anthropic_counters() -> Counters:
    return Counters()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def anthropic_simulator(anthropic_counters: Counters) -> AsyncIterator[str]:
    async with simulating_anthropic(anthropic_counters) as url:
        yield url


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def tool_caller() -> AsyncIterator[ToolCaller]:
    async with calling_tools() as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def messages_provider() -> AsyncIterator[MessagesProvider]:
    async with serving_messages() as running:
        yield running


@pytest.fixture(params=["openai", "anthropic", "litellm"])
def way(
    request: pytest.FixtureRequest,
    providers: Providers,
    simulator: Simulator,
    anthropic_simulator: str,
    tool_caller: ToolCaller,
    messages_provider: MessagesProvider,
) -> Way:
    openai = f"{simulator.url}/v1"
    match request.param:
        case "openai":
            return Way("openai", "openai_compatible", openai, tool_caller.base_url, "tools-1", providers, tool_caller.bodies)
        case "anthropic":
            bodies = messages_provider.bodies
            return Way("anthropic", "anthropic", anthropic_simulator, messages_provider.base_url, "claude-test", providers, bodies)
        case _:
            return Way("litellm", THROUGH_LITELLM, openai, tool_caller.base_url, "tools-1", providers, tool_caller.bodies)
