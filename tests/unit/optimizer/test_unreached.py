"""Which failures are no answers, because no model read the question."""

from typing import Any

import pytest

from burnish_executor.core.failure import Failure, FailureKind, of_status
from burnish_optimizer.core.unreached import IN_A_ROW, Reach, Routes, reach_of

pytestmark = pytest.mark.capability("O1", "D2")


def told(http_status: int, says: str = "No.", code: str | None = None) -> Failure:
    """As the executor tells a refusal of this status."""
    said = of_status(http_status, says, retry_after_s=None)
    return Failure(said.kind, said.message, said.http_status, said.retry_after_s, code=code)


NOBODY = {
    "no key": Failure(FailureKind.NO_KEY, "There is no key that could be used now."),
    "a forbidden address": Failure(FailureKind.EGRESS, "This provider's address may not be called."),
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
    assert routes.reached_no_model("a", error, text=1) is (reach is not Reach.READ)
    routes.answered("a")
    assert routes.reached_no_model("a", error, text=1) is (reach is Reach.NOBODY)
    assert routes.reached_no_model("b", error, text=1) is (reach is not Reach.READ), "another route said nothing yet"


def test_a_route_that_refuses_several_texts_in_a_row_is_not_there_any_more() -> None:
    routes, error = Routes(), error_of(told(404))
    routes.answered("a")
    assert not any(routes.reached_no_model("a", error, text=1) for _ in range(9)), "one text, asked by many candidates"
    assert not routes.reached_no_model("a", error, text=2)
    routes.answered("a")
    said = [routes.reached_no_model("a", error, text=text) for text in range(IN_A_ROW)]
    assert said == [False] * (IN_A_ROW - 1) + [True]


def test_what_was_refused_before_this_claim_is_no_sign_of_how_its_route_does_now() -> None:
    routes, error = Routes(), error_of(told(404))
    routes.answered("a")
    assert not any(routes.reached_no_model("a", error, text=text, is_known=True) for text in range(9))
    assert not routes.reached_no_model("a", error, text=9)
