"""Logs without secrets, traces that keep their id over a hop, failpoints that are off by default."""

import asyncio
import errno
import io
import json
import logging as stdlib_logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from burnish_shared import failpoints, logging, tracing

CANARY = "Canary0Canary1Canary2Canary3Canary4"

KEK = "Canary0Canary1Canary2Canary3Canary4Canary5A="


@pytest.mark.promise("S-05")
@pytest.mark.parametrize(
    "secret",
    [
        f"bk_live_0a1b2c3d_{CANARY}_xyz123",
        f"sk-proj-{CANARY}",
        f"sk-ant-api03-{CANARY}",
        f"sk-or-v1-{CANARY}",
        f"sk_live_{CANARY}",
        f"AIzaSy{CANARY}",
        f"gsk_{CANARY}",
        f"hf_{CANARY}",
        f"xai-{CANARY}",
        f"pplx-{CANARY}",
        f"github_pat_{CANARY}",
        f"AKIA{CANARY}",
        f"whsec_{CANARY}+/=",
        f"Bearer {CANARY}",
        f"authorization: bearer {CANARY}",
        f"Authorization: Basic {CANARY}=",
        f"nats://executor:{CANARY}@127.0.0.1:4222",
        f"postgresql://burnish_gateway:{CANARY}%40x@127.0.0.1:5432/burnish",
        f"host=db user=x password={CANARY} dbname=burnish",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}",
        f"burnish_session={'0a' * 16}.{CANARY}12345678",
        f"set-cookie: __Host-burnish_session={CANARY}; Path=/",
        f"{'0a' * 16}.{CANARY}12345678",
        f'{{"api_key": "{CANARY}", "n": 1}}',
        f"{{'new_password': '{CANARY}'}}",
        f"client_secret={CANARY}&x=1",
        f"BURNISH_KEK={KEK}",
        KEK,
    ],
)
def test_a_secret_does_not_survive_in_a_log_line(secret: str) -> None:
    clean = logging.redact(f"before {secret} after")
    assert clean.startswith("before ") and clean.endswith(" after")
    assert "Canary" not in clean and logging.redact(clean) == clean


def test_ordinary_text_is_left_alone() -> None:
    ordinary = (
        "a secret was rotated",
        "0198a3f2-1b2c-7d3e-8f4a-5b6c7d8e9f00",
        "input_tokens=1200",
        "key=my-prompt",
        "eyJ",
        "password: too short",
    )
    for text in (*ordinary, "task-runner", "bk_ is a prefix", "skipped", "http://127.0.0.1:8000/path", "Bearer of news", "basic needs"):
        assert logging.redact(text) == text


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    lines = io.StringIO()
    monkeypatch.setattr("sys.stderr", lines)
    root = stdlib_logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.configure(service="executor", replica="1")
    yield lines
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.promise("S-05")
def test_log_lines_are_json_with_origin_and_trace_and_without_secrets(log_lines: io.StringIO) -> None:
    with tracing.span("work", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-00"):
        structlog.get_logger("x").warning(
            "call_failed",
            url="https://u:secretword@host/x",
            nested={"key": ["sk-abcdefghijkl"], "password": "shapeless"},
            api_key="shapeless",
        )
    stdlib_logging.getLogger("library").warning("got %s", "Bearer abcdefghijklmnop")
    ours, theirs = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert (ours["event"], ours["service"], ours["replica"], ours["trace_id"]) == ("call_failed", "executor", "1", "a" * 32)
    assert not [one for one in ("secretword", "sk-abc", "abcdefghijklmnop") if one in log_lines.getvalue()]
    assert "shapeless" not in log_lines.getvalue()
    assert theirs["level"] == "warning"


class Full(io.StringIO):
    """The log file of a disk that has no room, as long as `is_full`."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.mark.promise("G-10")
def test_a_log_without_room_ends_nothing_and_goes_on_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops that log a failure ended by the failure to log it, and the process that was to end with them lived on."""
    lines = Full()
    monkeypatch.setattr("sys.stderr", lines)
    root = stdlib_logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logging.configure(service="gateway", replica="1")
        structlog.get_logger("x").warning("before")
        lines.is_full = True
        structlog.get_logger("x").warning("lost")
        stdlib_logging.getLogger("library").warning("lost too")
        lines.is_full = False
        structlog.get_logger("x").warning("after")
        stdlib_logging.getLogger("library").warning("and this")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
    assert [json.loads(line)["event"] for line in lines.getvalue().splitlines() if line] == ["before", "after", "and this"]


@pytest.mark.parametrize("log", [">/dev/full", ">&-"])
def test_a_process_whose_log_takes_nothing_works_on(log: str) -> None:
    program = """
import structlog
from burnish_shared import logging
logging.configure(service="gateway", replica="1")
for _ in range(3):
    structlog.get_logger("x").warning("lost", text="y" * 20_000)
print("works on")
"""
    command = ["sh", "-c", f'exec "$0" -c "$1" 2{log}', sys.executable, program]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert ended.stdout == "works on\n"


def test_an_exception_is_logged_without_its_secret(log_lines: io.StringIO) -> None:
    try:
        raise ValueError("key sk-abcdefghijkl is wrong")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    assert "sk-abc" not in log_lines.getvalue() and "ValueError" in log_lines.getvalue()


def test_a_span_keeps_the_trace_of_its_parent_and_gives_way_to_the_outer_one() -> None:
    parent = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    assert tracing.headers() == {}
    with tracing.span("outer", parent=parent) as outer:
        assert outer[:35] == parent[:35] and outer != parent and outer.endswith("-01")
        with tracing.span("inner") as inner:
            assert inner[3:35] == "1" * 32 and tracing.headers() == {"traceparent": inner}
        assert tracing.current() == outer
    assert tracing.current() is None


def test_spans_are_exported_with_their_attributes_once_an_endpoint_is_set() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    try:
        tracing.configure(service="executor", otlp_endpoint=f"http://127.0.0.1:{collector.server_port}/v1/traces")
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "simulated/chat"}
        with tracing.span("chat simulated/chat", attributes=attributes) as outer, tracing.span("inner") as inner:
            assert tracing.valid(outer) and inner[3:35] == outer[3:35]
        tracing.flush()
    finally:
        tracing.configure(service="", otlp_endpoint="")
        collector.shutdown()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert all(one in body for one in (b"burnish-executor", b"chat simulated/chat", b"inner", b"gen_ai.request.model"))


ZEROS = ("00-" + "0" * 32 + "-" + "2" * 16 + "-01", "00-" + "1" * 32 + "-" + "0" * 16 + "-01")
"""What W3C Trace Context forbids."""


@pytest.mark.parametrize("bad", ["", "00-xyz", "00-" + "1" * 32 + "-" + "2" * 16 + "-01\r\nX: y", "ff" * 30, *ZEROS])
def test_a_malformed_traceparent_is_not_passed_on(bad: str) -> None:
    assert tracing.valid(bad) is None
    with tracing.span("work", parent=bad) as fresh:
        assert tracing.valid(fresh)


def test_an_execution_runs_in_its_callers_trace_or_in_one_that_is_called_by_its_id() -> None:
    one, theirs = UUID("01970000-0000-7000-8000-000000000001"), "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    assert tracing.of_execution(one, theirs) == theirs and tracing.trace_id_of(theirs) == UUID("1" * 32)
    for nobody in (None, "", "00-xyz", *ZEROS):
        own = tracing.of_execution(one, nobody)
        assert tracing.valid(own) == own and own[3:35] == one.hex and tracing.trace_id_of(nobody) is None


async def test_a_failpoint_sleeps_only_where_it_is_set() -> None:
    failpoints.configure("slow:sleep=30, other:exit")
    try:
        async with asyncio.timeout(0):  # Nothing in it waits, or it would be cancelled there.
            await failpoints.hit("elsewhere")
        started = time.monotonic()
        await failpoints.hit("slow")
        assert time.monotonic() - started >= 0.03
    finally:
        failpoints.configure("")


class Died(BaseException):
    """In place of the end of this process."""


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def die(code: int) -> None:
        raise Died(code)

    monkeypatch.setattr("os._exit", die)
    yield
    failpoints.configure("")


async def died_at(point: str, *, of: int) -> list[int]:
    """At which of so many times a process that goes on would have died there."""
    died = []
    for number in range(1, of + 1):
        try:
            await failpoints.hit(point)
        except Died:
            died.append(number)
    return died


async def test_a_failpoint_kills_a_process_at_its_nth_time(deaths: None) -> None:
    failpoints.configure("now:exit,third:exit=3")
    assert await died_at("now", of=1) == [1]
    assert (await died_at("third", of=3), await died_at("elsewhere", of=3)) == ([3], [])


async def test_a_failpoint_that_kills_once_leaves_all_later_processes_alone(deaths: None, tmp_path: Path) -> None:
    for one, expected in (("one", [1]), ("other", [1])):
        for died in (expected, []):
            failpoints.configure(f"{one}:exit_once={tmp_path}")  # As a process reads it that starts.
            assert await died_at(one, of=2) == died


@pytest.mark.parametrize("text", ["a", "a:boom", "a:sleep", "a:sleep=x", "a:exit=0", "a:exit=x", "a:exit_once"])
def test_an_unknown_failpoint_action_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="failpoint"):
        failpoints.configure(text)
