"""Equal requests that are under way together share one call; each has its own end."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.kept_answer import MOST_CHARACTERS, KeptAnswer
from burnish_executor.core.outcome import outcome_of
from burnish_executor.io.answers_store import Looked
from burnish_executor.reuse_answers import AnswerCache, Flight
from burnish_executor.run import Run
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import CacheUse, ExecutionRequest, KeyUse, Outcome, Status
from tests.unit.executor.test_cache_key import _outcome, _request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E10")]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Store:
    """The table, as a dictionary."""

    kept: dict[bytes, KeptAnswer] = field(default_factory=dict)
    hits: int = 0
    is_away: bool = False

    async def find(self, workspace_id: Any, key: bytes, *, ttl_s: int, hits: int = 1) -> Looked:
        await asyncio.sleep(0)
        if self.is_away:
            return Looked(None, None)
        found = self.kept.get(key)
        self.hits += hits if found is not None else 0
        return Looked(found, NOW)

    async def keep(self, request: ExecutionRequest, key: bytes, answer: KeptAnswer, *, cost_nusd: int, asked_at: datetime) -> bool:
        await asyncio.sleep(0)
        self.kept[key] = answer
        return True


@dataclass
class Told:
    """What a caller was sent."""

    sent: list[tuple[str, Any]] = field(default_factory=list)

    async def send(self, kind: FrameKind, body: bytes = b"") -> None:
        self.sent.append((kind.name, body))

    async def text(self, text: str) -> None:
        self.sent.append(("text", text))

    async def delta(self, delta: dict[str, Any]) -> None:
        self.sent.append(("delta", delta))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def cache(store: Store) -> AnswerCache:
    return AnswerCache(cast(Any, store))


def _run(**changes: Any) -> Run:
    return Run(request=_request(**changes), reply=cast(Any, Told()), started_at=asyncio.get_running_loop().time())


async def _lead(cache: AnswerCache, run: Run) -> Flight:
    begun = await cache.begin(run)
    assert isinstance(begun, Flight)
    return begun


async def _following(cache: AnswerCache, number: int) -> list["asyncio.Task[Flight | Outcome | Failure | None]"]:
    waiting = [asyncio.ensure_future(cache.begin(_run())) for _ in range(number)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    return waiting


async def test_all_who_ask_meanwhile_get_the_answer_of_the_first(cache: AnswerCache, store: Store) -> None:
    run = _run()
    flight = await _lead(cache, run)
    waiting = await _following(cache, 9)
    await cache.land(flight, None, _outcome(run.request))
    outcomes = [one for one in await asyncio.gather(*waiting) if isinstance(one, Outcome)]
    assert len(outcomes) == 9 and {(one.output, one.cached, one.cost_nusd) for one in outcomes} == {("Hi.", True, 0)}
    assert store.hits == 9 and not cache.flights


async def test_a_failure_of_the_model_is_told_to_all_and_asked_for_once(cache: AnswerCache) -> None:
    run = _run()
    flight = await _lead(cache, run)
    waiting = await _following(cache, 3)
    failure = Failure(FailureKind.RATE_LIMITED, "Slowly.", 429)
    await cache.land(flight, failure, outcome_of(run.request, failure, text="", trials=[], latency_s=0, first_token_s=None))
    assert await asyncio.gather(*waiting) == [failure] * 3


@pytest.mark.parametrize("kind", [FailureKind.CANCELLED, FailureKind.CUT_SHORT])
async def test_a_leader_that_comes_to_nothing_leaves_the_lead_to_one_of_the_others(cache: AnswerCache, kind: FailureKind) -> None:
    flight = await _lead(cache, _run())
    waiting = await _following(cache, 3)
    await cache.land(flight, Failure(kind, "Gone."), None)
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    (next_flight,) = [one.result() for one in done]
    assert isinstance(next_flight, Flight) and len(pending) == 2
    await cache.land(next_flight, None, _outcome(next_flight.request))
    assert {one.cached for one in await asyncio.gather(*pending) if isinstance(one, Outcome)} == {True}


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "own/second"},
        {"provider": "elsewhere"},
        {"finish_reason": "content_filter"},
        {"status": Status.ERROR},
        {"output": "x" * MOST_CHARACTERS},
    ],
)
async def test_an_answer_that_is_not_kept_sends_all_who_waited_to_ask_at_once(
    cache: AnswerCache, store: Store, changes: dict[str, Any]
) -> None:
    """One after the other they would wait for as many answers as they are, and most of them in vain."""
    run = _run()
    flight = await _lead(cache, run)
    waiting = await _following(cache, 9)
    await cache.land(flight, Answer(text=["Hi."], complete=True), _outcome(run.request, **changes))
    assert await asyncio.wait_for(asyncio.gather(*waiting), 15) == [None] * 9
    assert store.kept == {} and not cache.flights and flight.followers == 0
    next_flight = await _lead(cache, _run())
    await cache.land(next_flight, None, None)


async def test_a_run_that_another_claim_took_over_leaves_the_lead_also_where_it_had_an_answer(cache: AnswerCache) -> None:
    flight = await _lead(cache, _run())
    (waiting,) = await _following(cache, 1)
    await cache.land(flight, Answer(text=["Hi."], complete=True), None)
    next_flight = await asyncio.wait_for(waiting, 15)
    assert isinstance(next_flight, Flight)
    await cache.land(next_flight, None, None)


async def test_who_waits_can_leave_and_has_a_deadline_of_its_own(cache: AnswerCache) -> None:
    flight = await _lead(cache, _run())
    leaving, late = _run(), _run(deadline_at=NOW)
    waiting = asyncio.ensure_future(cache.begin(leaving))
    await asyncio.sleep(0)
    leaving.cancel()
    gone = await asyncio.wait_for(waiting, 15)
    assert isinstance(gone, Failure) and gone.kind is FailureKind.CANCELLED
    out_of_time = await asyncio.wait_for(cache.begin(late), 15)
    assert isinstance(out_of_time, Failure) and out_of_time.kind is FailureKind.DEADLINE
    assert flight.followers == 0 and not flight.result.done()
    await cache.land(flight, None, None)


async def test_a_store_that_is_away_finds_nothing_and_keeps_nothing(cache: AnswerCache, store: Store) -> None:
    store.is_away = True
    run = _run()
    flight = await _lead(cache, run)
    await cache.land(flight, None, _outcome(run.request))
    assert store.kept == {} and not cache.flights


async def test_what_must_not_be_kept_is_told_all_the_same(store: Store) -> None:
    async def never(request: ExecutionRequest, outcome: Outcome) -> bool:
        return False

    cache = AnswerCache(cast(Any, store), never)
    run = _run()
    flight = await _lead(cache, run)
    (waiting,) = await _following(cache, 1)
    await cache.land(flight, None, _outcome(run.request))
    outcome = await waiting
    assert isinstance(outcome, Outcome) and outcome.output == "Hi." and store.kept == {}


async def test_a_request_that_does_not_ask_for_it_passes_by(cache: AnswerCache, store: Store) -> None:
    assert await cache.begin(_run(cache=None)) is None
    assert await cache.begin(_run(interrupted="Hi")) is None


async def test_tool_calls_of_a_hit_are_streamed_as_deltas(cache: AnswerCache, store: Store) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    first = _run()
    await cache.land(await _lead(cache, first), None, _outcome(first.request, output="", tool_calls=[call], finish_reason="tool_calls"))
    run = _run(stream=True)
    hit = await cache.begin(run)
    assert isinstance(hit, Outcome) and hit.tool_calls == [call] and hit.finish_reason == "tool_calls"
    told = cast(Told, run.reply).sent
    assert told[0] == ("STARTED", KeyUse(source="cache").model_dump_json().encode())
    assert told[1:] == [("delta", {"tool_calls": [{"index": 0, **call}]})]


async def test_a_hit_whose_executor_died_costs_nothing() -> None:
    """What had been delivered was an answer from the cache: whoever books it asks nobody's price for it."""
    request = _request(interrupted="Hi.", upstream_started=True, used_key=KeyUse(source="cache"))
    failure = Failure(FailureKind.INTERRUPTED, "Stopped.")
    outcome = outcome_of(request, failure, text="Hi.", trials=[], latency_s=0, first_token_s=None)
    assert (outcome.cost_nusd, outcome.usage.output_tokens, outcome.key_source, outcome.output) == (0, 0, None, "Hi.")


async def test_who_wants_a_younger_answer_is_not_given_the_old_one_that_another_found(cache: AnswerCache, store: Store) -> None:
    """Both look at the same time; the table answers each by the age that it allows."""
    old, may_answer = KeptAnswer(output="Old.", finish_reason="stop"), asyncio.Event()

    async def find(workspace_id: Any, key: bytes, *, ttl_s: int, hits: int = 1) -> Looked:
        await may_answer.wait()
        return Looked(old if ttl_s >= 3600 else None, NOW)

    store.find = find  # type: ignore[method-assign]
    patient, alike = (asyncio.ensure_future(cache.begin(_run(cache=CacheUse(ttl_s=3600)))) for _ in range(2))
    await asyncio.sleep(0)
    impatient = asyncio.ensure_future(cache.begin(_run(cache=CacheUse(ttl_s=60))))
    await asyncio.sleep(0)
    may_answer.set()
    for one in (patient, alike):
        outcome = await one
        assert isinstance(outcome, Outcome) and outcome.output == "Old."
    led = await impatient
    assert isinstance(led, Flight)
    following = asyncio.ensure_future(cache.begin(_run(cache=CacheUse(ttl_s=30))))
    await asyncio.sleep(0)
    await cache.land(led, None, _outcome(led.request))
    shared = await following
    assert isinstance(shared, Outcome) and shared.output == "Hi.", "what was asked just now is young enough for everybody"
