"""The Python client by itself: what it asks for and serves, whatever a server answers."""

import base64
import json
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from burnish_client import ApiError, AsyncBurnish, Burnish, InvalidWebhook, NotReached, StreamBroke, verify_webhook
from burnish_client.wire import Call, Settings
from burnish_shared.auth.signing_keys import KeyPair, new_key_pair, signer

pytestmark = pytest.mark.capability("K1")


def answering(*answers: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that gives these answers in turn, and what it was asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return httpx.MockTransport(answer), asked


PROMPT = {"slug": "p", "version": 3, "messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "m"}


def test_a_server_that_hangs_is_as_good_as_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_client.calls.PROMPT_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        with Burnish(api_key="k", base_url=url, cache_folder=False) as burnish:
            started = time.monotonic()
            assert burnish.prompt("p", fallback="Hello.").source == "code"
            assert time.monotonic() - started < 20
            asked = hanging.accept()[0]
            asked.close()
            assert burnish.prompt("q", fallback="Hello.").source == "code"
            hanging.setblocking(False)
            with pytest.raises(BlockingIOError):
                hanging.accept()


def test_a_prompt_says_since_when_the_server_itself_could_not_look() -> None:
    transport, _ = answering(
        httpx.Response(200, json=PROMPT, headers={"age": "40", "etag": '"3"'}),
        httpx.Response(304, headers={"age": "50"}),
        httpx.Response(304),
        httpx.Response(429, json={"error": {"code": "rate_limited", "message": "m"}}),
        httpx.Response(403, json={"error": {"code": "forbidden", "message": "m"}}),
    )
    with Burnish(api_key="k", transport=transport, cache_folder=False, prompt_fresh_s=0) as burnish:
        first, second, third, fourth = (burnish.prompt("p") for _ in range(4))
        assert first.stale and 40 <= first.age_s < 45 and second.stale and 50 <= second.age_s < 55
        assert not third.stale and third.age_s < 5
        assert (fourth.source, fourth.stale, fourth.version) == ("memory", True, 3)
        with pytest.raises(ApiError, match="forbidden"):
            burnish.prompt("p")


def test_a_copy_on_disk_knows_when_it_was_last_confirmed(tmp_path: Path) -> None:
    transport, _ = answering(httpx.Response(200, json=PROMPT, headers={"etag": '"3"'}), httpx.Response(304))
    folder = tmp_path / "cache"
    with Burnish(api_key="k", transport=transport, cache_folder=folder, prompt_fresh_s=0) as burnish:
        burnish.prompt("p")
        (stored,) = folder.iterdir()
        assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(stored.stat().st_mode)) == (0o700, 0o600), "prompts are nobody else's"
        os.utime(stored, (1, 1))
        assert burnish.prompt("p").source == "network"
    with Burnish(api_key="k", transport=answering(httpx.ConnectError("away"))[0], cache_folder=folder) as later:
        known = later.prompt("p")
        assert (known.source, known.stale) == ("disk", True) and known.age_s < 60


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(200, text="<html>Sign in to the hotel's network</html>"), NotReached),
        (httpx.Response(301, headers={"location": "https://elsewhere/"}), ApiError),
    ],
)
def test_what_somebody_else_answers_is_no_answer(answer: httpx.Response, expected: type[Exception]) -> None:
    with Burnish(api_key="k", transport=answering(answer)[0], cache_folder=False) as burnish, pytest.raises(expected):
        burnish.execute("greeting")


def test_an_execution_asks_for_the_whole_answer_and_is_waited_for_until_its_deadline() -> None:
    transport, asked = answering(httpx.Response(200, json={"id": "1"}), httpx.Response(200, json={"id": "2"}))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        burnish.execute("greeting", deadline_s=600)
        burnish.execute("greeting", deadline_s=5)
    assert json.loads(asked[0].content)["response_shape"] == "with_metadata"
    assert [one.extensions["timeout"]["read"] for one in asked] == [610, 125]


async def test_a_list_begins_where_it_is_told_to() -> None:
    pages = ({"data": [{"n": 1}], "next_cursor": "c2"}, {"data": [{"n": 2}], "next_cursor": None})
    transport, asked = answering(*(httpx.Response(200, json=page) for page in (*pages, *pages)))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert [row["n"] for row in burnish.list("/v1/prompts", tag="x", cursor="c1")] == [1, 2]
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert [row["n"] async for row in burnish_too.list("/v1/prompts", tag="x", cursor="c1")] == [1, 2]
    assert [one.url.params["cursor"] for one in asked] == ["c1", "c2"] * 2


async def test_a_list_takes_parameters_whose_names_are_no_words_of_python() -> None:
    """`from` is a keyword and `metadata[plan]` no name; a parameter `query` went out as itself, and was refused."""
    page = {"data": [{"n": 1}], "next_cursor": None}
    transport, asked = answering(*(httpx.Response(200, json=page) for _ in range(2)))
    query = {"from": "2026-11-01T00:00:00Z", "metadata[plan]": "pro", "limit": 5}
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert [row["n"] for row in burnish.list("/v1/executions", query=query, limit=9)] == [1]
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert [row["n"] async for row in burnish_too.list("/v1/executions", query=query, limit=9)] == [1]
    assert [dict(one.url.params) for one in asked] == [query | {"limit": "9"}] * 2


async def test_a_list_begins_at_the_cursor_of_its_query_and_goes_on_from_there() -> None:
    pages = [{"data": [{"n": 3}], "next_cursor": "third"}, {"data": [{"n": 4}], "next_cursor": None}]
    transport, asked = answering(*(httpx.Response(200, json=page) for page in pages * 3))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert [row["n"] for row in burnish.list("/v1/executions", query={"cursor": "second"})] == [3, 4]
        assert [row["n"] for row in burnish.list("/v1/executions", query={"cursor": "first"}, cursor="second")] == [3, 4]
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert [row["n"] async for row in burnish_too.list("/v1/executions", query={"cursor": "second"})] == [3, 4]
    assert [one.url.params.get("cursor") for one in asked] == ["second", "third"] * 3


async def test_a_query_in_the_path_is_sent_and_joined_by_the_query_beside_it() -> None:
    """Without it a removal of one prompt's answers empties the cache, and a dry run of an import is one."""
    page = {"data": [{"n": 1}], "next_cursor": "c2"}, {"data": [{"n": 2}], "next_cursor": None}
    told = [httpx.Response(200, json=one) for one in ({}, {}, {}, *page)]
    transport, asked = answering(*told, *[httpx.Response(200, json=one) for one in ({}, {}, {}, *page)])
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        burnish.request("DELETE", "/v1/cache?prompt=faq")
        burnish.request("POST", "/v1/import?dry_run=true&note=", {}, query={"on_conflict": "skip", "left_out": None})
        burnish.request_raw("GET", "/v1/x?tag=a%20b&tag=c&limit=1", query={"limit": 2})
        assert [row["n"] for row in burnish.list("/v1/prompts?tag=x&cursor=c1")] == [1, 2]
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        await burnish_too.request("DELETE", "/v1/cache?prompt=faq")
        await burnish_too.request("POST", "/v1/import?dry_run=true&note=", {}, query={"on_conflict": "skip", "left_out": None})
        await burnish_too.request_raw("GET", "/v1/x?tag=a%20b&tag=c&limit=1", query={"limit": 2})
        assert [row["n"] async for row in burnish_too.list("/v1/prompts?tag=x&cursor=c1")] == [1, 2]
    sent = [(one.url.path, one.url.params.multi_items()) for one in asked]
    assert sent[:5] == [
        ("/v1/cache", [("prompt", "faq")]),
        ("/v1/import", [("dry_run", "true"), ("note", ""), ("on_conflict", "skip")]),
        ("/v1/x", [("tag", "a b"), ("tag", "c"), ("limit", "2")]),
        ("/v1/prompts", [("tag", "x"), ("cursor", "c1")]),
        ("/v1/prompts", [("tag", "x"), ("cursor", "c2")]),
    ]
    assert sent[5:] == sent[:5]


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces; the last may be an error. `is_closed`: whether its connection was given back."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for one in self.pieces:
            if isinstance(one, Exception):
                raise one
            yield one

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for one in self:
            yield one

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


DELTA = b'event: delta\ndata: {"text": "Hel"}\n\n'


async def test_leaving_a_stream_or_results_early_gives_the_connection_back() -> None:
    bodies = [Pieces(DELTA, DELTA, DELTA) for _ in range(2)] + [Pieces(b'{"a": 1}\n', b'{"a": 2}\n')]
    transport, _ = answering(*(httpx.Response(200, stream=body) for body in bodies))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish, burnish.stream("p") as pieces:
        assert next(iter(pieces)) == "Hel" and not bodies[0].is_closed
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too, burnish_too.stream("p") as pieces_too:
        async for piece in pieces_too:
            assert piece == "Hel"
            break
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        results = burnish.batch_results("b")
        assert next(results) == {"a": 1}
        results.close()  # type: ignore[attr-defined]
    assert [body.is_closed for body in bodies] == [True] * 3


async def test_a_batch_that_paused_itself_is_waited_for_no_longer_one_that_a_person_paused_is() -> None:
    def told(status: str, reason: str | None = None) -> httpx.Response:
        return httpx.Response(200, json={"id": "b", "status": status, "pause_reason": reason})

    for reason in ("funds", "budget", "suspended", "refused"):
        course = [("in_progress", None), ("pausing", reason), ("paused", reason)]
        transport, asked = answering(*(told(*one) for one in course * 2))
        with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
            assert burnish.await_batch("b", every_s=0)["pause_reason"] == reason
        async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
            assert (await burnish_too.await_batch("b", every_s=0))["pause_reason"] == reason
        assert len(asked) == 6
    course = [("paused", "asked"), ("paused", "asked"), ("in_progress", None), ("completed", None)]
    transport, _ = answering(*(told(*one) for one in course * 2))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert burnish.await_batch("b", every_s=0)["status"] == "completed"
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert (await burnish_too.await_batch("b", every_s=0))["status"] == "completed"


def result_lines(*lines: int) -> bytes:
    return b"".join(json.dumps({"id": f"b:{n}", "line": n, "response": {}, "error": None}).encode() + b"\n" for n in lines)


def broke_off(from_line: int, *, retryable: bool = True) -> bytes:
    """The last line of an answer whose rest the server could not read."""
    said = {
        "code": "unavailable",
        "message": "m",
        "retryable": retryable,
        "retry_after_s": 0.0,
        "details": {"batch_id": "b", "from_line": from_line},
    }
    return json.dumps({"error": said}).encode() + b"\n"


async def test_results_of_a_batch_go_on_where_the_server_or_the_connection_broke_off() -> None:
    """Line 3 has no answer yet, so the server goes on behind it."""
    answers = [
        (result_lines(0, 1), broke_off(2)),
        (result_lines(2), broke_off(4)),
        (result_lines(4)[:9], httpx.ReadError("reset")),
        (result_lines(4),),
    ]
    transport, asked = answering(*(httpx.Response(200, stream=Pieces(*one)) for one in (*answers, *answers)))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert [row["line"] for row in burnish.batch_results("b")] == [0, 1, 2, 4]
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert [row["line"] async for row in burnish_too.batch_results("b")] == [0, 1, 2, 4]
    assert [one.url.params.get("from_line") for one in asked] == [None, "2", "4", "4"] * 2


async def test_results_of_a_batch_that_do_not_get_on_are_given_up_with_what_was_said() -> None:
    endless = [(result_lines(5), broke_off(6)), (broke_off(6),), (broke_off(6),)]
    for_good = [(broke_off(5, retryable=False),)]
    cut = [(result_lines(5), httpx.ReadError("reset")), (b"<html>",)]
    for answers, tries, expected, said in [
        (endless, 3, ApiError, "unavailable"),
        (for_good, 1, ApiError, "unavailable"),
        (cut, 2, NotReached, "from_line=6"),
    ]:
        transport, asked = answering(*(httpx.Response(200, stream=Pieces(*one)) for one in (*answers, *answers)))
        rows: list[int] = []
        with (
            Burnish(api_key="k", transport=transport, cache_folder=False, max_retries=tries - 1) as burnish,
            pytest.raises(expected, match=said),
        ):
            rows.extend(row["line"] for row in burnish.batch_results("b", from_line=5))
        async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False, max_retries=tries - 1) as burnish_too:
            with pytest.raises(expected, match=said):
                rows.extend([row["line"] async for row in burnish_too.batch_results("b", from_line=5)])
        assert len(asked) == 2 * len(answers) and asked[0].url.params["from_line"] == "5"


BROKEN: list[tuple[bytes | Exception, type[Exception]]] = [
    (httpx.ReadError("reset"), StreamBroke), (httpx.DecodingError("gzip"), StreamBroke), (b"event: delta\ndata: null\n\n", StreamBroke),
    (b"event: delta\ndata: {\n\n", StreamBroke), (b"", StreamBroke),
    (b'event: error\ndata: {"error": {"code": "c", "message": "m"}, "status": 502}\n\n', ApiError),
]  # fmt: skip


@pytest.mark.parametrize(("then", "expected"), BROKEN)
async def test_whatever_goes_wrong_within_a_stream_is_an_error_of_this_package(then: bytes | Exception, expected: type[Exception]) -> None:
    transport, _ = answering(*(httpx.Response(200, stream=Pieces(DELTA, then)) for _ in range(2)))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        with pytest.raises(expected) as caught, burnish.stream("p") as pieces:
            list(pieces)
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        with pytest.raises(expected):
            async with burnish_too.stream("p") as pieces_too:
                assert [piece async for piece in pieces_too]
    assert not isinstance(caught.value, StreamBroke) or caught.value.text == "Hel"


async def test_an_answer_that_is_not_packed_as_it_says_is_an_error_of_this_package_and_not_asked_for_again() -> None:
    """It said what it had to say: another try would be paid for, and be no more readable."""

    def garbled() -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Pieces(b"no gzip"))

    transport, asked = answering(*(garbled() for _ in range(6)))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        for call in (burnish.request, burnish.request_raw):
            with pytest.raises(NotReached, match="cannot be read"):
                call("GET", "/v1/prompts")
        with pytest.raises(NotReached, match="cannot be read"):
            list(burnish.list("/v1/prompts"))
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        for call_too in (burnish_too.request, burnish_too.request_raw):
            with pytest.raises(NotReached, match="cannot be read"):
                await call_too("GET", "/v1/prompts")
        with pytest.raises(NotReached, match="cannot be read"):
            assert [row async for row in burnish_too.list("/v1/prompts")]
    assert len(asked) == 6


async def test_a_refusal_that_cannot_be_read_is_one_all_the_same_and_gives_the_connection_back() -> None:
    """A proxy's: its status is known, so it is tried again where that may help, and told where it may not."""
    made: list[Pieces] = []

    def garbled(status: int) -> httpx.Response:
        made.append(Pieces(b"no gzip"))
        return httpx.Response(status, headers={"content-encoding": "gzip", "retry-after": "0"}, stream=made[-1])

    told = [garbled(503), httpx.Response(200, json={"id": "p"}), garbled(401), garbled(404)]
    transport, asked = answering(*told, *[garbled(503), httpx.Response(200, json={"id": "p"}), garbled(401), garbled(404)])
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert burnish.request("GET", "/v1/prompts/p") == {"id": "p"}
        with pytest.raises(ApiError) as refused:
            burnish.request("GET", "/v1/prompts/p")
        with pytest.raises(ApiError) as absent, burnish.stream("p") as pieces:
            list(pieces)
        assert (refused.value.status, absent.value.status) == (401, 404)
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert await burnish_too.request("GET", "/v1/prompts/p") == {"id": "p"}
        with pytest.raises(ApiError) as refused:
            await burnish_too.request("GET", "/v1/prompts/p")
        with pytest.raises(ApiError) as absent:
            async with burnish_too.stream("p") as pieces_too:
                assert [piece async for piece in pieces_too]
        assert (refused.value.status, absent.value.status) == (401, 404)
    assert len(asked) == 8 and all(body.is_closed for body in made)


async def test_what_is_no_json_is_sent_as_it_is_and_read_as_it_came() -> None:
    def csv() -> httpx.Response:
        return httpx.Response(200, text="a,b\n1,2\n", headers={"content-type": "text/csv"})

    def taken() -> httpx.Response:
        return httpx.Response(200, json={"id": "f"})

    transport, asked = answering(httpx.Response(503, headers={"retry-after": "0"}), taken(), taken(), csv(), taken(), csv())
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        form = {"file": ("in.jsonl", b"{}\n", "application/jsonl")}
        assert burnish.request("POST", "/v1/files", {"purpose": "batch"}, files=form) == {"id": "f"}
        assert burnish.request("POST", "/v1/x", content="{}\n", headers={"Content-Type": "application/x-ndjson"}) == {"id": "f"}
        assert burnish.request_raw("GET", "/v1/usage", query={"format": "csv"}).text == "a,b\n1,2\n"
        with pytest.raises(ValueError, match="content"):
            burnish.request("POST", "/v1/x", {}, content=b"")
        with pytest.raises(ValueError, match="body"):
            burnish.request("POST", "/v1/x", [], files=form)
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert await burnish_too.request("POST", "/v1/files", files={"file": b"{}\n"}) == {"id": "f"}
        assert (await burnish_too.request_raw("GET", "/v1/usage")).headers["content-type"] == "text/csv"
    for one in (*asked[:2], asked[4]):
        assert one.headers["content-type"].startswith("multipart/form-data; boundary=") and b"{}\n" in one.content
    assert b'name="purpose"' in asked[1].content and b'filename="in.jsonl"' in asked[1].content and asked[0].content == asked[1].content
    assert (asked[2].headers["content-type"], asked[2].content) == ("application/x-ndjson", b"{}\n")


async def test_a_download_comes_in_pieces_and_its_end_is_told_from_a_break() -> None:
    bodies = [Pieces(b"a,b\n", b"1,2\n"), Pieces(b"a,b\n", httpx.ReadError("reset")), Pieces(b"a,b\n", b"1,2\n"),
              Pieces(b"a,b\n", httpx.ReadError("reset"))]  # fmt: skip
    refused = httpx.Response(403, json={"error": {"code": "forbidden", "message": "No."}})
    transport, asked = answering(*[httpx.Response(200, stream=one) for one in bodies], refused)
    path, query = "/v1/executions/export", {"format": "csv", "prompt": None}
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        with burnish.download(path, query=query) as pieces:
            assert list(pieces) == [b"a,b\n", b"1,2\n"]
        with pytest.raises(NotReached, match="reset"), burnish.download(path) as pieces:
            assert next(pieces) == b"a,b\n" and next(pieces)
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        async with burnish_too.download(path, query=query) as pieces_too:
            assert [one async for one in pieces_too] == [b"a,b\n", b"1,2\n"]
        with pytest.raises(NotReached, match="reset"):
            async with burnish_too.download(path) as pieces_too:
                assert [one async for one in pieces_too]
        with pytest.raises(ApiError, match="No"):
            async with burnish_too.download(path):
                raise AssertionError("a refusal has no pieces")
    assert [one.url.params.multi_items() for one in asked[:2]] == [[("format", "csv")], []]
    assert all(one.is_closed for one in bodies), "each gave its connection back"


def test_a_key_is_needed_and_a_caller_s_own_idempotency_key_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BURNISH_API_KEY", raising=False)
    with pytest.raises(ValueError, match="BURNISH_API_KEY"):
        Burnish()
    settings = Settings.of("http://host/v1/", "k", timeout_s=1, max_retries=0)
    assert settings.base_url == "http://host" and settings.tries == 1
    headers = settings.headers(Call("POST", "/x", {}, headers={"Idempotency-Key": "mine"}))
    assert [value for name, value in headers.items() if name.lower() == "idempotency-key"] == ["mine"]


def test_the_span_of_the_caller_goes_along() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    settings = Settings.of("http://host", "k", timeout_s=1, max_retries=0)
    assert "traceparent" not in settings.headers(Call("GET", "/x"))
    with TracerProvider().get_tracer("t").start_as_current_span("caller") as span:
        assert format(span.get_span_context().trace_id, "032x") in settings.headers(Call("GET", "/x"))["traceparent"]


SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(body: str, *, at: int, secret: str = SECRET) -> dict[str, str]:

    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def test_a_webhook_is_what_the_reference_library_signed() -> None:
    body, now = json.dumps({"type": "alert.raised"}), 1_760_000_000
    assert verify_webhook(body, signed(body, at=now), SECRET, now_s=now) == {"type": "alert.raised"}
    two = signed(body, at=now)
    two["Webhook-Signature"] = "v1,AAAA v2,x " + two["Webhook-Signature"]
    assert verify_webhook(body.encode(), two, SECRET, now_s=now + 299)


@pytest.mark.parametrize("change", ["body", "late", "early", "secret", "no id", "nonsense", "no ascii", "endless"])
def test_a_webhook_of_somebody_else_is_refused(change: str) -> None:
    body, now = json.dumps({"type": "alert.raised"}), 1_760_000_000
    headers: dict[str, Any] = signed(body, at=now, secret="whsec_" + "A" * 32 if change == "secret" else SECRET)
    if change == "no id":
        del headers["Webhook-Id"]
    if change == "nonsense":
        headers["Webhook-Signature"] = "v1,%%%"
    if change == "no ascii":
        headers["Webhook-Signature"] = "v1,é"
    if change == "endless":
        headers["Webhook-Timestamp"] = "9" * 5_000
    at = {"late": now + 301, "early": now - 301}.get(change, now)
    with pytest.raises(InvalidWebhook):
        verify_webhook(body + " " if change == "body" else body, headers, SECRET, now_s=at)


PAIR, OTHER_PAIR = new_key_pair(), new_key_pair()


def signed_by(pair: KeyPair, body: str, *, at: int) -> str:
    return "v1a," + base64.b64encode(signer(pair.private)(f"msg_1.{at}.{body}".encode())).decode()


def test_a_webhook_is_checked_by_the_public_key_alone() -> None:
    body, now = json.dumps({"type": "alert.raised"}), 1_760_000_000
    headers = signed(body, at=now)
    headers["Webhook-Signature"] += f" v1a,AAAA v1a,%%% {signed_by(OTHER_PAIR, body, at=now)} {signed_by(PAIR, body, at=now)}"
    assert verify_webhook(body, headers, PAIR.public, now_s=now) == {"type": "alert.raised"}
    assert verify_webhook(body, headers, SECRET, now_s=now) == {"type": "alert.raised"}
    for changed, wrong in ((body + " ", headers), (body, signed(body, at=now)), (body, headers | {"Webhook-Timestamp": str(now + 1)})):
        with pytest.raises(InvalidWebhook):
            verify_webhook(changed, wrong, PAIR.public, now_s=now)
    for none in ("whpk_", "whpk_AAAA", "whpk_%"):
        with pytest.raises(ValueError, match="looks like whpk_"):
            verify_webhook(body, headers, none, now_s=now)


def test_a_public_key_is_no_secret_that_anybody_could_sign_with() -> None:
    body, now = "{}", 1_760_000_000
    headers = signed(body, at=now, secret="whsec_" + PAIR.public.removeprefix("whpk_"))
    with pytest.raises(InvalidWebhook):
        verify_webhook(body, headers, PAIR.public, now_s=now)


@pytest.mark.parametrize("path", ["http://other.test/v1/prompts", "//other.test/x", "v1/prompts", "", "@other.test/x"])
def test_a_key_goes_to_no_other_host(path: str) -> None:
    asked = []
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(200, json={}))
    with Burnish(base_url="http://host", api_key="k", cache_folder=False, transport=transport) as burnish:
        with pytest.raises(ValueError, match="path: begins with one slash"):
            burnish.request("GET", path)
        assert asked == [] and burnish.request("GET", "/v1/prompts") == {}
    assert [one.url.host for one in asked] == ["host"]


@pytest.mark.parametrize("url", ["nonsense", "localhost:18000", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Burnish(base_url=url, api_key="k", cache_folder=False)
