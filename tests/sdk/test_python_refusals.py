"""What a program sees of the Python client's refusals and settings: kinds to catch, errors that travel, what may be left out."""

import copy
import json
import logging
import pickle
import tomllib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import burnish_client
from burnish_client import (
    ApiError,
    AsyncBurnish,
    BadRequest,
    Burnish,
    BurnishError,
    Conflict,
    Forbidden,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    StreamBroke,
    Unauthenticated,
)  # fmt: skip

pytestmark = pytest.mark.capability("K1")

ROOT = Path(__file__).parents[2]

KINDS = {
    400: BadRequest, 413: BadRequest, 422: BadRequest, 401: Unauthenticated, 402: PaymentRequired, 403: Forbidden, 404: NotFound,
    410: NotFound, 409: Conflict, 429: RateLimited, 500: ServerError, 502: ServerError, 503: ServerError, 504: ServerError,
}  # fmt: skip
SAID = {"code": "c", "message": "m", "param": "p", "request_id": "r", "retryable": True, "retry_after_s": 2, "details": {"a": 1}}


def client(answer: Callable[[httpx.Request], httpx.Response], **given: Any) -> Burnish:
    return Burnish(api_key="k", transport=httpx.MockTransport(answer), cache_folder=False, **given)


def refusing(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json={"error": SAID}, headers=headers)


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
def test_a_refusal_has_a_kind_to_catch(status: int, kind: type[ApiError]) -> None:
    with client(refusing(status), max_retries=0) as burnish, pytest.raises(ApiError) as refused:
        burnish.execute("greeting")
    assert type(refused.value) is kind and issubclass(kind, ApiError)
    assert (refused.value.status, refused.value.code, refused.value.request_id) == (status, "c", "r")


def test_a_status_of_no_kind_is_a_refusal_all_the_same() -> None:
    with client(refusing(418)) as burnish, pytest.raises(ApiError) as refused:
        burnish.execute("greeting")
    assert type(refused.value) is ApiError


def test_what_a_stream_ends_with_has_its_kind_too() -> None:
    event = f"event: error\ndata: {json.dumps({'error': SAID, 'status': 429})}\n\n"
    with client(lambda _: httpx.Response(200, text=event)) as burnish, pytest.raises(RateLimited), burnish.stream("greeting") as pieces:
        list(pieces)


def refused_elsewhere(status: int) -> None:
    """As a worker of a pool or of a queue raises it."""
    raise burnish_client.errors.refusal_of(status, {"error": SAID}, request_id=None)


def broke_elsewhere() -> None:
    raise StreamBroke("It broke.", text="so far", execution_id="e-1")


def test_errors_travel_between_processes() -> None:
    """One that cannot be unpickled breaks the whole pool, and whoever waits for it hears of nothing else."""
    with ProcessPoolExecutor(1) as pool:
        refused, broke = pool.submit(refused_elsewhere, 404).exception(60), pool.submit(broke_elsewhere).exception(60)
    assert isinstance(refused, NotFound)
    assert (refused.code, refused.param, refused.retry_after_s, refused.details) == (
        "c",
        "p",
        2,
        {"a": 1},
    )
    assert isinstance(broke, StreamBroke) and (str(broke), broke.text, broke.execution_id) == ("It broke.", "so far", "e-1")
    assert copy.copy(refused).body == {"error": SAID} and str(pickle.loads(pickle.dumps(refused))) == str(refused)


async def test_what_is_none_is_left_out_and_every_post_takes_a_key_of_the_caller_s() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json={"feedback_id": "f", "id": "e"})

    comment: str | None = None
    with client(answer) as burnish:
        burnish.feedback("e", thumb="up", comment=comment, idempotency_key="pressed-1")
        burnish.feedback(thumb="up", imported={"source": "crm", "id": "7"})
        burnish.execute("greeting", label=None, cache=True, requirements={"max_latency_ms": 500}, prompt_key="greet")
        burnish.start_batch([{}], prompt="greeting", metadata={"night": "17"}, label=None)
    async with AsyncBurnish(api_key="k", transport=httpx.MockTransport(answer), cache_folder=False) as waiting:
        await waiting.feedback("e", thumb="up", comment=comment, idempotency_key="pressed-1")
    first, imported, execution, batch, last = (json.loads(one.content) for one in sent)
    assert first == last == {"execution_id": "e", "thumb": "up"}
    assert sent[0].headers["idempotency-key"] == sent[-1].headers["idempotency-key"] == "pressed-1"
    assert imported == {"thumb": "up", "imported": {"source": "crm", "id": "7"}}
    assert (
        execution.items() >= {"cache": True, "requirements": {"max_latency_ms": 500}, "prompt_key": "greet"}.items()
        and "label" not in execution
    )
    assert batch == {"inputs": [{"variables": {}}], "request": {"prompt": "greeting"}, "metadata": {"night": "17"}}


async def test_one_call_may_have_settings_of_its_own_over_the_same_connections() -> None:
    asked: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.extensions["timeout"]["read"])
        return httpx.Response(503, headers={"retry-after": "0"})

    with client(answer, timeout_s=60, max_retries=1) as burnish:
        for one in (burnish.with_options(timeout_s=5, max_retries=0), burnish.with_options(max_retries=2), burnish):
            with pytest.raises(ServerError):
                one.execute("greeting")
        assert asked == [5, 60, 60, 60, 60, 60]
        hurried = burnish.with_options(timeout_s=5)
        assert hurried._http is burnish._http
    with pytest.raises(RuntimeError):
        hurried.execute("greeting")
    asked.clear()
    async with AsyncBurnish(api_key="k", transport=httpx.MockTransport(answer), cache_folder=False, timeout_s=60) as waiting:
        with pytest.raises(ServerError):
            await waiting.with_options(timeout_s=5, max_retries=0).execute("greeting")
    assert asked == [5]


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_sent_again_is_said_to_the_log_without_what_it_held(caplog: pytest.LogCaptureFixture, lost: bool) -> None:
    answers = [httpx.Response(503, json={"error": SAID}, headers={"retry-after": "0"}), httpx.Response(200, json={"id": "1"})]

    def answer(_: httpx.Request) -> httpx.Response:
        if lost and len(answers) == 2:
            answers.pop(0)
            raise httpx.ReadTimeout("late")
        return answers.pop(0)

    with caplog.at_level(logging.INFO, logger="burnish_client"), client(answer) as burnish:
        burnish.execute("greeting", {"name": "Ada"}, user_id="secret-person")
    (said,) = [record.getMessage() for record in caplog.records if record.name == "burnish_client"]
    assert said.startswith("POST /v1/executions") and "try 2 of 4" in said and ("late" in said if lost else "503 c, request r" in said)
    assert "Ada" not in said and "secret-person" not in said


async def test_what_runs_in_the_background_is_waited_for() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/executions/e%2F1" or request.url.raw_path == b"/v1/executions/e%2F1"
        return httpx.Response(200, json={"id": "e/1", "status": course.pop(0) if len(course) > 1 else course[0]})

    course = ["queued", "running", "timeout"]
    with client(answer) as burnish:
        assert burnish.await_execution("e/1", every_s=0)["status"] == "timeout"
        course = ["running"]
        with pytest.raises(TimeoutError, match="e/1"):
            burnish.await_execution("e/1", every_s=0, limit_s=0)
    course = ["queued", "running", "success"]
    async with AsyncBurnish(api_key="k", transport=httpx.MockTransport(answer), cache_folder=False) as waiting:
        assert (await waiting.await_execution("e/1", every_s=0))["status"] == "success"


async def test_what_is_no_list_is_said_to_be_none() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "1"})

    with client(answer) as burnish, pytest.raises(ValueError, match="/v1/prompts/p is no list"):
        next(burnish.list("/v1/prompts/p"))
    async with AsyncBurnish(api_key="k", transport=httpx.MockTransport(answer), cache_folder=False) as waiting:
        with pytest.raises(ValueError, match="no list"):
            await anext(waiting.list("/v1/prompts/p"))


def test_the_package_says_its_version_and_its_names() -> None:
    project = tomllib.loads((ROOT / "sdk/python/pyproject.toml").read_text())["project"]
    assert burnish_client.__version__ == project["version"]
    assert {*burnish_client.__all__} <= {*dir(burnish_client)}
    assert all(issubclass(kind, BurnishError) and kind.__name__ in burnish_client.__all__ for kind in KINDS.values())


async def test_a_stream_that_nobody_could_read_is_not_asked_for() -> None:
    """It would run and be paid, and be told as the answer of somebody else."""
    asked: list[httpx.Request] = []
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(200, json={"id": "1"}))
    with Burnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        with pytest.raises(ValueError, match="stream: is another method"):
            burnish.execute("p", stream=True)  # type: ignore[call-arg]
        with pytest.raises(ValueError, match="stream: is another method"), burnish.stream("p", stream=False):  # type: ignore[call-arg]
            pass
    async with AsyncBurnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        with pytest.raises(ValueError, match="stream: is another method"):
            await burnish.execute("p", stream=True)  # type: ignore[call-arg]
    assert asked == []


def test_a_metric_comes_as_a_pair_or_as_the_api_writes_it() -> None:
    asked: list[Any] = []
    transport = httpx.MockTransport(
        lambda request: asked.append(json.loads(request.content)["metric"]) or httpx.Response(202, json={"feedback_id": "1"})
    )
    with Burnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        burnish.feedback("1", metric=("converted", 1))
        burnish.feedback("1", metric={"name": "converted", "value": 1})
    assert asked == [{"name": "converted", "value": 1}] * 2


EVENTS = b"".join(b'event: delta\ndata: {"text": "%s"}\n\n' % one for one in (b"a", b"b", b"c")) + b'event: done\ndata: {"id": "1"}\n\n'


async def test_a_second_loop_over_a_stream_goes_on_where_the_first_was_left() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=httpx.ByteStream(EVENTS)))
    with Burnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        with burnish.stream("p") as pieces:
            assert next(iter(pieces)) == "a"
            assert list(pieces) == ["b", "c"] and list(pieces) == []
        assert pieces.text == "abc" and pieces.result == {"id": "1"}
        with burnish.stream("p") as pieces:
            pass
        with pytest.raises(RuntimeError, match="block of this stream was left"):
            list(pieces)
    async with AsyncBurnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        async with burnish.stream("p") as pieces:
            async for piece in pieces:
                assert piece == "a"
                break
            assert [piece async for piece in pieces] == ["b", "c"] and [piece async for piece in pieces] == []
