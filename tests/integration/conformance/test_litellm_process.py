"""LiteLLM's process: what it gets of our environment, what it may reach, and what happens when it dies."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.litellm_call import BadCall, arguments_of, key_arguments, secrets_in
from burnish_executor.io.litellm_process import LiteLLMProcess, NotThere
from burnish_executor.io.providers import Providers
from burnish_shared.contracts.executions import Route
from burnish_shared.providers import PRESETS, wire_of
from burnish_simulator.app import Simulator
from tests.integration.conformance.conftest import PRICE, THROUGH_LITELLM, Way

pytestmark = pytest.mark.capability("E4")


@pytest.fixture
def litellm_way(providers: Providers) -> Way:
    return Way("litellm", THROUGH_LITELLM, "", "", "", providers, [])


async def alive(providers: Providers) -> int:
    await providers.litellm.session()
    assert providers.litellm.pid is not None
    return providers.litellm.pid


@pytest.mark.promise("E-10")
async def test_it_finds_no_key_and_no_address_of_ours_in_its_environment(providers: Providers) -> None:
    pid = await alive(providers)
    found = dict(one.split("=", 1) for one in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in one)
    assert not [name for name in found if name.endswith(("_KEY", "_TOKEN", "_URL", "_KEK", "_PASSWORD")) or "proxy" in name.lower()]
    assert found["LITELLM_LOCAL_MODEL_COST_MAP"] == "True" and found["LITELLM_OFFLINE_MODE"] == "true"
    assert found["HOME"] != os.environ.get("HOME")
    assert (Path(found["HOME"]) / "socket").stat().st_mode & 0o077 == 0


async def test_a_process_that_dies_is_started_again_by_the_next_call(litellm_way: Way, simulator: Simulator, providers: Providers) -> None:
    before = await alive(providers)
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(15):
        while providers.litellm.pid is not None:
            await asyncio.sleep(0.01)
    answer = await litellm_way.ask(litellm_way.request(base_url=f"{simulator.url}/v1"), timeout_s=30)
    assert isinstance(answer, Answer) and providers.litellm.pid not in (None, before)


@pytest.mark.promise("E-13")
async def test_its_sockets_reach_no_inner_address_whoever_opens_them(providers: Providers) -> None:
    """An address that nobody checked beforehand: the operator's own provider, here with a name that leads inside."""
    session = await providers.litellm.session()
    body = {"model": "together_ai/chat", "messages": [{"role": "user", "content": "hi"}]}
    async with session.post(
        "http://litellm/v1/chat/completions", json=body, headers={"x-burnish-base-url": "http://10.1.2.3/v1", "authorization": "Bearer k"}
    ) as answer:
        assert answer.status >= 500
        assert "10.1.2.3" not in await answer.text()


async def test_without_litellm_its_providers_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_executor.io.litellm_process.find_spec", lambda name: None)
    with pytest.raises(NotThere, match=r"burnish\[litellm\]"):
        await LiteLLMProcess("").session()


def test_only_named_arguments_are_passed_and_no_address_through_a_key() -> None:
    body = {"model": "gemini/g", "messages": [], "api_base": "http://evil", "mock_response": "x", "extra_headers": {}, "temperature": 0}
    given = arguments_of(body, key="k" * 10, base_url=None, timeout_s=5)
    assert given.keys() == {"model", "messages", "temperature", "num_retries", "max_retries", "drop_params", "api_key", "timeout"}
    with pytest.raises(BadCall):
        key_arguments("bedrock", '{"aws_region_name":"eu","aws_profile_name":"root"}')
    with pytest.raises(BadCall):
        arguments_of({"model": "gemini/../x"}, key=None, base_url=None, timeout_s=None)
    assert key_arguments("gemini", '{"a":1}') == {"api_key": '{"a":1}'} and key_arguments("gemini", None) == {"api_key": "none"}


def test_the_parts_of_a_key_are_all_secret() -> None:
    key = '{"aws_access_key_id":"AKIA0123456789","aws_secret_access_key":"wJalrXUtnFEMI"}'
    assert {"AKIA0123456789", "wJalrXUtnFEMI", key} == set(secrets_in({"api_key": key}))


def test_every_provider_through_litellm_has_a_name_there_and_the_others_none() -> None:
    assert all((preset.litellm is not None) == (preset.wire == "litellm") for preset in PRESETS.values())
    assert wire_of("google") == "litellm" and wire_of("unheard_of") == "openai"
    assert Route(model="m", provider="google", upstream_model="g", base_url="", price=PRICE)
