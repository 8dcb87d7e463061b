"""What the Python client sends again, when, and what it gives up at once."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
import pytest

from burnish_client import ApiError, AsyncBurnish, Burnish, RateLimited
from burnish_client.wire import wait_s
from tests.sdk.test_python_alone import answering

pytestmark = pytest.mark.capability("K1")


def test_what_may_succeed_later_is_sent_again_under_the_same_key_when_the_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("burnish_client.client.time", SimpleNamespace(sleep=waits.append, monotonic=time.monotonic))
    transport, asked = answering(
        httpx.ConnectError("refused"),
        httpx.Response(503, headers={"retry-after": "7"}),
        httpx.Response(200, json={"id": "1", "status": "success"}),
    )
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert burnish.execute("greeting")["id"] == "1"
    assert len({one.headers["idempotency-key"] for one in asked}) == 1 and len(asked) == 3
    assert waits[0] <= 0.5 and waits[1:] == [7]


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (402, 1), (422, 1), (429, 2), (503, 2)])
def test_only_what_may_succeed_later_is_sent_again(status: int, tries: int) -> None:
    error = {"error": {"code": "c", "message": "m", "request_id": "r"}}
    transport, asked = answering(*(httpx.Response(status, json=error, headers={"retry-after": "0"}) for _ in range(2)))
    with Burnish(api_key="k", transport=transport, cache_folder=False, max_retries=1) as burnish, pytest.raises(ApiError) as refused:
        burnish.execute("greeting")
    assert len(asked) == tries and (refused.value.code, refused.value.request_id) == ("c", "r")


def test_what_failed_for_good_under_its_key_is_not_waited_for() -> None:
    """Every further try would carry the same key, and be told the same after the wait that the provider asks for."""
    spent = httpx.Response(429, json={"error": {"code": "c", "message": "m"}}, headers={"retry-after": "30", "x-should-retry": "false"})
    transport, asked = answering(spent)
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish, pytest.raises(ApiError) as refused:
        burnish.execute("greeting")
    assert len(asked) == 1 and refused.value.status == 429


@pytest.mark.parametrize("said_s", ["9999", "61"])
async def test_a_server_that_says_to_come_back_later_than_any_try_is_believed_at_once(said_s: str) -> None:
    """Two more tries would wait 30 s each at the most."""

    def full() -> tuple[httpx.MockTransport, list[httpx.Request]]:
        error = {"error": {"code": "rate_limited", "message": "m", "retry_after_s": int(said_s)}}
        return answering(httpx.Response(429, json=error, headers={"retry-after": said_s}))

    (transport, asked), (transport_too, asked_too) = full(), full()
    with Burnish(api_key="k", transport=transport, cache_folder=False, max_retries=2) as burnish, pytest.raises(RateLimited) as refused:
        burnish.execute("greeting")
    async with AsyncBurnish(api_key="k", transport=transport_too, cache_folder=False, max_retries=2) as burnish_too:
        with pytest.raises(RateLimited) as refused_too:
            await burnish_too.execute("greeting")
    assert refused.value.retry_after_s == refused_too.value.retry_after_s == int(said_s) and len(asked) == len(asked_too) == 1


def test_a_server_that_says_to_come_back_by_the_last_try_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_client.client.time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    transport, asked = answering(httpx.Response(429, headers={"retry-after": "60"}), httpx.Response(200, json={"id": "1"}))
    with Burnish(api_key="k", transport=transport, cache_folder=False, max_retries=2) as burnish:
        assert burnish.execute("greeting")["id"] == "1" and len(asked) == 2


def _gone(before: int | Exception, code: str = "not_found") -> httpx.MockTransport:
    """The first try is answered with this status, or fails so; the second is answered 404."""
    said = {"error": {"code": "c", "message": "m"}}
    first = before if isinstance(before, Exception) else httpx.Response(before, headers={"retry-after": "0"}, json=said)
    return answering(first, httpx.Response(404, json={"error": {"code": code, "message": "m"}}))[0]


@pytest.mark.parametrize("before", [httpx.ReadError("broke off"), 502])
async def test_a_removal_whose_answer_was_lost_is_done_where_the_next_try_finds_nothing(before: int | Exception) -> None:
    with Burnish(api_key="k", transport=_gone(before), cache_folder=False) as burnish:
        assert burnish.request("DELETE", "/v1/prompts/p") is None
    async with AsyncBurnish(api_key="k", transport=_gone(before), cache_folder=False) as burnish_too:
        assert await burnish_too.request("DELETE", "/v1/prompts/p") is None


@pytest.mark.parametrize(
    ("method", "before", "code"),
    [
        ("GET", 502, "not_found"),
        ("DELETE", 429, "not_found"),
        ("DELETE", httpx.ConnectError("refused"), "not_found"),
        ("DELETE", 502, "no route of this ingress"),
    ],
)
async def test_what_was_never_there_is_not_found(method: str, before: int | Exception, code: str) -> None:
    with Burnish(api_key="k", transport=_gone(before, code), cache_folder=False) as burnish, pytest.raises(ApiError) as caught:
        burnish.request(method, "/v1/prompts/p")
    async with AsyncBurnish(api_key="k", transport=_gone(before, code), cache_folder=False) as burnish_too:
        with pytest.raises(ApiError) as caught_too:
            await burnish_too.request(method, "/v1/prompts/p")
    assert caught.value.status == caught_too.value.status == 404


def test_waits_grow_and_heed_what_the_server_says() -> None:
    assert wait_s(0, retry_after="7") == 7 and wait_s(0, retry_after="9000") == 30
    assert 3 < wait_s(0, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)) <= 5
    assert wait_s(0, retry_after="Wed, 21 Oct 2015 07:28:00 GMT") == 0 and wait_s(0, retry_after="Fri, 31 Dec 2199 23:59:59 GMT") == 30
    assert all(0.25 <= wait_s(0, retry_after=said) <= 0.5 for said in (None, "nan", "soon") for _ in range(50))
    assert all(4 <= wait_s(5, retry_after="soon") <= 8 for _ in range(50))
