"""LiteLLM's process: what it gets of our environment, what it may reach, and what happens when it dies."""

import asyncio
import contextlib
import gc
import os
import re
import signal
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.litellm_call import BadCall, arguments_of, key_arguments, secrets_in
from burnish_executor.io.litellm_process import LiteLLMProcess, NotThere
from burnish_executor.io.model_client import call_model
from burnish_executor.io.providers import Providers
from burnish_shared.contracts.executions import Route
from burnish_shared.providers import PRESETS, SIGNED_IN_AT_A_BROWSER, wire_of
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
    async with asyncio.timeout(60):
        while providers.litellm.pid is not None:
            await asyncio.sleep(0.01)
    answer = await litellm_way.ask(litellm_way.request(base_url=f"{simulator.url}/v1"), timeout_s=90)
    assert isinstance(answer, Answer) and providers.litellm.pid not in (None, before)


async def test_a_call_that_a_dying_process_never_had_is_made_by_the_next(
    litellm_way: Way, simulator: Simulator, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call leaves a connection that is kept, by which the second finds a process that is as good as dead."""
    request = litellm_way.request(base_url=f"{simulator.url}/v1")
    assert isinstance(await litellm_way.ask(request, timeout_s=90), Answer)
    before = await alive(providers)
    called, lost = asyncio.Event(), list[Any]()
    next_session = LiteLLMProcess.session_after

    def counted(*given: Any) -> Any:
        called.set()
        return call_model(*given)

    async def noted(process: LiteLLMProcess, session: Any) -> Any:
        lost.append(session)
        return await next_session(process, session)

    monkeypatch.setattr("burnish_executor.io.providers.call_model", counted)
    monkeypatch.setattr(LiteLLMProcess, "session_after", noted)
    os.kill(before, signal.SIGSTOP)  # It takes connections and reads nothing.
    asking = asyncio.create_task(litellm_way.ask(request, timeout_s=90))
    await called.wait()
    os.kill(before, signal.SIGKILL)
    assert isinstance(await asking, Answer) and providers.litellm.pid not in (None, before) and len(lost) == 1


async def test_a_live_process_that_takes_no_connection_is_replaced_while_what_it_has_begun_goes_on(
    litellm_way: Way, simulator: Simulator, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish_executor.io.litellm_process.HEALTH_S", 1000.0)  # Or its watch ends it before the other has started.
    watched = await providers.litellm.session()
    os.kill(await alive(providers), signal.SIGKILL)
    await providers.litellm.session_after(watched)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def think(request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await answered.wait()
        return web.json_response(
            {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 1},
             "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "At last."}}]}
        )  # fmt: skip

    first = await providers.litellm.session()
    before = await alive(providers)
    async with RawTestServer(think) as server:
        begun = asyncio.create_task(litellm_way.ask(litellm_way.request(base_url=str(server.make_url("/v1"))), timeout_s=90))
        await asked.wait()
        connector = first.connector
        assert isinstance(connector, aiohttp.UnixConnector)
        Path(connector.path).unlink()  # The call under way keeps its connection; no other is taken.
        answer = await litellm_way.ask(litellm_way.request(base_url=f"{simulator.url}/v1"), timeout_s=90)
        assert isinstance(answer, Answer) and providers.litellm.pid not in (None, before)
        os.kill(before, 0)  # It lives.
        answered.set()
        whole = await begun
    assert isinstance(whole, Answer) and whole.output == "At last."


async def test_a_process_that_takes_calls_gets_the_call_that_did_not_reach_it_again(providers: Providers) -> None:
    session = await providers.litellm.session()
    assert await providers.litellm.session_after(session) is session


async def test_a_process_that_hangs_was_not_reached(litellm_way: Way, simulator: Simulator, providers: Providers) -> None:
    """It never asked for the body, so no provider can have it: whoever asks may ask elsewhere."""
    killed = await providers.litellm.session()
    hanging = await alive(providers)
    os.kill(hanging, signal.SIGSTOP)
    failure = await litellm_way.ask(litellm_way.request(base_url=f"{simulator.url}/v1"), timeout_s=1)
    os.kill(hanging, signal.SIGKILL)
    assert isinstance(failure, Failure) and failure.kind is FailureKind.UNREACHABLE
    await providers.litellm.session_after(killed)


@pytest.mark.promise("E-01")
async def test_a_call_that_may_have_reached_the_provider_is_not_made_again(litellm_way: Way, providers: Providers) -> None:
    asked, ended = list[str](), asyncio.Event()

    async def think(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        os.kill(await alive(providers), signal.SIGKILL)
        await ended.wait()
        return web.Response(status=500)

    killed = await providers.litellm.session()
    async with RawTestServer(think) as server:
        failure = await litellm_way.ask(litellm_way.request(base_url=str(server.make_url("/v1"))), timeout_s=90)
        ended.set()
    assert isinstance(failure, Failure) and failure.kind is FailureKind.CUT_OFF and len(asked) == 1
    await providers.litellm.session_after(killed)  # For the tests behind this one.


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


@pytest.mark.promise("S-02")
@pytest.mark.parametrize("model", ["anthropic/claude-3-haiku-20240307", "together_ai/chat", "gemini/gemini-2.0-flash"])
@pytest.mark.parametrize("status", [302, 307, 308])
async def test_a_redirect_takes_no_key_to_another_origin(providers: Providers, model: str, status: int) -> None:
    """httpx takes only `Authorization` off on the way; Anthropic's key is in `x-api-key`, Google's in `x-goog-api-key`."""
    asked, stolen = list[str](), list[Any]()

    async def redirect(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=status, headers={"location": f"http://127.0.0.1:{thief.port}{request.path}"})

    async def steal(request: web.BaseRequest) -> web.StreamResponse:
        stolen.append((request.path, dict(request.headers)))
        return web.json_response({})

    async with RawTestServer(redirect) as named, RawTestServer(steal) as thief:
        session = await providers.litellm.session()
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
        headers = {"x-burnish-base-url": f"http://127.0.0.1:{named.port}/v1", "authorization": "Bearer the-key-of-this-provider"}
        async with session.post("http://litellm/v1/chat/completions", json=body, headers=headers) as answer:
            assert answer.status >= 400, await answer.text()
            assert "the-key-of-this-provider" not in await answer.text()
    assert asked and not stolen


@pytest_asyncio.fixture(loop_scope="session")
async def starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[list[Any]]:
    """Processes that were started in the place of LiteLLM's, which is ready when there is a file `go`."""
    (tmp_path / "slow_llm.py").write_text(
        "import os, sys, time\n"
        f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
        f"print(open({str(tmp_path / 'go')!r}).read(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    monkeypatch.setattr("burnish_executor.io.litellm_process.MODULE", "slow_llm")
    monkeypatch.setattr("burnish_executor.io.litellm_process.STOP_S", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started, start = list[Any](), asyncio.create_subprocess_exec

    async def counted(*args: Any, **options: Any) -> Any:
        started.append(await start(*args, **options))
        return started[-1]

    monkeypatch.setattr("asyncio.create_subprocess_exec", counted)
    yield started
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


@pytest.mark.promise("G-11")
async def test_a_start_goes_on_when_those_who_waited_for_it_had_less_time(starts: list[Any], tmp_path: Path) -> None:
    """Each took the process along that it had started, so that calls of little time had none for ever."""
    litellm = LiteLLMProcess("")
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await litellm.session()
    leaving = asyncio.create_task(litellm.session())
    await asyncio.sleep(0)
    leaving.cancel()
    done, _ = await asyncio.wait([leaving], timeout=60)
    assert done and leaving.cancelled()
    (tmp_path / "going").write_text("ready")
    (tmp_path / "going").rename(tmp_path / "go")  # Whole as soon as it is there.
    async with asyncio.timeout(60):
        await litellm.session()
    assert len(starts) == 1 and litellm.pid == starts[0].pid
    await litellm.close()
    assert starts[0].returncode is not None


async def test_a_start_that_fails_tells_all_who_wait_and_is_no_fault_where_nobody_does(starts: list[Any], tmp_path: Path) -> None:
    litellm, loop, faults = LiteLLMProcess(""), asyncio.get_running_loop(), list[Any]()
    before = loop.get_exception_handler()
    gc.collect()  # What other tests left is no matter of this one.
    loop.set_exception_handler(lambda _, context: faults.append(context))
    try:
        waiting = [asyncio.create_task(litellm.session()) for _ in range(3)]
        while not starts:
            await asyncio.sleep(0.01)
        waiting.pop().cancel()
        (tmp_path / "go").write_text("not at all")
        async with asyncio.timeout(60):
            told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in told] == [NotThere, NotThere] and len(starts) == 1
        del told, waiting
        litellm._not_before = 0.0
        alone = asyncio.create_task(litellm.session())
        await asyncio.sleep(0)
        alone.cancel()
        async with asyncio.timeout(60):
            while litellm._failures < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        litellm._starting = None
        gc.collect()
    finally:
        loop.set_exception_handler(before)
    assert [one for one in faults if "never retrieved" in one["message"]] == [] and len(starts) == 2
    await litellm.close()


async def test_who_waits_for_a_start_that_is_given_up_is_told_so_and_the_process_ends(starts: list[Any]) -> None:
    litellm = LiteLLMProcess("")
    waiting = asyncio.create_task(litellm.session())
    while not starts:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        await litellm.close()
        with pytest.raises(NotThere):
            await waiting
    assert starts[0].returncode is not None and litellm.pid is None


async def test_without_litellm_its_providers_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_executor.io.litellm_process.find_spec", lambda name: None)
    with pytest.raises(NotThere, match=r"burnish\[litellm\]"):
        await LiteLLMProcess("").session()


async def test_a_machine_without_room_for_its_socket_ends_no_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that makes the process ready ends the executor with whatever it does not expect."""

    def no_room(**_: Any) -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("burnish_executor.io.litellm_process.tempfile.mkdtemp", no_room)
    with pytest.raises(NotThere):
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


def test_no_call_waits_for_somebody_to_sign_in() -> None:
    """LiteLLM sleeps meanwhile in the one process that everybody's calls go through."""
    spec = find_spec("litellm")
    assert spec is not None and spec.submodule_search_locations
    text = (Path(spec.submodule_search_locations[0]) / "constants.py").read_text()
    theirs = re.search(r"^PROVIDERS_THAT_AUTHENTICATE_ON_PROVIDER_INFO\b[^{]*\{([^}]*)\}", text, re.MULTILINE)
    assert theirs and set(re.findall(r'"(\w+)"', theirs[1])) <= SIGNED_IN_AT_A_BROWSER
    for name in SIGNED_IN_AT_A_BROWSER:
        with pytest.raises(BadCall, match="signs in"):
            arguments_of({"model": f"{name}/gpt-4o", "messages": []}, key="k" * 10, base_url="https://h.example.com", timeout_s=5)


def test_the_parts_of_a_key_are_all_secret() -> None:
    key = '{"aws_access_key_id":"AKIA0123456789","aws_secret_access_key":"wJalrXUtnFEMI"}'
    assert {"AKIA0123456789", "wJalrXUtnFEMI", key} == set(secrets_in({"api_key": key}))


def test_every_provider_through_litellm_has_a_name_there_and_the_others_none() -> None:
    assert all((preset.litellm is not None) == (preset.wire == "litellm") for preset in PRESETS.values())
    assert wire_of("google") == "litellm" and wire_of("unheard_of") == "openai"
    assert Route(model="m", provider="google", upstream_model="g", base_url="", price=PRICE)
