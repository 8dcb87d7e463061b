"""LiteLLM's clients follow no redirect, whoever else wrapped them before (PROMISES S-02)."""

import functools
from typing import Any

import httpx
import pytest

from burnish_executor.io.no_redirects import follow_no_redirects

pytestmark = pytest.mark.promise("S-02")


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.host == "asked.example":
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})
    return httpx.Response(200, text=request.headers.get("x-api-key", ""))


def asked() -> int:
    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        return client.get("https://asked.example/", headers={"x-api-key": "a-key"}).status_code


async def asked_later() -> int:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        return (await client.get("https://asked.example/", headers={"x-api-key": "a-key"})).status_code


@pytest.mark.asyncio
@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_redirect_is_an_answer_also_where_somebody_wrapped_the_clients(monkeypatch: pytest.MonkeyPatch, is_wrapped: bool) -> None:
    for kind in (httpx.Client, httpx.AsyncClient):
        monkeypatch.setattr(kind, "send", traced(kind.send) if is_wrapped else kind.send)
    assert (asked(), await asked_later()) == (200, 200), "they would follow"
    follow_no_redirects()
    assert (asked(), await asked_later()) == (307, 307)


def test_it_wraps_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx.Client, "send", httpx.Client.send)
    monkeypatch.setattr(httpx.AsyncClient, "send", httpx.AsyncClient.send)
    follow_no_redirects()
    once = httpx.Client.send
    follow_no_redirects()
    assert httpx.Client.send is once


def traced(send: Any) -> Any:
    """As a library for traces wraps it."""

    @functools.wraps(send)
    def sent(*args: Any, **options: Any) -> Any:
        return send(*args, **options)

    return sent
