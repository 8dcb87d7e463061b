"""What a run must not use, keep or end: keys whose revocation is unknown, tickets that nobody needs, requests that lay too long."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from burnish_executor.ask_keys import Asker, _tokens_used
from burnish_executor.borrow_tickets import Account, Ticket, Tickets
from burnish_executor.bulkheads import Bulkheads
from burnish_executor.consumers import Desk
from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import NO_KEY
from burnish_executor.core.tickets import Permit, Pool, Rate
from burnish_executor.io import key_vault
from burnish_executor.io.key_vault import KeyVault
from burnish_executor.run import Run
from burnish_executor.run_execution import Runner
from burnish_executor.settings import ExecutorSettings
from burnish_shared import subjects
from burnish_shared.bus.frames import CALLED_OFF, cancelled, superseded
from burnish_shared.contracts.executions import ExecutionRequest, Fallback, Lane, Price, Route, Usage
from burnish_shared.contracts.provider_keys import KeyLimits
from burnish_shared.errors import Unavailable
from burnish_shared.tokens import input_tokens_of

PRICE = Price(version="t", input_nusd_per_million=0, cached_input_nusd_per_million=0, output_nusd_per_million=0)
ROUTE = Route(model="m", provider="p", upstream_model="m", base_url="http://127.0.0.1:1/v1", price=PRICE)


def _request(*, age_s: float = 0.0, fence: int = 1, lasts_s: float = 30.0, **more: Any) -> ExecutionRequest:
    sent_at = datetime.now(UTC) - timedelta(seconds=age_s)
    return ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=fence, deadline_at=sent_at + timedelta(seconds=lasts_s),
        hold_nusd=1, account_ids=[1], route=ROUTE, messages=[{"role": "user", "content": "Hello."}], settings={"max_tokens": 10},
        sent_at=sent_at, **more,
    )  # fmt: skip


@pytest.mark.promise("E-11")
@pytest.mark.parametrize(("before_s", "after_s", "is_told"), [(0.0, 0.0, True), (6.0, 6.0, False), (0.0, 6.0, False)])
async def test_keys_are_not_given_out_once_news_of_revocations_grew_old_also_while_they_were_read(
    before_s: float, after_s: float, is_told: bool
) -> None:
    async def in_vain() -> None:
        """PostgreSQL is away."""

    feed = SimpleNamespace(stale_for_s=before_s, number=1, catch_up=in_vain)

    class Known:
        async def get(self, _: Any) -> tuple[str, ...]:
            feed.stale_for_s = after_s
            return ("key",)

    vault = _vault(feed, Known())
    if is_told:
        assert await vault.keys((uuid4(), "p", "")) == ("key",)
        return
    with pytest.raises(Unavailable):
        await vault.keys((uuid4(), "p", ""))


@pytest.mark.promise("E-11")
async def test_an_executor_that_stood_still_looks_for_revocations_before_it_refuses_a_call() -> None:
    feed = SimpleNamespace(stale_for_s=13.0, number=1)

    async def look() -> None:
        feed.stale_for_s = 0.0

    class Known:
        async def get(self, _: Any) -> tuple[str, ...]:
            assert feed.stale_for_s == 0.0, "what was revoked meanwhile is not known here yet"
            return ("key",)

    feed.catch_up = look
    assert await _vault(feed, Known()).keys((uuid4(), "p", "")) == ("key",)


@pytest.mark.promise("E-11")
async def test_an_executor_that_missed_more_changes_than_one_look_reads_looks_until_it_knows_them_all() -> None:
    feed = SimpleNamespace(stale_for_s=13.0, number=0)

    async def look() -> None:
        feed.number += 1000
        if feed.number == 3000:
            feed.stale_for_s = 0.0

    class Known:
        async def get(self, _: Any) -> tuple[str, ...]:
            return ("key",)

    feed.catch_up = look
    assert await _vault(feed, Known()).keys((uuid4(), "p", ""))
    assert feed.number == 3000


@pytest.mark.promise("E-11")
async def test_a_look_for_revocations_that_postgresql_does_not_answer_keeps_no_call_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_vault, "LOOK_S", 0.01)
    feed = SimpleNamespace(stale_for_s=13.0, number=1, catch_up=asyncio.Event().wait)
    with pytest.raises(Unavailable):
        await _vault(feed, None).keys((uuid4(), "p", ""))


def _vault(feed: Any, known: Any) -> KeyVault:
    vault = KeyVault(db=cast(Any, None), keyring=cast(Any, None), feed=feed, relay=cast(Any, None), trust_s=5.0, news_s=1.0)
    vault.known = known
    return vault


@pytest.mark.capability("E8")
def test_a_call_counts_for_the_limit_what_its_provider_says_else_what_was_reserved_else_nothing() -> None:
    ticket = Ticket(Pool({}), Permit(tokens=600, second=1))
    said, silent = Answer(usage=Usage(input_tokens=40, output_tokens=2, source="provider")), Answer()
    refused = Failure(FailureKind.RATE_LIMITED, "No.", 429)
    assert _tokens_used(said, ticket, had_begun=True) == 42
    assert _tokens_used(silent, ticket, had_begun=False) == 600
    assert _tokens_used(refused, ticket, had_begun=True) == 600
    assert _tokens_used(refused, ticket, had_begun=False) == 0


def _limited(tokens: int) -> tuple[Tickets, Account, Pool]:
    tickets = Tickets(cast(Any, None))
    account = Account("place", "m", KeyLimits(requests_per_minute=10, tokens_per_minute=tokens))
    pool = tickets._pool(account)
    assert pool is not None
    return tickets, account, pool


@pytest.mark.capability("E8")
async def test_a_ticket_that_was_granted_to_a_caller_who_leaves_in_that_moment_comes_back() -> None:
    tickets, account, pool = _limited(1000)
    taking = asyncio.create_task(tickets.take(account, owner="a", tokens=600, patience_s=30))
    await asyncio.sleep(0)
    for rate in pool.rates.values():
        rate.got(1000, second=3, good_until=asyncio.get_running_loop().time() + 60)
    decided = pool.share(asyncio.get_running_loop().time())
    assert [one.permit for one in decided] == [Permit(600, 3)]
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert pool.reserved_tokens == 0 and pool.rates["tokens"].back == {3: 600}
    later = asyncio.create_task(tickets.take(account, owner="b", tokens=900, patience_s=30))
    await asyncio.sleep(0)
    later.cancel()
    with pytest.raises(asyncio.CancelledError):
        await later
    for rate in pool.rates.values():
        rate.got(1000, second=4, good_until=asyncio.get_running_loop().time() + 60)
    assert pool.share(asyncio.get_running_loop().time()) == [], "who gave up before anything was granted is passed over"


@pytest.mark.capability("E8")
async def test_a_ticket_serves_another_call_where_a_circuit_opened_meanwhile() -> None:
    settled: list[int] = []
    failing = Failure(FailureKind.RESTING, "It rests.", retry_after_s=1)
    asker = Asker.__new__(Asker)
    fields = {
        "circuits": SimpleNamespace(refusal=lambda *_, **__: failing),
        "limits": SimpleNamespace(tickets=SimpleNamespace(settle=lambda _, used_tokens: settled.append(used_tokens))),
    }
    for name, value in fields.items():
        object.__setattr__(asker, name, value)
    run = Run(_request(), cast(Any, None), started_at=0.0)
    chosen: Any = SimpleNamespace(place="p", use=NO_KEY)
    assert asker._begun(run, chosen, Ticket(Pool({"requests": Rate(uuid4(), 5)}), Permit(0, 0))) is failing
    assert settled == [0] and run.trials[-1].result is failing


class _Bus:
    def __init__(self) -> None:
        self.nc = self
        self.published: list[bytes] = []

    async def publish(self, _: str, body: bytes, **__: Any) -> None:
        self.published.append(body)


class _Running:
    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.recorder = SimpleNamespace(is_full=False)

    async def run(self, run: Run) -> None:
        self.runs.append(run)


def _desk() -> tuple[Desk, _Running, _Bus]:
    settings, runner, bus = ExecutorSettings.model_construct(), _Running(), _Bus()
    nobody: Any = None
    desk = Desk(cast(Any, bus), cast(Any, runner), nobody, settings, Bulkheads.by_percent(settings.max_running, 100), nobody)
    return desk, runner, bus


@pytest.mark.promise("E-02")
@pytest.mark.parametrize("is_stale", [False, True])
async def test_a_request_that_lay_too_long_is_another_executors_and_is_not_even_answered(is_stale: bool) -> None:
    desk, runner, bus = _desk()
    age_s = desk.settings.stale_after_s + 0.5 if is_stale else 0.0
    await desk.on_interactive(cast(Any, SimpleNamespace(data=_request(age_s=0.0).model_dump_json().encode(), reply="inbox")))
    await asyncio.gather(*desk._tasks)
    runner.runs.clear()  # From here on the clock of its sender is known.
    await desk.on_interactive(cast(Any, SimpleNamespace(data=_request(age_s=age_s).model_dump_json().encode(), reply="inbox")))
    await asyncio.gather(*desk._tasks)
    assert len(runner.runs) == (0 if is_stale else 1)
    assert not (is_stale and bus.published)


@pytest.mark.promise("E-03")
@pytest.mark.parametrize(("fence", "is_ended"), [(1, True), (2, False), (3, False)])
async def test_the_news_that_another_claim_took_over_ends_older_claims_only(fence: int, is_ended: bool) -> None:
    desk, _, _ = _desk()
    run = Run(_request(fence=fence), cast(Any, None), started_at=0.0)
    desk.running[run.request.execution_id] = run
    message = SimpleNamespace(subject=subjects.execution_cancel(run.request.execution_id), data=superseded(below_fence=2))
    await desk.on_cancel(cast(Any, message))
    assert (run.cancelled, run.superseded) == (is_ended, is_ended)


@pytest.mark.promise("E-03")
@pytest.mark.parametrize(
    ("body", "is_ended"), [(cancelled(up_to_fence=1), False), (cancelled(up_to_fence=2), True), (b"cancelled", True), (CALLED_OFF, True)]
)
async def test_a_caller_who_goes_ends_no_claim_of_somebody_elses(body: bytes, is_ended: bool) -> None:
    """A gateway that stood still had lost a step to another one; its own caller's leaving ended that one's call. Earlier releases named
    no fence, and a call of the API means whoever runs it."""
    desk, _, _ = _desk()
    run = Run(_request(fence=2), cast(Any, None), started_at=0.0)
    desk.running[run.request.execution_id] = run
    await desk.on_cancel(cast(Any, SimpleNamespace(subject=subjects.execution_cancel(run.request.execution_id), data=body)))
    assert (run.cancelled, run.superseded) == (is_ended, False)


@pytest.mark.promise("E-04")
@pytest.mark.parametrize(("age_s", "asked"), [(0.0, 2), (31.0, 1)])
async def test_nobody_is_fallen_back_to_once_the_deadline_has_passed(age_s: float, asked: int) -> None:
    calls: list[str] = []

    class Asked:
        async def ask(self, run: Run) -> Any:
            calls.append(run.request.route.model)
            return Failure(FailureKind.TIMEOUT, "Too slow.")

    async def widened(*_: Any) -> bool:
        return True

    runner = Runner.__new__(Runner)
    fields = {"settings": ExecutorSettings.model_construct(), "asker": Asked(), "holds": SimpleNamespace(widen=widened)}
    for name, value in fields.items():
        object.__setattr__(runner, name, value)
    other = Fallback(route=ROUTE.model_copy(update={"model": "other"}), hold_nusd=1, output_tokens=10)
    run = Run(_request(fallbacks=[other]), cast(Any, None), started_at=asyncio.get_running_loop().time() - age_s)
    result = await runner._answer(run)
    assert isinstance(result, Failure) and calls == ["m", "other"][:asked]


@pytest.mark.promise("C-03")
def test_a_schema_and_tools_are_part_of_what_is_held_for() -> None:
    bare = input_tokens_of([{"role": "user", "content": "Hello."}], {})
    for name in ("response_format", "tools"):
        assert input_tokens_of([{"role": "user", "content": "Hello."}], {name: [{"x": "y" * 3000}]}) >= bare + 1000, name
