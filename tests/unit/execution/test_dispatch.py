"""What a gateway makes of frames, whatever order and from whomever they come: no executor, no bus, only the rules."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from burnish_gateway.execution import books
from burnish_gateway.execution import dispatch as dispatching
from burnish_gateway.execution.answer import failure_of
from burnish_gateway.execution.dispatch import STALL_S, Dispatch
from burnish_gateway.execution.frames import FrameInbox, GraceOver, Mailbox, NobodyThere
from burnish_gateway.execution.refusals import Refusals
from burnish_gateway.execution.request_bytes import stamped, unstamped
from burnish_gateway.execution.told import Delta, Done, Text
from burnish_shared.bus.frames import CUT_SHORT, Frame, FrameKind, cancelled, superseded
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from burnish_shared.errors import Unavailable
from tests.pace import within
from tests.unit.compat.test_stream_chat import outcome

SILENCE_S = 0.05
GIVE_UP_S = 1.0


class Line:
    """Stands where the bus is: hands what is published to `on_request`, and frames to the one mailbox."""

    def __init__(self, on_request: Callable[["Line", dict[str, Any]], None]) -> None:
        self.nc = self
        self.is_connected = True
        self.requests: list[dict[str, Any]] = []
        self.cancels: list[bytes] = []
        self.mailbox = Mailbox()
        self._on_request = on_request

    async def publish(self, subject: str, body: bytes, reply: str = "") -> None:
        if ".cancel." in subject:
            self.cancels.append(body)
            return
        self.requests.append(json.loads(body))
        self._on_request(self, self.requests[-1])

    async def answers(self, *, timeout_s: float) -> bool:
        return True

    def inbox(self, token: str) -> str:
        return token

    def say(self, kind: FrameKind, fence: int, chunks: int = 0, body: bytes = b"") -> None:
        self.mailbox.put(Frame(kind, fence, chunks, body))


def request(*, stream: bool) -> ExecutionRequest:
    price = Price(version="t", input_nusd_per_million=0, cached_input_nusd_per_million=0, output_nusd_per_million=0)
    now = datetime.now(UTC)
    return ExecutionRequest(
        execution_id=uuid4(),
        workspace_id=uuid4(),
        lane=Lane.INTERACTIVE,
        fence=1,
        deadline_at=now + timedelta(seconds=20),
        hold_nusd=1,
        account_ids=[1],
        route=Route(model="m", provider="p", upstream_model="m", base_url="http://x", price=price),
        messages=[{"role": "user", "content": "hi"}],
        sent_at=now,
        stream=stream,
    )


async def told(
    line: Line, monkeypatch: pytest.MonkeyPatch, *, stream: bool = False, key: tuple[str, str] | None = None, goes_on: bool = False,
    accept_wait_s: float = SILENCE_S,
) -> list[Any]:  # fmt: skip
    """All that the caller hears."""
    fence = 1

    async def raise_fence(*_: Any) -> int:
        nonlocal fence
        fence += 1
        return fence

    monkeypatch.setattr(books, "raise_fence", raise_fence)
    settings = SimpleNamespace(
        sweep_grace_s=1,
        sweep_interval_s=1,
        dispatch_give_up_s=GIVE_UP_S,
        interrupted_give_up_s=2,
        accept_wait_s=accept_wait_s,
        executor_silence_s=SILENCE_S,
    )
    asked = request(stream=stream)
    inbox = FrameInbox(line)  # type: ignore[arg-type]
    clock = SimpleNamespace(now=lambda: datetime.now(UTC))
    gateway = SimpleNamespace(settings=settings, bus=line, inbox=inbox, clock=clock, refusals=Refusals())
    monkeypatch.setattr("burnish_gateway.execution.frames.Mailbox", lambda: line.mailbox)
    async with asyncio.timeout(15):
        return [one async for one in Dispatch(gateway, asked, key=key, goes_on=goes_on).follow()]  # type: ignore[arg-type]


async def test_a_buffered_success_cancels_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.ACCEPTED, 1)
        line.say(FrameKind.TERMINAL, 1, 0, b'{"status":"success"}')

    line = Line(answer)
    assert (await told(line, monkeypatch))[-1] == Done(b'{"status":"success"}')
    assert line.cancels == []


@pytest.mark.promise("E-01")
async def test_a_request_that_kills_its_executor_before_the_model_began_is_handed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each executor takes it and falls silent; the third hears that it is only to be booked."""

    def take_and_die(line: Line, asked: dict[str, Any]) -> None:
        fence = asked.get("fence", 1)
        line.say(FrameKind.ACCEPTED, fence)
        if "interrupted" in asked:
            line.say(FrameKind.TERMINAL, fence, 0, b'{"status":"error"}')

    line = Line(take_and_die)
    assert (await told(line, monkeypatch))[-1] == Done(b'{"status":"error"}')
    assert ["interrupted" in one for one in line.requests] == [False, False, True]
    assert line.requests[-1].get("upstream_started", False) is False


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_step_of_a_chain_waits_while_the_only_executor_starts_again(monkeypatch: pytest.MonkeyPatch, goes_on: bool) -> None:
    """Its run would fail with it. A caller who asked for this call alone hears 503."""
    given_up = list[Any]()

    async def abandon(*args: Any, **_: Any) -> bool:
        given_up.append(args)
        return True

    def answer_late(line: Line, asked: dict[str, Any]) -> None:
        if len(line.requests) < 6:
            asyncio.get_running_loop().call_later(0.001, line.mailbox.put, NobodyThere())
        else:
            line.say(FrameKind.TERMINAL, asked["fence"], 0, b'{"status":"success"}')

    monkeypatch.setattr(books, "abandon", abandon)
    monkeypatch.setitem(globals(), "GIVE_UP_S", 2 * dispatching.RETRY_S)
    with contextlib.nullcontext() if goes_on else pytest.raises(Unavailable, match="No executor can take this"):
        assert (await told(Line(answer_late), monkeypatch, goes_on=goes_on))[-1] == Done(b'{"status":"success"}')
    assert bool(given_up) is not goes_on


async def test_who_looks_long_for_an_executor_looks_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look sends the whole request, and steps of many chains may wait at once."""
    monkeypatch.setattr(books, "abandon", lambda *_, **__: asyncio.sleep(0, True))
    monkeypatch.setattr(dispatching, "RETRY_S", 0.001)
    monkeypatch.setattr(dispatching, "PATIENT_S", 0.5)
    monkeypatch.setitem(globals(), "GIVE_UP_S", 0.1)
    line = Line(lambda own, _: asyncio.get_running_loop().call_soon(own.mailbox.put, NobodyThere()))
    with pytest.raises(Unavailable, match="No executor can take this"):
        await told(line, monkeypatch, goes_on=True)
    assert 10 < len(line.requests) < 80, "every millisecond they would be hundreds"


@pytest.mark.promise("G-12")
async def test_a_gateway_that_stood_still_itself_takes_no_executor_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the executor said meanwhile lies in the socket: it is read before anybody is given up."""

    def answer_while_nobody_listens(line: Line, asked: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        line.say(FrameKind.ACCEPTED, 1)

        def stand_still() -> None:
            time.sleep(SILENCE_S + STALL_S + 0.05)
            loop.call_soon(loop.call_soon, lambda: loop.call_soon(line.say, FrameKind.TERMINAL, 1, 0, b'{"status":"success"}'))

        loop.call_later(0.01, stand_still)

    line = Line(answer_while_nobody_listens)
    assert (await told(line, monkeypatch))[-1] == Done(b'{"status":"success"}')
    assert len(line.requests) == 1, "nobody else was asked"


@pytest.mark.promise("G-18")
async def test_a_gateway_that_stood_still_before_anybody_took_it_reads_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has just been started gets every call at once: the time that it cannot listen in is not time in which nobody came."""

    def answer_while_nobody_listens(line: Line, asked: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()

        def stand_still() -> None:
            time.sleep(GIVE_UP_S + 0.1)
            loop.call_soon(loop.call_soon, lambda: loop.call_soon(line.say, FrameKind.TERMINAL, 1, 0, b'{"status":"success"}'))

        loop.call_later(0.01, stand_still)

    line = Line(answer_while_nobody_listens)
    assert (await told(line, monkeypatch))[-1] == Done(b'{"status":"success"}')
    assert len(line.requests) == 1, "nobody else was asked"


@pytest.mark.promise("G-09")
async def test_when_nobody_comes_the_caller_hears_it_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def abandon(*_: Any, **__: Any) -> bool:
        return True

    monkeypatch.setattr(books, "abandon", abandon)
    began_at = time.monotonic()
    with within(GIVE_UP_S + 1), pytest.raises(Unavailable):
        await told(Line(lambda _, __: None), monkeypatch)
    assert time.monotonic() - began_at >= GIVE_UP_S


@pytest.mark.promise("G-12")
async def test_what_was_delivered_is_left_to_the_sweeper_where_no_executor_is_there_to_price_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """To book it as taken by nobody would give it away."""
    given_up: list[Any] = []

    async def abandon(*args: Any, **_: Any) -> bool:
        given_up.append(args)
        return True

    def begin_and_die(line: Line, asked: dict[str, Any]) -> None:
        if len(line.requests) == 1:
            line.say(FrameKind.ACCEPTED, 1)
            line.say(FrameKind.CHUNK, 1, 1, b'"paid for"')

    monkeypatch.setattr(books, "abandon", abandon)
    line = Line(begin_and_die)
    with pytest.raises(Unavailable, match="stopped in the middle"):
        await told(line, monkeypatch, stream=True)
    assert given_up == [] and line.requests[-1]["interrupted"] == "paid for"


@pytest.mark.promise("G-13")
async def test_a_refusal_by_an_executor_that_was_given_up_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled executor says FULL for fence 1 after fence 2 was sent: nobody else may be given fence 2."""

    def stall_then_work(line: Line, asked: dict[str, Any]) -> None:
        if asked.get("fence", 1) == 2:
            line.say(FrameKind.FULL, 1)
            line.say(FrameKind.ACCEPTED, 2)
            line.say(FrameKind.CHUNK, 2, 1, b'"whole"')
            line.say(FrameKind.TERMINAL, 2, 1, b'{"status":"success","output":"whole"}')

    line = Line(stall_then_work)
    heard = await told(line, monkeypatch, stream=True)
    assert [one.get("fence", 1) for one in line.requests] == [1, 2]
    assert [one for one in heard if isinstance(one, Text)] == [Text(b'"whole"')]


@pytest.mark.promise("E-03", "G-13")
@pytest.mark.parametrize("stream", [True, False])
async def test_nothing_is_heard_any_more_of_an_executor_that_was_given_up(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    """It goes on as if nothing had happened: neither its text nor its end may stand for what the one after it says and books."""

    def stall_then_work(line: Line, asked: dict[str, Any]) -> None:
        if asked["fence"] == 2:
            line.say(FrameKind.CHUNK, 1, 1, b'"stale"')
            line.say(FrameKind.TERMINAL, 1, 1, b'{"status":"success","output":"stale"}')
            line.say(FrameKind.ACCEPTED, 2)
            line.say(FrameKind.CHUNK, 2, 1, b'"whole"')
            line.say(FrameKind.TERMINAL, 2, 1, b'{"status":"success","output":"whole"}')

    line = Line(stall_then_work)
    heard = await told(line, monkeypatch, stream=stream)
    assert [one["fence"] for one in line.requests] == [1, 2]
    assert [one for one in heard if isinstance(one, Text)] == [Text(b'"whole"')]
    assert isinstance(heard[-1], Done) and json.loads(heard[-1].body)["output"] == "whole"


@pytest.mark.promise("G-13")
@pytest.mark.parametrize("order", [(1, 3), (1, 1, 2), (2,), (1, 2, 1), (1, 2), ()])
async def test_chunks_out_of_order_are_replaced_by_what_the_books_have(monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...]) -> None:
    pieces = {1: "one ", 2: "two ", 3: "three "}
    whole = "one two three "

    def answer(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.ACCEPTED, 1)
        for number in order:
            line.say(FrameKind.CHUNK, 1, number, json.dumps(pieces[number]).encode())
        line.say(FrameKind.TERMINAL, 1, 3, json.dumps({"status": "success", "output": whole}).encode())

    heard = await told(Line(answer), monkeypatch, stream=True)
    assert "".join(json.loads(one.body) for one in heard if isinstance(one, Text)) == whole
    assert isinstance(heard[-1], Done) and heard[-1].gap


@pytest.mark.promise("G-13")
async def test_a_gap_that_is_not_known_to_be_filled_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the end says is another text than the one that was told."""
    whole = outcome(output="ONE TWO THREE")

    def answer(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.CHUNK, 1, 1, b'"one "')
        line.say(FrameKind.CHUNK, 1, 3, b'"three"')
        line.say(FrameKind.TERMINAL, 1, 3, whole)

    text, done = await told(Line(answer), monkeypatch, stream=True)
    assert text == Text(b'"one "') and isinstance(done, Done)
    failure = failure_of(done.body)
    assert (failure.code, failure.status, failure.retryable) == ("stream_gap", 502, False)
    assert failure.details["cost_nusd"] == json.loads(whole)["cost_nusd"]


async def test_frames_of_another_fence_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.CHUNK, 7, 1, b'"foreign"')
        line.say(FrameKind.TERMINAL, 7, 1, b'{"status":"error"}')
        line.say(FrameKind.DELTA, 1, 1, b'{"tool_calls":[]}')
        line.say(FrameKind.TERMINAL, 1, 1, b'{"status":"success","output":null}')

    heard = await told(Line(answer), monkeypatch, stream=True)
    assert heard == [Delta(b'{"tool_calls":[]}'), Done(b'{"status":"success","output":null}')]


@pytest.mark.parametrize("turns", range(5))
async def test_a_frame_that_comes_just_as_the_caller_goes_does_not_keep_the_call(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    def accept(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.ACCEPTED, 1)
        line.say(FrameKind.STARTED, 1)

    line = Line(accept)
    following = asyncio.create_task(told(line, monkeypatch, stream=True))
    async with asyncio.timeout(15):
        while not line.requests or line.mailbox.has_arrivals:
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)  # it waits for the next frame by now
    line.say(FrameKind.CHUNK, 1, 1, b'"more"')
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    await asyncio.wait({following}, timeout=SILENCE_S / 2)
    assert following.cancelled()
    assert len(line.cancels) == 1


@pytest.mark.promise("G-11")
async def test_tool_calls_that_were_told_are_booked_when_their_executor_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "look", "arguments": "a" * 96}}]}
    choices = {"choices": [{"index": 0, "delta": {"content": "yes"}}, {"index": 1, "delta": {"content": "nonono"}}]}

    def on_request(line: Line, sent: dict[str, Any]) -> None:
        if "interrupted" in sent:
            line.say(FrameKind.TERMINAL, sent["fence"], 0, b'{"output": "yes"}')
            return
        for n, one in enumerate((call, choices), start=1):
            line.say(FrameKind.DELTA, sent.get("fence", 1), n, json.dumps(one).encode())

    line = Line(on_request)
    heard = await told(line, monkeypatch, stream=True)
    assert [type(one) for one in heard].count(Delta) == 2
    last = line.requests[-1]
    assert (last["interrupted"], last["interrupted_beside_bytes"]) == ("yes", 4 + 96 + 6)


async def test_what_travels_is_the_request_with_its_stamps() -> None:
    asked = request(stream=True).model_copy(update={"messages": [{"role": "user", "content": '{"fence":9,"sent_at":"never"} \u0000 ä'}]})
    body, sent_at = unstamped(asked), datetime(2026, 11, 21, 12, 0, 0, 123, tzinfo=UTC)
    for fence in (1, 7):
        read = ExecutionRequest.model_validate_json(stamped(body, fence=fence, sent_at=sent_at))
        assert read == asked.model_copy(update={"fence": fence, "sent_at": sent_at})


async def test_a_silence_after_the_model_began_books_what_was_told_and_runs_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it began is all that came: it lay in the mailbox unread until the silence was looked at."""

    def on_request(line: Line, body: dict[str, Any]) -> None:
        if len(line.requests) == 1:
            asyncio.get_running_loop().call_soon(line.say, FrameKind.STARTED, body["fence"], 0, b"")
        else:
            line.say(FrameKind.TERMINAL, body["fence"], 0, b"{}")

    line = Line(on_request)
    await told(line, monkeypatch)
    assert len(line.requests) == 2 and "interrupted" not in line.requests[0]
    assert line.requests[1]["interrupted"] == "" and line.requests[1]["upstream_started"] is True


KEY = ("/v1/executions", "k")


def take(line: Line, asked: dict[str, Any]) -> None:
    """Takes it, and is stopped with its gateway; nobody else says anything."""
    line.say(FrameKind.ACCEPTED, asked["fence"])
    line.mailbox.put(GraceOver())


@pytest.mark.promise("G-18", "E-01")
async def test_after_the_grace_a_silent_executor_is_booked_and_its_call_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would be left to hear the answer, or to end it."""

    def answer(line: Line, asked: dict[str, Any]) -> None:
        if asked["fence"] == 1:
            take(line, asked)
        else:
            line.say(FrameKind.TERMINAL, asked["fence"], 0, b'{"status":"error"}')

    line = Line(answer)
    assert (await told(line, monkeypatch, stream=True))[-1] == Done(b'{"status":"error"}')
    assert ["interrupted" in one for one in line.requests] == [False, True]
    assert line.requests[1].get("upstream_started", False) is False
    assert line.cancels == [CUT_SHORT, superseded(below_fence=2)]


@pytest.mark.promise("G-18")
async def test_whoever_still_works_when_the_last_word_is_over_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor may live and not have heard that it was cut short."""
    beating: list[asyncio.Task[None]] = []

    def answer(line: Line, asked: dict[str, Any]) -> None:
        async def beat() -> None:
            while True:
                line.say(FrameKind.HEARTBEAT, asked["fence"])
                await asyncio.sleep(SILENCE_S / 5)

        take(line, asked)
        beating.append(asyncio.create_task(beat()))

    monkeypatch.setattr(dispatching, "LAST_WORD_S", 3 * SILENCE_S)
    line = Line(answer)
    with within(2), pytest.raises(Unavailable, match="not told how the execution ended"):
        await told(line, monkeypatch, stream=True)
    for one in beating:
        one.cancel()
    assert len(line.requests) == 1 and line.cancels == [CUT_SHORT, CUT_SHORT]


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("stream", [False, True])
async def test_with_a_key_what_told_no_text_goes_on_after_the_grace(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    line = Line(take)
    with pytest.raises(Unavailable, match="same Idempotency-Key") as caught:
        await told(line, monkeypatch, stream=stream, key=KEY)
    assert caught.value.details and "execution_id" in caught.value.details
    assert line.cancels == []


@pytest.mark.promise("G-13")
async def test_a_stream_with_a_key_that_told_text_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller has a part of the answer: how it ended is told, not that it goes on."""

    def answer(line: Line, asked: dict[str, Any]) -> None:
        line.say(FrameKind.CHUNK, asked["fence"], 1, b'"one"')
        line.mailbox.put(GraceOver())
        line.say(FrameKind.TERMINAL, asked["fence"], 1, b'{"status":"error","output":"one"}')

    line = Line(answer)
    heard = await told(line, monkeypatch, stream=True, key=KEY)
    assert heard == [Text(b'"one"'), Done(b'{"status":"error","output":"one"}', has_key=True)]
    assert line.cancels == [CUT_SHORT]


@pytest.mark.promise("G-09")
@pytest.mark.parametrize("key", [None, KEY])
async def test_what_an_executor_left_in_the_middle_is_not_said_to_go_on(
    monkeypatch: pytest.MonkeyPatch, key: tuple[str, str] | None
) -> None:
    """The model had begun, its executor fell silent, and the grace ends before anybody has booked it: it is neither abandoned nor run."""

    async def abandon(*_: Any, **__: Any) -> bool:
        raise AssertionError("what had begun is not booked as if nobody had taken it")

    def answer(line: Line, asked: dict[str, Any]) -> None:
        if "interrupted" in asked:
            line.mailbox.put(GraceOver())
        else:
            line.say(FrameKind.CHUNK, asked["fence"], 1, b'"one"')

    monkeypatch.setattr(books, "abandon", abandon)
    line = Line(answer)
    with pytest.raises(Unavailable, match="stopped in the middle; read the execution by its id"):
        await told(line, monkeypatch, key=key)
    assert line.cancels == [superseded(below_fence=2)]


@pytest.mark.promise("G-11", "E-03")
async def test_who_leaves_what_has_its_row_elsewhere_books_nothing_over_it_and_ends_no_other_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is away, so that nobody can read how it ended, or who has it now."""
    looked, given_up = asyncio.Event(), list[Any]()

    async def read_outcome(*_: Any) -> None:
        looked.set()

    async def abandon(*args: Any, **_: Any) -> bool:
        given_up.append(args)
        return True

    monkeypatch.setattr(books, "read_outcome", read_outcome)
    monkeypatch.setattr(books, "abandon", abandon)
    line = Line(lambda own, asked: own.say(FrameKind.ELSEWHERE, asked["fence"]) if asked["fence"] == 2 else None)
    asking = asyncio.create_task(told(line, monkeypatch))
    async with asyncio.timeout(10):
        await looked.wait()
        await asyncio.sleep(SILENCE_S)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert given_up == []
    assert line.cancels[-1] == cancelled(up_to_fence=int(line.requests[-1]["fence"]))


@pytest.mark.promise("G-11")
@pytest.mark.parametrize(
    ("asked_times", "goes_on", "is_taken", "is_booked"),
    [(4, False, False, True), (4, True, False, False), (4, False, True, False), (1, False, False, False)],
)
async def test_what_nobody_took_is_booked_when_its_caller_leaves_and_a_step_that_goes_on_is_not(
    monkeypatch: pytest.MonkeyPatch, asked_times: int, goes_on: bool, is_taken: bool, is_booked: bool
) -> None:
    """A step is closed so by a gateway that stops, too: another one goes on with its run, and claims what is held. Nor is one that was sent
    just now, which an executor may have taken this moment."""
    given_up, sought_long = list[Any](), asyncio.Event()

    async def abandon(*args: Any, **_: Any) -> bool:
        given_up.append(args)
        return True

    def nobody(line: Line, asked: dict[str, Any]) -> None:
        if len(line.requests) < asked_times:
            line.mailbox.put(NobodyThere())
            return
        if is_taken:
            line.say(FrameKind.ACCEPTED, 1)
        sought_long.set()

    monkeypatch.setattr(books, "abandon", abandon)
    line = Line(nobody)
    just_now_s = SILENCE_S if asked_times > 1 else 60  # no machine is so slow that what was sent once is not just now
    asking = asyncio.create_task(told(line, monkeypatch, goes_on=goes_on, accept_wait_s=just_now_s))
    await asyncio.wait_for(sought_long.wait(), 5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(given_up) == is_booked and len(line.cancels) == 1
