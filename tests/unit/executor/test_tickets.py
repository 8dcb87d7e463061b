"""Tickets of limited keys: who gets one, who waits, and what is given back. And what providers' headers say of their limits."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.borrow_tickets import Account, Ticket, Tickets
from burnish_executor.core.limits import Left, Said, said_by
from burnish_executor.core.tickets import LIFE_S, Permit, Pool, Rate, Wanted, Wish
from burnish_executor.io import tickets_store
from burnish_executor.io.tickets_store import Lent
from burnish_shared.contracts.provider_keys import KeyLimits
from burnish_shared.errors import Unavailable

pytestmark = pytest.mark.capability("E8")

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def _pool(*, requests: int | None = 100, tokens: int | None = None) -> Pool:
    both = {"requests": requests, "tokens": tokens}
    return Pool({kind: Rate(UUID(int=len(kind)), limit) for kind, limit in both.items() if limit is not None})  # type: ignore[misc]


def _wanted(pool: Pool, owner: str, *, tokens: int = 0, until: float = 1000.0, now: float = 0.0) -> Wanted:
    one = Wanted(owner, tokens, until)
    pool.want(one, now=now)
    return one


def test_what_is_in_hand_is_taken_without_asking() -> None:
    pool = _pool()
    first = _wanted(pool, "a")
    assert first.permit is None and pool.wishes(0.0)["requests"].want == 1
    pool.rates["requests"].got(3, second=7, good_until=LIFE_S)
    assert pool.share(0.1) == [first] and first.permit == Permit(0, 0)
    assert _wanted(pool, "a", now=0.2).permit is not None and pool.wishes(0.2) == {}


def test_tickets_that_were_in_hand_too_long_are_given_back_and_not_used() -> None:
    pool = _pool()
    pool.rates["requests"].got(3, second=7, good_until=LIFE_S)
    late = _wanted(pool, "a", now=LIFE_S)
    assert late.permit is None
    wish = pool.wishes(LIFE_S)["requests"]
    assert (dict(wish.back), wish.want) == ({7: 3}, 1)


def test_tickets_that_come_to_older_ones_are_used_no_longer_than_those() -> None:
    """The shared count forgets the older ones first: what is used of them after that would be beyond the limit."""
    pool = _pool()
    rate = pool.rates["requests"]
    rate.got(3, second=7, good_until=LIFE_S)
    rate.got(2, second=8, good_until=LIFE_S + 0.9)
    assert _wanted(pool, "a", now=LIFE_S).permit is None
    assert dict(pool.wishes(LIFE_S)["requests"].back) == {7: 5}


def test_callers_take_turns_so_that_a_flood_of_one_is_not_before_all_others() -> None:
    pool = _pool()
    flood = [_wanted(pool, "flood") for _ in range(50)]
    other = _wanted(pool, "other")
    pool.rates["requests"].got(3, second=1, good_until=LIFE_S)
    assert set(map(id, pool.share(0.0))) == {id(flood[0]), id(other), id(flood[1])}


def test_a_call_needs_its_request_and_its_tokens_and_gives_back_what_it_did_not_use() -> None:
    pool = _pool(requests=10, tokens=1000)
    one = _wanted(pool, "a", tokens=400)
    wishes = pool.wishes(0.0)
    assert (wishes["requests"].want, wishes["tokens"].want, wishes["tokens"].least) == (1, 400, 400)
    pool.rates["requests"].got(1, second=5, good_until=LIFE_S)
    assert pool.share(0.0) == []
    pool.rates["tokens"].got(400, second=5, good_until=LIFE_S)
    assert pool.share(0.0) == [one] and one.permit == Permit(400, 5)
    pool.settle(Permit(400, 5), 150)
    pool.settle(Permit(400, 6), 430)
    assert dict(pool.wishes(0.0)["tokens"].back) == {5: 250, 6: -30}


def test_a_call_larger_than_a_minutes_tokens_waits_for_a_whole_one() -> None:
    pool = _pool(requests=None, tokens=1000)
    _wanted(pool, "a", tokens=5000)
    wish = pool.wishes(0.0)["tokens"]
    assert (wish.want, wish.least) == (1000, 1000)


def test_who_has_no_patience_hears_when_and_the_others_stay() -> None:
    pool = _pool()
    hasty, patient = _wanted(pool, "a", until=5.0), _wanted(pool, "b", until=50.0)
    pool.wishes(0.0)
    assert pool.deny(20.0, now=0.0) == [hasty] and hasty.denied_until == 20.0 and not patient.is_decided
    assert pool.wishes(10.0) == {}, "nobody asks before it helps"
    assert _wanted(pool, "c", until=15.0, now=10.0).denied_until == 20.0, "without a question"
    assert pool.wishes(20.0)["requests"].want == 1


def test_while_calls_under_way_may_give_tokens_back_nobody_is_sent_away() -> None:
    pool = _pool(requests=None, tokens=1000)
    first = _wanted(pool, "a", tokens=600)
    pool.rates["tokens"].got(1000, second=3, good_until=LIFE_S)
    pool.share(0.0)
    second = _wanted(pool, "a", tokens=600, until=5.0)
    assert first.permit is not None and pool.deny(60.0, now=0.0) == [] and pool.asks_at < 1.0
    pool.settle(first.permit, 100)
    assert pool.wishes(0.0)["tokens"].back == {3: 500}
    assert pool.deny(60.0, now=0.1) == [], "another executor may give something back"
    assert pool.deny(60.0, now=1.0) == [second] and second.denied_until == 60.0, "nothing more will come back"
    hasty = _wanted(pool, "b", tokens=600, until=1.05, now=1.0)
    assert hasty.denied_until == 60.0, "without a question"
    assert not _wanted(pool, "b", tokens=600, until=2.0, now=1.0).is_decided and pool.asks_at < 2.0


def test_a_busy_key_borrows_ahead_and_a_quiet_one_does_not() -> None:
    pool = _pool(requests=1000)
    rate = pool.rates["requests"]
    for round_ in range(4):
        for _ in range(20):
            _wanted(pool, "a")
        want = pool.wishes(0.0)["requests"].want
        assert want == 20 if round_ == 0 else 20 < want <= 20 + 50
        rate.got(want, second=1, good_until=LIFE_S)
        pool.share(0.0)
        rate.give_back(rate.in_hand, 1)
        rate.in_hand = 0
    rate.got(5, second=1, good_until=LIFE_S)
    assert dict(pool.wishes(LIFE_S)["requests"].back)[1] >= 5, "more was borrowed than came"
    _wanted(pool, "a", now=LIFE_S)
    assert pool.wishes(LIFE_S)["requests"].want == 1


def test_whoever_gave_up_is_passed_over() -> None:
    pool = _pool()
    gone, next_ = _wanted(pool, "a"), _wanted(pool, "a")
    gone.gave_up = True
    pool.rates["requests"].got(1, second=1, good_until=LIFE_S)
    assert pool.share(0.0) == [next_] and pool.is_waited_for is False


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300)), max_size=30), st.lists(st.integers(0, 200), max_size=20))
def test_no_ticket_is_made_or_lost(asked: list[tuple[str, int]], lent: list[int]) -> None:
    pool = _pool(requests=1000, tokens=200)
    everybody = [_wanted(pool, owner, tokens=tokens) for owner, tokens in asked]
    for second, amount in enumerate(lent):
        pool.rates["requests"].got(amount, second=second, good_until=1e9)
        pool.rates["tokens"].got(amount, second=second, good_until=1e9)
        pool.share(0.0)
    helped = [one for one in everybody if one.permit is not None]
    assert sum(lent) == len(helped) + pool.rates["requests"].in_hand
    assert sum(lent) == sum(min(one.tokens, 200) for one in helped) + pool.rates["tokens"].in_hand


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (
            {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "20", "x-ratelimit-reset-requests": "40s"},
            Said(requests=Left(60, 20, 40.0)),
        ),
        (
            {"x-ratelimit-limit-tokens": "150000", "x-ratelimit-remaining-tokens": "1", "x-ratelimit-reset-tokens": "6m0s"},
            Said(tokens=Left(150000, 1, 360.0)),
        ),
        (
            {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "17ms"},
            Said(requests=Left(10, 9, 0.017)),
        ),
        (
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "3",
                "anthropic-ratelimit-requests-reset": "2026-11-20T12:00:30Z",
                "anthropic-ratelimit-input-tokens-limit": "40000",
                "anthropic-ratelimit-input-tokens-remaining": "41000",
            },
            Said(requests=Left(50, 3, 30.0), tokens=Left(40000, 40000)),
        ),
        ({"x-ratelimit-limit-requests": "NaN", "x-ratelimit-remaining-requests": "-1"}, None),
        ({"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}, None),
        ({"x-ratelimit-limit-requests": "9" * 40, "x-ratelimit-remaining-requests": "1"}, None),
        ({}, None),
    ],
)
def test_what_headers_say(headers: dict[str, str], said: Said | None) -> None:
    assert said_by(headers, now=NOW) == said


@pytest.mark.parametrize("reset", ["", "soon", "1x", "2026-11-20T12:00:30", "-5s", "٣s", "9" * 500 + "s"])
def test_a_moment_that_cannot_be_read_is_none_or_harmless(reset: str) -> None:
    headers = {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": reset}
    said = said_by(headers, now=NOW)
    assert said is not None and said.requests is not None


def test_only_a_minutes_limit_that_is_tight_is_kept_to() -> None:
    daily = Left(14400, 30, 80_000.0)
    assert Said(requests=daily, tokens=Left(6000, 5000, 10.0)).tight() == {}
    assert Said(requests=Left(60, 10, 50.0)).limits().requests_per_minute == 60


@pytest.mark.asyncio
async def test_a_ticket_that_is_granted_as_its_caller_leaves_is_given_back() -> None:
    tickets, account = Tickets(cast(Any, None)), Account("key", "model", KeyLimits(None, 1000))
    taking = asyncio.ensure_future(tickets.take(account, owner="a", tokens=600, patience_s=5))
    await asyncio.sleep(0)
    pool = tickets._pool(account)
    assert pool is not None
    now = asyncio.get_running_loop().time()
    pool.rates["tokens"].got(1000, second=7, good_until=now + LIFE_S)
    tickets._tell(pool.share(now))
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert (pool.reserved_tokens, pool.rates["tokens"].back) == (0, {7: 600})
    if tickets._round is not None:
        tickets._round.cancel()


@pytest.mark.asyncio
@pytest.mark.parametrize("is_away", [False, True])
async def test_a_limit_that_is_taken_off_while_the_shared_count_is_asked_ends_nothing_but_itself(
    is_away: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop that asks would end with an error else, and with it the executor and all that runs there."""
    tickets, asked, answer = Tickets(cast(Any, None)), asyncio.Event(), asyncio.Event()
    both, one = Account("key", "model", KeyLimits(10, 1000)), Account("key", "model", KeyLimits(10, None))

    async def borrow(_: Any, wishes: list[Wish]) -> list[Lent]:
        asked.set()
        await answer.wait()
        if is_away:
            raise OSError
        return [Lent(wish.want, second=7, wait_s=0.0) for wish in wishes]

    monkeypatch.setattr(tickets_store, "borrow", borrow)
    running = asyncio.ensure_future(tickets.run())
    taking = asyncio.ensure_future(tickets.take(both, owner="a", tokens=600, patience_s=5))
    await asyncio.wait({asyncio.ensure_future(asked.wait()), running}, return_when=asyncio.FIRST_COMPLETED)
    assert tickets.limits(one)
    answer.set()
    await asyncio.wait({taking, running}, return_when=asyncio.FIRST_COMPLETED)
    assert not running.done()
    if is_away:
        assert isinstance(taking.exception(), Unavailable)
    else:
        assert isinstance(taking.result(), Ticket)
    running.cancel()
    await asyncio.wait({running})
