"""The Python client on the wire by itself: lines as they come, connections of one process, a disk that does not obey, no secret."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from burnish_client import ApiError, AsyncBurnish, Burnish, verify_webhook
from burnish_client.lines import Lines

pytestmark = pytest.mark.capability("K1")

SEPARATED = "one\u2028two\u2029three\u0085four"
"""What `str.splitlines` takes for four lines, and JSON for one text."""


class ByteByByte(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes a byte at a time, so that characters and line ends are cut in the middle too."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()

    def __iter__(self) -> Iterator[bytes]:
        for one in self._bytes:
            yield bytes([one])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for one in self:
            yield one


def always(text: str) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, stream=ByteByByte(text)))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_a_stream_brings_every_text_that_json_can_hold_as_it_is(end: str) -> None:
    data = json.dumps({"text": SEPARATED}, ensure_ascii=False)
    transport = always(f"event: delta{end}data: {data}{end}{end}event: done{end}data: {json.dumps({'id': '1'})}{end}{end}")
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish, burnish.stream("p") as pieces:
        assert list(pieces) == [SEPARATED] and pieces.result is not None
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too, burnish_too.stream("p") as pieces_too:
        assert [piece async for piece in pieces_too] == [SEPARATED] and pieces_too.result is not None


async def test_results_of_a_batch_hold_every_text_that_json_can_and_the_last_line_needs_no_end() -> None:
    rows = [{"output": SEPARATED}, {"output": "plain"}]
    transport = always("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    with Burnish(api_key="k", transport=transport, cache_folder=False) as burnish:
        assert list(burnish.batch_results("b")) == rows
    async with AsyncBurnish(api_key="k", transport=transport, cache_folder=False) as burnish_too:
        assert [row async for row in burnish_too.batch_results("b")] == rows


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ((b"a\r", b"\nb"), ["a", "b"]),
        ((b"a", b"\r", b"\n", b"b\n"), ["a", "b"]),
        ((b"\ra\n\r", b"b\r\n"), ["\ra", "\rb"]),
        ((b"a\r\r\nb\rc\n",), ["a\r", "b\rc"]),
        ((b"\n", b"", b"\r\n", b"\na\n\n"), ["", "", "", "a", ""]),
    ],
)
def test_a_line_ends_with_lf_or_cr_lf_wherever_it_is_cut(parts: tuple[bytes, ...], lines: list[str]) -> None:
    """A CR that stands anywhere else is part of the line."""
    taken = Lines()
    assert [line for part in parts for line in taken.feed(part)] + taken.end() == lines
    assert taken.end() == []


def test_a_long_line_is_put_together_once() -> None:
    """What is kept of it until then are the parts that came: joining at each would copy all that was there before."""
    part, taken = b"x" * 1024, Lines()
    before = sys.getrefcount(part)
    assert not any(taken.feed(part) for _ in range(1000))
    assert sys.getrefcount(part) == before + 1000
    assert taken.feed(b"y\nz") == ["x" * 1024 * 1000 + "y"] and taken.end() == ["z"]
    assert sys.getrefcount(part) == before


class TellsConnection(BaseHTTPRequestHandler):
    """Answers with what the connection is, as this end sees it, and keeps it open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


WAITS = """
import os, sys, httpx
from burnish_client import Burnish
burnish = Burnish(base_url=sys.argv[1], api_key="k", cache_folder=False)
def ask(): return burnish.request("GET", "/v1/credits")
def close(): burnish.close()
"""

IS_AWAITED = """
import asyncio, os, sys, httpx
from burnish_client import AsyncBurnish
burnish = AsyncBurnish(base_url=sys.argv[1], api_key="k", cache_folder=False)
loop = asyncio.new_event_loop()
def ask(): return loop.run_until_complete(burnish.request("GET", "/v1/credits"))
def close(): loop.run_until_complete(burnish.close())
"""

FORKS = """
first = ask()
child = os.fork()
print(first, ask(), ask(), flush=True) if child == 0 else os.waitpid(child, 0)
if child: print(first, ask(), ask(), flush=True)
os._exit(0)
"""

FORKS_WHAT_WAS_CLOSED = """
print(ask(), flush=True)
close()
child = os.fork()
if child: os.waitpid(child, 0)
try: print(ask(), flush=True)
except RuntimeError as refused: print(refused, flush=True)
os._exit(0)
"""

CLOSES_IN_THE_CHILD = """
first = ask()
child = os.fork()
if child == 0:
    httpx.Client.__init__ = httpx.AsyncClient.__init__ = lambda *_, **__: print("made one", flush=True)
    httpx.Client.close = httpx.AsyncClient.aclose = lambda *_: print("closed the parent's", flush=True)
    close()
    close()
    try: ask()
    except RuntimeError as refused: print(refused, flush=True)
else:
    os.waitpid(child, 0)
    print(first, ask(), flush=True)
os._exit(0)
"""

RUNS_TWICE = """
import asyncio, sys
from burnish_client import AsyncBurnish
burnish = AsyncBurnish(base_url=sys.argv[1], api_key="k", cache_folder=False, max_retries=0)
async def ask(): return [await burnish.request("GET", "/v1/credits") for _ in range(2)]
print(*asyncio.run(ask()), *asyncio.run(ask()))
asyncio.run(burnish.close())
asyncio.run(burnish.close())
"""

IS_CLOSED = "This client has been closed; make another one."


@pytest.fixture
def lines_of_a_program() -> Iterator[Callable[[str], list[str]]]:
    """Runs a program beside a server that it may ask, and returns what it prints."""
    with ThreadingHTTPServer(("127.0.0.1", 0), TellsConnection) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"

        def run(program: str) -> list[str]:
            command = [sys.executable, "-c", program, url]
            return subprocess.run(command, capture_output=True, text=True, timeout=200, check=True).stdout.splitlines()

        yield run
        server.shutdown()


def test_a_second_event_loop_asks_over_connections_of_its_own(lines_of_a_program: Callable[[str], list[str]]) -> None:
    """Those of the first went with it, and what stayed of them raised: "Event loop is closed"."""
    [one, same, other, same_again] = lines_of_a_program(RUNS_TWICE)[0].split()
    assert one == same and other == same_again and one != other


@pytest.mark.parametrize("kind", [WAITS, IS_AWAITED], ids=["waits", "is awaited"])
def test_a_process_that_is_forked_asks_over_connections_of_its_own(lines_of_a_program: Callable[[str], list[str]], kind: str) -> None:
    """Over the parent's it would read answers that are for the parent, or for another child."""
    (of_parent, *of_child), (before, *after) = (line.split() for line in lines_of_a_program(kind + FORKS))
    assert of_parent == before and after == [before, before]
    assert of_child[0] == of_child[1] != of_parent, "and over one connection all the time"


@pytest.mark.parametrize("kind", [WAITS, IS_AWAITED], ids=["waits", "is awaited"])
def test_what_was_closed_before_the_fork_is_closed_after_it(lines_of_a_program: Callable[[str], list[str]], kind: str) -> None:
    assert lines_of_a_program(kind + FORKS_WHAT_WAS_CLOSED)[1:] == [IS_CLOSED, IS_CLOSED]


@pytest.mark.parametrize("kind", [WAITS, IS_AWAITED], ids=["waits", "is awaited"])
def test_a_child_that_only_closes_makes_nothing_and_leaves_the_parent_its_own(
    lines_of_a_program: Callable[[str], list[str]], kind: str
) -> None:
    of_child, of_parent = lines_of_a_program(kind + CLOSES_IN_THE_CHILD)
    before, after = of_parent.split()
    assert of_child == IS_CLOSED and before == after


THREADS_OF_A_CHILD = """
import os, threading
from burnish_client.connections import Connections
made, seen = [], []
def make():
    made.append(object())
    mine = made[-1]
    if len(made) == 2:
        others.extend(threading.Thread(target=look) for _ in range(5))
        for other in others: other.start()
        others[-1].join(0.5)
    return mine
def look(): seen.append(connections.http)
others = []
connections = Connections(make)
held = connections._lock
held.acquire()
child = os.fork()
if child: os.waitpid(child, 0)
else:
    look()
    for other in others: other.join()
    print(len(made), len(seen), len(set(seen)), connections.end() is seen[0], flush=True)
os._exit(0)
"""
"""While the first thread makes them others ask too: they wait until it has, or make their own and are done within the time it waits.
A thread of the parent was in the middle of the same when it forked."""


def test_threads_of_a_child_that_ask_at_once_share_what_one_of_them_makes(lines_of_a_program: Callable[[str], list[str]]) -> None:
    """What each makes for itself would stay open after `close`."""
    assert lines_of_a_program(THREADS_OF_A_CHILD) == ["2 6 1 True"]


def test_a_copy_that_cannot_be_removed_hides_no_refusal(tmp_path: Path) -> None:
    gone = httpx.Response(404, json={"error": {"code": "prompt_not_found", "message": "m"}})
    transport = httpx.MockTransport(lambda _: gone)
    with Burnish(api_key="k", transport=transport, cache_folder=tmp_path / "file" / "in" / "the" / "way") as burnish:
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(ApiError) as refused:
            burnish.prompt("p")
    assert refused.value.status == 404


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_nobody_signs_with_a_secret_that_is_none(secret: str) -> None:
    """Such as that of a variable of the environment which nobody set."""
    by_anybody = base64.b64encode(hmac.digest(b"", b"m.1760000000.{}", hashlib.sha256)).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": "1760000000", "webhook-signature": f"v1,{by_anybody}"}
    with pytest.raises(ValueError, match="looks like whsec_"):
        verify_webhook(b"{}", headers, secret, now_s=1_760_000_000)
