"""What is remembered of refusals, and for how long."""

from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

import pytest

from burnish_gateway.execution import refusals as module
from burnish_gateway.execution.refusals import MONEY_S, Refusals
from burnish_gateway.execution.verdicts import Asked, error_of, rate_headers, rate_refused
from burnish_shared.books.admission import Answer, RateState, Verdict
from burnish_shared.books.admission_request import RateLimit
from burnish_shared.errors import OutOfCredit, RateLimited
from burnish_shared.ids import new_uuid

WORKSPACE = new_uuid()
ASKED = Asked(needed_nusd=500, most_in_flight=2, rates=[RateLimit(7, 60), RateLimit(8, 600)], budgets={})


class Feed:
    def subscribe(self, listener: Any, *, reset: Any) -> None:
        self.tell = listener


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: moment[0])
    return moment


def refused_for(amount_nusd: int, *, workspace_id: UUID = WORKSPACE) -> Refusals:
    known = Refusals()
    known.note(Answer(Verdict.CREDIT, limit_id=1), workspace_id=workspace_id, amount_nusd=amount_nusd)
    known.learn(1, left_nusd=3)
    return known


def check(known: Refusals, account_ids: list[int], amount_nusd: int) -> None:
    known.check(replace(ASKED, needed_nusd=amount_nusd), account_ids)


@pytest.mark.promise("C-02")
def test_an_account_is_believed_for_a_second_and_for_no_smaller_amount(now: list[float]) -> None:
    known = refused_for(500)
    for amount in (500, 10**9):
        with pytest.raises(OutOfCredit) as told:
            check(known, [1, 2], amount)
        assert told.value.details == {"needed_nusd": amount, "available_nusd": 3}
    for account_ids, amount in (([1], 499), ([1], 0), ([2], 500)):
        check(known, account_ids, amount)
    now[0] += MONEY_S + 0.001
    check(known, [1], 500)


def test_a_call_that_ended_and_a_change_of_the_workspace_end_the_memory(now: list[float]) -> None:
    known = refused_for(500)
    known.forget([1])
    check(known, [1], 500)
    changes = (("budget", WORKSPACE, True), ("plan", None, True), ("prompt", WORKSPACE, False), ("budget", new_uuid(), False))
    for kind, workspace_id, forgets in changes:
        known, feed = refused_for(500), Feed()
        known.follow(feed)  # type: ignore[arg-type]
        feed.tell(workspace_id, kind, "x")
        assert (known.refused(1, amount_nusd=500) is None) is forgets


@pytest.mark.promise("C-02")
def test_a_call_that_ends_before_it_is_known_what_was_left_ends_the_memory_too(now: list[float]) -> None:
    """Its account said no while the call held; what the call gave back came later."""
    known = Refusals()
    known.note(Answer(Verdict.CREDIT, limit_id=1), workspace_id=WORKSPACE, amount_nusd=500)
    check(known, [1], 500)
    known.forget([1])
    known.learn(1, left_nusd=3)
    check(known, [1], 500)
    known.note(Answer(Verdict.CREDIT, limit_id=1), workspace_id=WORKSPACE, amount_nusd=500)
    known.learn(1, left_nusd=500)  # somebody else's call ended before the look
    check(known, [1], 500)


def test_a_rate_and_an_account_of_one_number_are_two_things(now: list[float]) -> None:
    known = Refusals()
    known.note(Answer(Verdict.RATE, limit_id=1, retry_after_s=9), workspace_id=WORKSPACE, amount_nusd=1)
    check(known, [1], 500)


@pytest.mark.promise("G-16")
def test_a_rate_is_believed_until_it_may_say_yes(now: list[float]) -> None:
    known, answer = Refusals(), Answer(Verdict.RATE, limit_id=7, retry_after_s=2.5)
    known.note(answer, workspace_id=WORKSPACE, amount_nusd=1)
    with pytest.raises(RateLimited) as told:
        check(known, [1], 1)
    assert (told.value.retry_after_s, told.value.headers["ratelimit-remaining"], told.value.headers["ratelimit-reset"]) == (2.5, "0", "3")
    now[0] += 2.6
    check(known, [1], 1)


def test_headers_are_whole_numbers_that_never_promise_too_much() -> None:
    assert rate_headers(None) == {}
    headers = rate_headers(RateState(rate_id=7, limit=60, remaining=4, reset_s=0.2))
    assert headers == {"ratelimit-limit": "60", "ratelimit-remaining": "4", "ratelimit-reset": "1", "ratelimit-policy": "60;w=60;burst=13"}
    assert "60 a minute" in rate_refused(RateLimit(7, 60), retry_after_s=0.3).message


@pytest.mark.parametrize(("whose", "words"), [("workspace", "in this workspace"), ("api_key", "with this API key")])
def test_a_refusal_for_a_rate_says_whose_limit_it_is(whose: Literal["workspace", "api_key"], words: str) -> None:
    told = rate_refused(RateLimit(7, 60, whose=whose), retry_after_s=0.3)
    assert words in told.message and told.details == {"limit_per_minute": 60, "limit_of": whose}


@pytest.mark.parametrize(
    ("verdict", "status", "code"),
    [
        (Verdict.RATE, 429, "rate_limited"), (Verdict.CONCURRENCY, 429, "concurrency_limited"), (Verdict.CREDIT, 402, "out_of_credit"),
        (Verdict.BUDGET, 402, "budget_exhausted"), (Verdict.SUSPENDED, 403, "suspended"),
        (Verdict.KEY_MISMATCH, 422, "idempotency_mismatch"), (Verdict.UNKNOWN_ACCOUNT, 503, "unavailable"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_status_and_code(verdict: Verdict, status: int, code: str) -> None:
    error = error_of(Answer(verdict, limit_id=7, retry_after_s=1.0), ASKED)
    assert (error.status, error.code) == (status, code)
