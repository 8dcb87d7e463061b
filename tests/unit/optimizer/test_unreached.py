"""Which failures are no answers, because no model read the question."""

import pytest

from burnish_executor.core.failure import Failure, FailureKind, of_status
from burnish_optimizer.core.unreached import reached_no_model

pytestmark = pytest.mark.capability("O1", "D2")


def told(http_status: int, says: str = "No.", code: str | None = None) -> Failure:
    """As the executor tells a refusal of this status."""
    said = of_status(http_status, says, retry_after_s=None)
    return Failure(said.kind, said.message, said.http_status, said.retry_after_s, code=code)


UNREACHED = {
    "no key": Failure(FailureKind.NO_KEY, "There is no key that could be used now."),
    "a forbidden address": Failure(FailureKind.EGRESS, "This provider's address may not be called."),
    "a key that is refused": told(401, "Incorrect API key provided."),
    "an account without money": told(402),
    "a key without the right": told(403, "Your organization has no access."),
    "an unknown model": told(404, "The model does not exist."),
    "OpenAI's code with another status": told(400, code="model_not_found"),
    "Google's key": told(400, "API key not valid. Please pass a valid API key."),
    "Anthropic's money": told(400, "Your credit balance is too low to access the Anthropic API."),
    "Mistral's model": told(400, "Invalid model: mistral-tiniest"),
    "DeepSeek's model": told(400, "Model Not Exist"),
    "OpenRouter's model": told(400, "acme/none is not a valid model ID"),
}

READ = {
    "a wrong request": told(400),
    "too long": told(400, "This model's maximum context length is 100 tokens.", code="context_length_exceeded"),
    "too large": told(413),
    "words of the input in a refusal": told(422, "Invalid model: found in messages[1]"),
    "a text that was flagged": told(403, "Your input was flagged by moderation."),
    "a text against the policy, by its code": told(403, code="content_policy_violation"),
    "a limit": told(429),
    "a fault of the provider": told(500),
    "an executor that died": Failure(FailureKind.INTERRUPTED, "It was cut off."),
    "keys that nobody could look up": Failure(FailureKind.KEYS_UNKNOWN, "PostgreSQL is away."),
    "a guardrail": Failure(FailureKind.NOT_ADMITTED, "Blocked."),
}
"""Answers to this one text, and what may pass."""


@pytest.mark.parametrize(("failure", "unreached"), [*((one, True) for one in UNREACHED.values()), *((one, False) for one in READ.values())])
def test_a_refusal_that_any_text_would_meet_is_no_answer(failure: Failure, unreached: bool) -> None:
    assert reached_no_model(failure.info().model_dump(mode="json")) is unreached, failure


def test_what_has_no_error_or_none_that_says_so_is_an_answer() -> None:
    assert not reached_no_model(None) and not reached_no_model({})
    assert not reached_no_model({"code": "provider_refused", "retryable": False, "message": "kept by an older release"})
