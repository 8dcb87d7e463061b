"""Which failures are no answers, because no model read the question."""

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from burnish_executor.core.failure import Failure, FailureKind, of_status
from burnish_executor.core.waterfall import Rest, last_word
from burnish_optimizer.core.unreached import IN_A_ROW, Reach, Routes, Verdict, reach_of
from burnish_optimizer.io.asked import Asked, tell
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Booked, Key
from burnish_optimizer.io.questions import Answer, EvaluationFailed, ModelUnreached, Question
from burnish_optimizer.settings import OptimizerSettings

pytestmark = pytest.mark.capability("O1", "D2")


def told(http_status: int, says: str = "No.", code: str | None = None) -> Failure:
    """As the executor tells a refusal of this status."""
    said = of_status(http_status, says, retry_after_s=None)
    return Failure(said.kind, said.message, said.http_status, said.retry_after_s, code=code)


NOBODY = {
    "no key": Failure(FailureKind.NO_KEY, "There is no key that could be used now."),
    "a forbidden address": Failure(FailureKind.EGRESS, "This provider's address may not be called."),
    "keys that rest because their accounts are empty": last_word(None, rests=[Rest(3600.0, is_empty=True)]),
    "a key that is refused": told(401, "Incorrect API key provided."),
    "a key that is refused, by its code": told(403, code="invalid_api_key"),
}
"""No text could have been read, however many were."""

DOUBTFUL = {
    "an account without money": told(402),
    "an account without money for so many tokens": told(402, "This request requires more credits, or fewer max_tokens."),
    "a key without the right": told(403, "Your organization has no access."),
    "an account that was closed": told(403, "Your account was suspended since it violated the usage policies."),
    "a country": told(403, "Country, region, or territory not supported"),
    "a firewall": told(403, "Attention Required! | Cloudflare Sorry, you have been blocked"),
    "providers that an account does not allow": told(404, "No endpoints available matching your guardrail restrictions and data policy."),
    "an unknown model": told(404, "The model does not exist."),
    "OpenAI's code with another status": told(400, code="model_not_found"),
    "Google's key": told(400, "API key not valid. Please pass a valid API key."),
    "Anthropic's money": told(400, "Your credit balance is too low to access the Anthropic API."),
    "Mistral's model": told(400, "Invalid model: mistral-tiniest"),
    "DeepSeek's model": told(400, "Model Not Exist"),
    "OpenRouter's model": told(400, "acme/none is not a valid model ID"),
    "words of the input": told(400, "messages[0]: 'please fix invalid model: foo' is too long"),
}
"""Mostly said to any text, by some to one."""

READ = {
    "a wrong request": told(400),
    "too long": told(400, "This model's maximum context length is 100 tokens.", code="context_length_exceeded"),
    "too large": told(413),
    "words of the input in a refusal": told(422, "Invalid model: found in messages[1]"),
    "a text that was flagged": told(403, "Your input was flagged by moderation."),
    "a text against the policy, by its code": told(403, code="content_policy_violation"),
    "an inappropriate text": told(403, "Inappropriate content detected!"),
    "a text against the rules": told(403, "Your request violates our usage policies"),
    "a text that a rule stopped": told(403, "Request blocked by guardrail 'pii'"),
    "a picture": told(404, "No endpoints found that support image input"),
    "a setting": told(404, "No endpoints found that can handle the requested parameters."),
    "a file that is gone": told(404, "No such File object: file-abc", code="not_found"),
    "a file of somebody else": told(403, "You do not have permission to access the File abc or it may not exist."),
    "a limit": told(429),
    "a fault of the provider": told(500),
    "an executor that died": Failure(FailureKind.INTERRUPTED, "It was cut off."),
    "keys that nobody could look up": Failure(FailureKind.KEYS_UNKNOWN, "PostgreSQL is away."),
    "a guardrail": Failure(FailureKind.NOT_ADMITTED, "Blocked."),
}
"""Answers to this one text, and what may pass."""

ALL = [
    *((one, Reach.NOBODY) for one in NOBODY.values()),
    *((one, Reach.DOUBTFUL) for one in DOUBTFUL.values()),
    *((one, Reach.READ) for one in READ.values()),
]


def error_of(failure: Failure) -> dict[str, Any]:
    return failure.info().model_dump(mode="json")


@pytest.mark.parametrize(("failure", "reach"), ALL)
def test_a_refusal_says_how_far_a_call_came(failure: Failure, reach: Reach) -> None:
    assert reach_of(error_of(failure)) is reach, failure


def test_what_has_no_error_or_none_that_says_so_is_an_answer() -> None:
    old = {"code": "provider_refused", "retryable": False, "message": "kept by an older release"}
    assert {reach_of(error) for error in (None, {}, old)} == {Reach.READ}


@pytest.mark.parametrize(("failure", "reach"), ALL)
def test_a_doubtful_refusal_is_the_answer_to_its_text_where_its_route_answered_others(failure: Failure, reach: Reach) -> None:
    routes, error = Routes(), error_of(failure)
    certain = {Reach.READ: Verdict.READ, Reach.NOBODY: Verdict.UNREACHED}.get(reach)
    assert routes.verdict_on("a", error, text=1) is (certain or Verdict.OPEN)
    routes.answered("a")
    assert routes.verdict_on("a", error, text=1) is (certain or Verdict.READ)
    assert routes.verdict_on("b", error, text=1) is (certain or Verdict.OPEN), "another route said nothing yet"


@pytest.mark.parametrize(("has_answered", "until_then"), [(True, Verdict.READ), (False, Verdict.OPEN)])
def test_a_route_that_refuses_several_texts_in_a_row_is_not_there(has_answered: bool, until_then: Verdict) -> None:
    routes, error = Routes(), error_of(told(404))
    if has_answered:
        routes.answered("a")
    assert {routes.verdict_on("a", error, text=1) for _ in range(9)} == {until_then}, "one text, asked by many candidates"
    assert routes.verdict_on("a", error, text=2) is until_then
    assert routes.verdict_on("a", error, text=3) is Verdict.UNREACHED
    routes.answered("a")
    said = [routes.verdict_on("a", error, text=text) for text in range(IN_A_ROW)]
    assert said == [Verdict.READ] * (IN_A_ROW - 1) + [Verdict.UNREACHED]


@pytest.mark.parametrize(("has_answered", "verdict"), [(True, Verdict.READ), (False, Verdict.OPEN)])
def test_what_was_refused_before_this_claim_is_no_sign_of_how_its_route_does_now(has_answered: bool, verdict: Verdict) -> None:
    routes, error = Routes(), error_of(told(404))
    if has_answered:
        routes.answered("a")
    assert {routes.verdict_on("a", error, text=text, is_known=True) for text in range(9)} == {verdict}
    assert routes.verdict_on("a", error, text=9) is verdict


def desk_of() -> Desk:
    some: Any = None
    return Desk(
        some, some, some, OptimizerSettings(database_url="postgresql://x", nats_url="nats://x"), some, UUID(int=1), UUID(int=2), 1, 1
    )


def asked_of(desk: Desk, item: int) -> Asked:
    """On its way, and waited for."""
    key = Key(b"q", UUID(int=item), 0)
    route = SimpleNamespace(model="a", keys="own", provider_key_id=None)
    question = Question(key=key, route=cast(Any, route), messages=[], variables={}, settings={}, timeout_s=1, expected="x")
    asked = Asked(question, asyncio.get_running_loop().create_future())
    desk._unanswered[key] = asked
    return asked


def came(status: str) -> Booked:
    return Booked(UUID(int=9), status, "x", None if status == "success" else error_of(told(404)), 0, 1, False)


async def test_a_refusal_before_the_first_answer_waits_for_others_and_tells_when_there_are_none() -> None:
    desk = desk_of()
    first, second = asked_of(desk, 1), asked_of(desk, 2)
    refused, answer = came("error"), came("success")
    assert desk._judge([(first, refused)]) == []
    assert desk._judge([(second, answer)]) == [(second, answer, False), (first, refused, False)]
    alone = desk_of()
    first, second = asked_of(alone, 1), asked_of(alone, 2)
    assert alone._judge([(first, refused)]) == []
    second.answer.cancel()
    assert alone._judge([]) == [(first, refused, True)], "nobody else is under way who could be answered"


async def test_refusals_that_come_together_with_an_answer_are_of_their_texts() -> None:
    """Which of them was first nobody knows, so they are not in a row."""
    desk = desk_of()
    refused, answered = [asked_of(desk, item) for item in range(1, IN_A_ROW + 1)], asked_of(desk, 9)
    told = desk._judge([*((one, came("error")) for one in refused), (answered, came("success"))])
    assert [is_unreached for _, _, is_unreached in told] == [False] * (IN_A_ROW + 1)
    later = [asked_of(desk, item) for item in range(11, 11 + IN_A_ROW)]
    assert [one[2] for one in desk._judge([(one, came("error")) for one in later])] == [False, False, True]


async def test_a_refusal_that_its_row_counts_as_an_answer_stays_one() -> None:
    desk = desk_of()
    asked, refused = asked_of(desk, 1), came("error")
    asked.was_known = True
    assert desk._judge([(asked, refused)]) == [(asked, refused, True)]
    asked.was_read = True
    assert desk._judge([(asked, refused)]) == [(asked, refused, False)]


async def test_a_line_of_a_batch_is_told_at_once_whatever_its_route_answers_others() -> None:
    desk = desk_of()
    line, other = asked_of(desk, 0), asked_of(desk, 1)
    line.question = replace(line.question, made=cast(Any, SimpleNamespace()))
    refused = came("error")
    assert desk._judge([(line, refused)]) == [(line, refused, False)]
    assert not other.answer.done(), "it is still under way"


async def test_a_refusal_that_waited_is_told_once_the_last_of_the_others_was() -> None:
    desk = desk_of()
    some: Any = SimpleNamespace(unit_of_work=lambda **_: contextlib.nullcontext())
    desk.db = some

    async def settle(tx: Any, answers: Any) -> None:
        """Nothing is written."""

    desk._rows = cast(Any, SimpleNamespace(settle=settle))
    questions = [asked_of(desk_of(), item).question for item in (1, 2)]
    asking = [asyncio.create_task(desk.ask(one)) for one in questions]
    writing = asyncio.create_task(desk._write())
    await asyncio.sleep(0)
    first, second = desk._pending
    for asked, booked in ((first, came("error")), (second, replace(came("error"), error=error_of(told(400))))):
        desk._arrived.append((asked, booked))
        desk._wake_writer.set()
        await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        refused, answer = await asyncio.gather(*asking, return_exceptions=True)
    writing.cancel()
    assert isinstance(refused, ModelUnreached) and isinstance(answer, Answer)


async def test_the_words_of_a_provider_end_before_ours_begin() -> None:
    asked = asked_of(desk_of(), 0)
    tell(asked, replace(came("error"), error=error_of(told(401, "no key"))), 0, unreached=True)
    assert "The provider answered 401: no key. Its provider key" in str(asked.answer.exception())


async def test_what_a_provider_said_is_told_though_it_was_left_alone_afterwards() -> None:
    asked = asked_of(desk_of(), 1)
    failed, rests = (
        replace(came("error"), error=error_of(Failure(kind, message)))
        for kind, message in ((FailureKind.PROVIDER, "The provider answered 503: away."), (FailureKind.RESTING, "It is left alone."))
    )
    asked.hear(failed)
    asked.hear(rests)
    asked.attempt = 6
    tell(asked, rests, 0, unreached=False)
    with pytest.raises(EvaluationFailed, match=r"^A call of a failed 6 times: The provider answered 503: away\.$"):
        await asked.answer
