"""What waits, what is held, what is kept, and who else may be asked: each bound by itself."""

import asyncio
import itertools
import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from burnish_executor.check_answer import AnswerChecks
from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.fallback import another_may_help
from burnish_executor.core.flawed import Wrong
from burnish_executor.record_batch import LONG_CHARACTERS, TEXT_MOST_CHARACTERS, WAITING_MOST, Recorder
from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_gateway.compat.openai_format import OpenAIFormat
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.execution.cache_choice import UNSAID, CacheSetting, cache_use
from burnish_gateway.execution.frames import WAITING_MOST_BYTES, Mailbox
from burnish_gateway.execution.routes import NewExecution
from burnish_gateway.execution.told import Alive, Done, Started, Text, first_told
from burnish_gateway.wire import parse_model
from burnish_shared.books.finished import FinishedExecution
from burnish_shared.bus.frames import Frame, FrameKind
from burnish_shared.contracts.executions import Price, Problem
from burnish_shared.errors import InvalidField, Unavailable
from burnish_shared.pricing import most_nusd

FORMATS: list[Any] = [OpenAIFormat(), ResponsesFormat(), AnthropicFormat()]


@pytest.mark.promise("G-14")
async def test_what_waits_for_a_slow_reader_is_bounded_and_its_end_is_never_dropped() -> None:
    box, piece = Mailbox(), b'"' + b"x" * 10_000 + b'"'
    for n in range(1_000):
        box.put(Frame(FrameKind.CHUNK, 1, n + 1, piece))
        box.put(Frame(FrameKind.DELTA, 1, n + 1, piece))
    box.put(Frame(FrameKind.TERMINAL, 1, 1_000, b"{}"))
    waiting = []
    while box.has_arrivals:
        waiting.append(cast(Frame, await box.get()))
    assert sum(len(one.body) for one in waiting) <= WAITING_MOST_BYTES + 2 * len(piece)
    assert waiting[-1].kind is FrameKind.TERMINAL
    box.put(Frame(FrameKind.CHUNK, 1, 1, piece))
    assert box.has_arrivals, "what was read makes room"


async def test_that_a_model_began_wakes_nobody_and_is_read_before_what_comes_after_it() -> None:
    box = Mailbox()
    reading = asyncio.create_task(cast(Any, box.get()))
    await asyncio.sleep(0)
    box.put(Frame(FrameKind.STARTED, 1, 0, b"{}"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reading.done() and box.has_arrivals, "whoever gives up waiting still finds it"
    box.put(Frame(FrameKind.TERMINAL, 1, 0, b"{}"))
    kinds = [cast(Frame, await reading).kind, cast(Frame, await box.get()).kind]
    assert kinds == [FrameKind.STARTED, FrameKind.TERMINAL] and not box.has_arrivals


async def test_what_is_there_is_read_without_a_timer_and_what_never_comes_is_waited_for_no_longer_than_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box, armed, loop = Mailbox(), list[float](), asyncio.get_running_loop()
    call_at = loop.call_at

    def counted(when: float, *called: Any) -> asyncio.TimerHandle:
        armed.append(when)
        return call_at(when, *called)

    monkeypatch.setattr(loop, "call_at", counted)
    box.put(Frame(FrameKind.STARTED, 1, 0, b"{}"))
    box.put(Frame(FrameKind.TERMINAL, 1, 0, b"{}"))
    kinds = [cast(Frame, await box.get(within_s=0.0)).kind for _ in range(2)]
    assert kinds == [FrameKind.STARTED, FrameKind.TERMINAL] and armed == []
    for _ in range(20):
        loop.call_soon(box.put, Frame(FrameKind.HEARTBEAT, 1, 0, b""))
        await box.get(within_s=1.5)
    assert len(armed) == 1, "one timer for all of them"
    with pytest.raises(TimeoutError):
        await box.get(within_s=0.0)
    assert not box.has_arrivals


@pytest.mark.promise("G-09")
async def test_headers_wait_for_a_piece_of_an_answer_or_as_long_as_they_may() -> None:
    async def telling(*told: Any) -> Any:
        for one in told:
            yield one

    failed = Done(b'{"status":"error"}')
    assert await first_told(telling(Started(), Alive(), Alive(), failed), wait_s=10) is failed
    text = Text(b'"a"')
    assert await first_told(telling(Alive(), Started(), text, failed), wait_s=10) is text
    assert await first_told(telling(Alive(), text), wait_s=0) == Alive()


@pytest.mark.capability("E5")
def test_the_hold_covers_an_input_that_the_provider_counts_five_percent_longer() -> None:
    price = Price(version="t", input_nusd_per_million=1_000_000, cached_input_nusd_per_million=0, output_nusd_per_million=0)
    assert most_nusd(price, input_tokens=1_000, output_tokens=0) == 1_050
    assert most_nusd(price, input_tokens=1, output_tokens=0) == 2, "rounded up"


@pytest.mark.capability("E10")
@pytest.mark.parametrize("said", [CacheSetting("always", 604_800), UNSAID])
def test_no_answer_is_kept_for_longer_than_its_text(said: CacheSetting) -> None:
    workspace: Any = SimpleNamespace(cache_mode="always", cache_ttl_s=604_800, store_content=True, retention_days=1)
    use = cache_use(workspace, call=said, version=UNSAID, settings={})
    assert use is not None and use.ttl_s == 86_400


@pytest.mark.promise("E-04")
@pytest.mark.parametrize("kind", FailureKind)
def test_which_failures_are_this_providers_and_not_the_requests(kind: FailureKind) -> None:
    of_provider = {"RATE_LIMITED", "TIMEOUT", "UNREACHABLE", "PROVIDER", "CUT_OFF", "EGRESS", "RESTING", "NO_KEY", "ACCOUNT_EMPTY"}
    failure = Failure(kind, "No.", http_status=400)
    assert another_may_help(failure, had_started=False) is (kind.name in of_provider)
    assert not another_may_help(failure, had_started=True)


class _Line:
    """A connection whose first answer is lost after the rows were made: the second try finds them there."""

    def __init__(self) -> None:
        self.tries = 0

    async def fetchrow(self, statement: str, rows: Any, *_: Any) -> Any:
        self.tries += 1
        if self.tries == 1:
            raise ConnectionResetError
        return {"made": []}

    async def fetch(self, statement: str, ids: list[Any], fences: list[int], finished_at: list[datetime]) -> Any:
        return [{"execution_id": ids[0]}] if fences == [3] else []

    async def flush(self) -> float:
        return 0.004


SOMEBODYS = uuid4()

TEXTS = ("messages", "variables", "settings", "output", "tool_calls", "metadata", "attempts", "details")


def _row(fence: int, *, output: str = "", workspace_id: UUID = SOMEBODYS) -> FinishedExecution:
    texts = dict.fromkeys(TEXTS) | {"output": output}
    row: Any = SimpleNamespace(
        execution_id=uuid4(), workspace_id=workspace_id,
        fence=fence, finished_at=datetime.now(UTC), completed_event="{}", as_row=lambda: (row.execution_id, output),
        lane="interactive", cost_nusd=0, input_tokens=0, cached_input_tokens=0, output_tokens=0, **texts,
    )  # fmt: skip
    return cast(FinishedExecution, row)


@pytest.mark.promise("C-02")
@pytest.mark.parametrize(("fence", "is_ours"), [(3, True), (2, False)])
async def test_a_row_whose_answer_was_lost_is_ours_where_our_fence_made_it(
    fence: int, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish_executor.record_batch.RETRY_S", 0.0)
    line: Any = _Line()
    recorder = Recorder(line, line, cast(Any, SimpleNamespace(wake=lambda: None)))
    booked = recorder.record(_row(fence), patience_s=5)
    batch, recorder._queue = recorder._queue, []
    await recorder._book(batch, event_id="one")
    assert await booked is is_ours and line.tries == 2


@pytest.mark.promise("G-14")
async def test_what_has_much_text_is_booked_in_small_batches_and_what_has_little_between_them() -> None:
    """One workspace's answers of 4 MB that ended together stood in one transaction, and everybody's answers behind it for ten seconds."""
    batches: list[list[int]] = []
    of_others: list[asyncio.Future[bool]] = []

    class Line(_Line):
        async def fetchrow(self, statement: str, rows: Any, *_: Any) -> Any:
            batches.append([len(output) for _, output in rows])
            of_others.append(recorder.record(_row(1, output="short"), patience_s=60))
            return {"made": [execution_id for execution_id, _ in rows]}

    line: Any = Line()
    recorder = Recorder(line, line, cast(Any, SimpleNamespace(wake=lambda: None)))
    sizes = [TEXT_MOST_CHARACTERS] * 8 + [LONG_CHARACTERS + 1] * 40 + [TEXT_MOST_CHARACTERS + 1] + [200_000] * 40
    of_one = [recorder.record(_row(1, output="x" * size), patience_s=60) for size in sizes]
    running = asyncio.create_task(recorder.run())
    try:
        assert all(await asyncio.wait_for(asyncio.gather(*of_one), 60))
    finally:
        running.cancel()
    assert sum(len(batch) for batch in batches) >= len(sizes)
    assert all(sum(batch) <= TEXT_MOST_CHARACTERS or len(batch) == 1 for batch in batches), batches
    assert all(any(len("short") in batch for batch in pair) for pair in itertools.pairwise(batches[1:])), "nobody's waits for all"
    assert all(one.done() for one in of_others[:-2])


@pytest.mark.promise("G-14")
async def test_one_workspaces_long_rows_keep_no_others_waiting() -> None:
    """They were booked in the order in which they came: whoever's answer was long, too, waited for all of a noisy one's."""
    noisy, other, third = uuid4(), uuid4(), uuid4()
    line: Any = _Line()
    recorder = Recorder(line, line, cast(Any, SimpleNamespace(wake=lambda: None)))
    for _ in range(20):
        recorder.record(_row(1, output="x" * TEXT_MOST_CHARACTERS, workspace_id=noisy), patience_s=60)
    first = recorder._take()
    for workspace_id, n in ((other, 3), (third, 1)):
        for _ in range(n):
            recorder.record(_row(1, output="x" * (TEXT_MOST_CHARACTERS // 2 + 1), workspace_id=workspace_id), patience_s=60)
    order = [one.row.workspace_id for batches in [first, *(recorder._take() for _ in range(23))] for batch in batches for one in batch]
    assert order[:8] == [noisy, noisy, other, third, noisy, other, noisy, other], order
    assert order[8:] == [noisy] * 16 and not recorder._take()


@pytest.mark.promise("G-14")
async def test_who_waits_behind_others_hears_in_time_that_the_books_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch had to fail by itself before its callers heard, the last of sixty long ones minutes after their time was over."""
    monkeypatch.setattr("burnish_executor.record_batch.RETRY_S", 0.0)

    class Line(_Line):
        async def fetchrow(self, statement: str, rows: Any, *_: Any) -> Any:
            self.tries += 1
            if self.tries == 1:
                raise ConnectionResetError
            return {"made": [execution_id for execution_id, _ in rows]}

    line: Any = Line()
    recorder = Recorder(line, line, cast(Any, SimpleNamespace(wake=lambda: None)))
    patient = recorder.record(_row(1, output="short"), patience_s=60)
    behind = [recorder.record(_row(1, output="x" * TEXT_MOST_CHARACTERS), patience_s=0) for _ in range(5)]
    running = asyncio.create_task(recorder.run())
    try:
        said = await asyncio.wait_for(asyncio.gather(*behind, return_exceptions=True), 60)
        assert [type(one) for one in said] == [Unavailable] * 5
        assert await asyncio.wait_for(patient, 60) and line.tries == 2
    finally:
        running.cancel()
    assert recorder._characters == 0


def test_a_recorder_that_cannot_keep_up_takes_no_more() -> None:
    line: Any = None
    recorder = Recorder(line, line, line)
    recorder._queue = cast(Any, [None] * (WAITING_MOST - 1))
    assert not recorder.is_full
    recorder._queue.append(cast(Any, None))
    assert recorder.is_full


async def test_a_recorder_that_holds_much_text_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of rows alone it could hold 16 GB."""
    monkeypatch.setattr("burnish_executor.record_batch.TEXT_WAITING_MOST_CHARACTERS", 3 * TEXT_MOST_CHARACTERS)
    line: Any = None
    recorder = Recorder(line, line, line)
    text = "x" * TEXT_MOST_CHARACTERS
    for n in range(4):
        assert not recorder.is_full, n
        recorder.record(_row(1, output=text), patience_s=60)
    assert recorder.is_full
    recorder._take()
    assert not recorder.is_full


def _body(format: Any, **more: Any) -> bytes:
    asked = {"input": "Hello."} if isinstance(format, ResponsesFormat) else {"messages": [{"role": "user", "content": "Hello."}]}
    capped = {"max_tokens": 10} if isinstance(format, AnthropicFormat) else {}
    return json.dumps({"model": "auto", **capped, **asked, **more}).encode()


@pytest.mark.capability("E12")
@pytest.mark.parametrize("format", FORMATS, ids=lambda one: one.route)
def test_each_format_takes_what_an_execution_can_be_told(format: Any) -> None:
    more = {"deadline_s": 2, "fallback_models": ["m/other"], "cache": {"mode": "always", "ttl_s": 60}, "requirements": {"min_quality": 0.7}}
    order = format.parse(_body(format, **more)).order
    assert (order.deadline_s, order.fallback_models, order.cache) == (2, ["m/other"], CacheSetting("always", 60))
    assert order.requirements["min_quality"] == 0.7 and "extra" not in order.overrides
    assert format.parse(_body(format, cache=False)).order.cache == CacheSetting("off", None)
    said = format.parse(_body(format, metadata={"requirements": '{"min_quality":0.7}'})).order
    assert said.requirements == order.requirements, "where a client has metadata alone"


@pytest.mark.capability("E12")
@pytest.mark.parametrize("format", FORMATS, ids=lambda one: one.route)
@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"deadline_s": 601}, "deadline_s"),
        ({"requirements": {"min_quality": 5}}, "requirements"),
        ({"requirements": {"bogus": 1}}, "requirements"),
        ({"metadata": {"requirements": '{"min_quality":5}'}}, "metadata.requirements"),
        ({"metadata": {"requirements": "?"}}, "metadata.requirements"),
        ({"cache": {"mode": "sometimes"}}, "cache"),
        ({"cache": "yes"}, "cache"),
        ({"fallback_models": [""]}, "fallback_models"),
    ],
)
def test_each_format_refuses_what_an_execution_would(format: Any, more: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        format.parse(_body(format, **more))
    assert refused.value.param is not None and refused.value.param.startswith(param)
    assert refused.value.message.startswith(param) and "function-" not in refused.value.message


@pytest.mark.promise("G-08")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{"role": "user", "content": 5}], "model": "m"}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x"}], "model": "m", "cache": "yes"}, "cache"),
        ({"messages": [{"role": "user", "content": "x"}], "model": "m", "cache": {"ttl_s": 0}}, "cache.ttl_s"),
    ],
)
def test_a_wrong_field_is_named_as_its_caller_wrote_it(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(NewExecution, json.dumps(body).encode())
    named = {one["param"] for one in refused.value.details["problems"]}
    assert param in named and not any(re.search(r"\[\D|bool", one) for one in named), named


@pytest.mark.capability("E11")
@pytest.mark.parametrize(("is_sure", "asked"), [(True, 1), (False, 0)])
async def test_an_answer_that_nobody_could_look_at_is_not_asked_for_again(is_sure: bool, asked: int) -> None:
    """It may be right, and a second one would be paid for."""
    repairs = []

    class Checks(AnswerChecks):
        async def _wrong(self, *_: Any) -> Any:
            return (Wrong(Problem(check="c", message="no"), "", is_sure=is_sure),)

        async def _repaired(self, *_: Any, **__: Any) -> Any:
            repairs.append(1)

    request = SimpleNamespace(output_checks=SimpleNamespace(repair=True), stream=False)
    run: Any = SimpleNamespace(request=request, cancelled=False, left_s=lambda: 5.0)
    answer = Answer(text=["x"])
    checked = Checks.__new__(Checks)
    _, found = await checked.check(run, answer, ask=cast(Any, None))
    assert len(repairs) == asked and found is not None
