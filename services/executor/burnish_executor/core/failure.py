"""How a call of a provider can fail, and what the caller hears."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from burnish_shared import too_long
from burnish_shared.contracts.executions import ErrorInfo, Status
from burnish_shared.errors import whole_s
from burnish_shared.storable_text import storable


class FailureKind(Enum):
    """(status of the execution, code of the error, may another try help)"""

    RATE_LIMITED = (Status.RATE_LIMITED, "provider_rate_limited", True)
    TIMEOUT = (Status.TIMEOUT, "provider_timed_out", True)
    DEADLINE = (Status.TIMEOUT, "deadline_passed", True)
    UNREACHABLE = (Status.ERROR, "provider_unreachable", True)
    PROVIDER = (Status.ERROR, "provider_failed", True)
    REFUSED = (Status.ERROR, "provider_refused", False)
    ACCOUNT_EMPTY = (Status.ERROR, "provider_account_empty", False)
    MALFORMED = (Status.ERROR, "provider_malformed", True)
    CUT_OFF = (Status.ERROR, "stream_cut_off", True)
    CANCELLED = (Status.CANCELLED, "cancelled", False)
    INTERRUPTED = (Status.ERROR, "interrupted", True)
    CUT_SHORT = (Status.CANCELLED, "interrupted", True)
    EGRESS = (Status.ERROR, "egress_refused", False)
    NOT_ADMITTED = (Status.ERROR, "not_admitted", False)
    RESTING = (Status.ERROR, "provider_unavailable", True)
    NO_KEY = (Status.ERROR, "no_provider_key", False)
    KEYS_UNKNOWN = (Status.ERROR, "provider_keys_unverified", True)


FREE = frozenset({FailureKind.RATE_LIMITED, FailureKind.UNREACHABLE, FailureKind.PROVIDER})
"""Failures that cost nothing, so that one more try needs no larger hold."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. `message` is for the caller: no key, no address of ours. `http_status`, `code`, `param`: the provider's own,
    so None where it was not asked."""

    kind: FailureKind
    message: str
    http_status: int | None = None
    retry_after_s: float | None = None
    code: str | None = None
    param: str | None = None

    @property
    def status(self) -> Status:
        return self.kind.value[0]

    @property
    def may_pass(self) -> bool:
        return self.kind.value[2]

    def info(self) -> ErrorInfo:
        type_ = "rate_limit_error" if self.kind is FailureKind.RATE_LIMITED else "provider_error"
        return ErrorInfo(
            type=type_,
            code=self.kind.value[1],
            message=storable(too_long.in_words(self.message) if says_too_long(self) else self.message),
            retryable=self.kind.value[2],
            retry_after_s=None if self.retry_after_s is None else whole_s(self.retry_after_s),
            provider_status=self.http_status,
            provider_code=self.code,
            provider_param=self.param,
        )


TOO_LONG_CODES: Final = frozenset({
    "context_length_exceeded", "string_above_max_length", "model_max_prompt_tokens_exceeded", "exceed_context_size_error",
})  # fmt: skip
TOO_LONG: Final = re.compile(
    r"prompt is too long|maximum context length|context (?:window|length|size)|too many (?:input )?tokens"
    r"|input (?:token count|is too long|length)|exceeds? the (?:maximum|max|available) (?:number of )?(?:input )?(?:tokens|context)",
    re.IGNORECASE,
)
"""What OpenAI, Anthropic, Google, Mistral, vLLM and llama.cpp say of an input that does not fit their model; no code is common to them."""


def is_too_long(failure: Failure) -> bool:
    """The provider refused the request because this model cannot take so much input; one with room for more may."""
    if failure.kind is not FailureKind.REFUSED or failure.http_status not in (400, 413, 422):
        return False
    return failure.code in TOO_LONG_CODES or TOO_LONG.search(failure.message) is not None


SAID_BY_CODE: Final = TOO_LONG_CODES - {"string_above_max_length"}
"""The other is also said of an id or a name that is too long."""

SAID_FIRST: Final = re.compile(
    r"(?:The provider answered (?:\d+|with an error): )?(?:[\w.]+(?:Error|Exception): )*"
    r"(?:The model returned the following errors: |Unable to submit request because )?"
    r"(?:(?:(?:the|your) )?prompt is too long|(?:this|the) (?:model|endpoint)'s maximum context length|prompt contains \d+ tokens"
    r"|input length and `?max_tokens`? exceed context limit|(?:the |your )?input (?:is too long|token count)"
    r"|(?:your input|(?:the )?request|(?:this|the) prompt|requested token count)(?: \(\d+ tokens\))? exceeds? (?:the|this|your) "
    r"(?:model's )?(?:available |maximum |input )?(?:context|number of (?:input )?tokens)"
    r"|too many (?:input )?tokens\b)",
    re.IGNORECASE,
)
"""What they say of it first. Further on a provider may name another field, or repeat what it was asked."""


def says_too_long(failure: Failure) -> bool:
    """Nothing but the input can be meant. Callers are told so in words by which programs shorten the conversation; to ask a model with more
    room (`is_too_long`) costs nothing if it was something else."""
    return is_too_long(failure) and (failure.code in SAID_BY_CODE or SAID_FIRST.match(failure.message) is not None)


NO_MONEY_CODES: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error"})
NO_MONEY: Final = "Your credit balance is too low"
"""What OpenAI (with 429 and 400) and Anthropic (with 400, beginning with these words) say where others say 402. Google says 'exceeded your
current quota' of a minute as well, so those words mean nothing; nor do any further on, where a provider may repeat what it was asked."""


def is_empty(http_status: int | None, message: str, *, code: str | None) -> bool:
    """The account behind the key has no money left: neither patience nor another request helps, only a person does."""
    return http_status == 402 or code in NO_MONEY_CODES or (http_status == 400 and message.startswith(NO_MONEY))


KEY_STATUSES: Final = frozenset({401, 403})

NO_KEY_WORDS: Final = r"(?:Incorrect API key provided|API key not valid|API key expired)\b"
SAYS_NO_KEY: Final = re.compile(NO_KEY_WORDS)
NOT_A_KEY: Final = re.compile(f"The provider answered 400: {NO_KEY_WORDS}")
"""How xAI and Google begin, with 400, where others say 401. Only their first words: further on a provider may repeat what it was asked."""

KEY_CODES: Final = frozenset({
    "invalid_api_key", "incorrect_api_key", "expired_api_key", "account_deactivated", "invalid_organization", "organization_restricted",
    "authentication_error", "permission_error",
})  # fmt: skip
"""Of OpenAI, Groq and Anthropic, where the status that comes with an error does not say that it is of the key."""


def is_of_key(failure: Failure) -> bool:
    """The provider speaks of the key, or of what it may do, and not of the request."""
    return failure.http_status in KEY_STATUSES or NOT_A_KEY.match(failure.message) is not None


CODE: Final = re.compile(r"[a-z][a-z_]{2,59}")
PARAM: Final = re.compile(r"[a-z_][a-z0-9_.\[\]]{0,79}")
"""A name, and nothing that could be a text of somebody's."""


def named_by(error: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The code (Anthropic's `type` stands for one) and the parameter of a provider's error object, where they are names."""
    code = next((one for one in (error.get("code"), error.get("type")) if isinstance(one, str) and CODE.fullmatch(one)), None)
    param = error.get("param")
    return code, param if isinstance(param, str) and PARAM.fullmatch(param) else None


TOLD_IN: Final = ("error", "message", "msg", "detail", "errors", "title")
"""Where servers say in words what went wrong: OpenAI's and what follows it, vLLM's `{"object": "error", "message": …}`, FastAPI's and
Mistral's `detail`, problem details (RFC 9457), Cloudflare's `errors`."""

NESTED_MOST: Final = 6
MESSAGE_MOST: Final = 300


def error_in(body: Any) -> Any:
    """The error of a body: an object, or a text; None where it tells of none. Google's endpoint for OpenAI's clients puts it into a list,
    and vLLM's body is the error itself."""
    whole = body[0] if isinstance(body, list) and body else body
    if not isinstance(whole, dict):
        return None
    return whole.get("error") or (whole if whole.get("object") == "error" else None)


def words_in(said: Any, *, deep: int = NESTED_MOST) -> str:
    """The first words that a body has for what went wrong, shortened; empty where it has none."""
    if isinstance(said, str):
        return said[:MESSAGE_MOST]
    if not deep:
        return ""
    inner = said if isinstance(said, list) else [said.get(name) for name in TOLD_IN] if isinstance(said, dict) else []
    return next((words for one in inner[:20] if (words := words_in(one, deep=deep - 1))), "")


def refusal_of(http_status: int, body: Any, *, retry_after_s: float | None) -> Failure:
    """Of an answer whose status is no success. `body`: its JSON; None where it is none."""
    error = error_in(body)
    code, param = named_by(error) if isinstance(error, dict) else (None, None)
    return replace(of_status(http_status, words_in(body), retry_after_s=retry_after_s, code=code), code=code, param=param)


PASSING: Final = frozenset({409, 425})
"""Refusals that say nothing of the request: somebody else holds what it needs just now, or it came too early (RFC 8470). Nothing was done;
OpenAI's and Anthropic's own clients send it again after a 409."""


def of_status(http_status: int, message: str, *, retry_after_s: float | None, code: str | None = None) -> Failure:
    """A failure by the provider's HTTP status. `message`: the provider's own words, shortened by the caller."""
    said = f"The provider answered {http_status}" + (f": {message}" if message else ".")
    if is_empty(http_status, message, code=code):
        return Failure(FailureKind.ACCOUNT_EMPTY, said, http_status)
    if http_status == 429:
        return Failure(FailureKind.RATE_LIMITED, said, http_status, retry_after_s)
    if http_status in (408, 504):
        return Failure(FailureKind.TIMEOUT, said, http_status)
    if http_status >= 500 or http_status in PASSING:
        return Failure(FailureKind.PROVIDER, said, http_status, retry_after_s)
    return Failure(FailureKind.REFUSED, said, http_status)


def failure_of_body(body: Mapping[str, Any]) -> Failure:
    """An error object, which providers also send with status 200; `body` is one in which `error_in` finds it."""
    error = error_in(body)
    said = "The provider answered with an error: "
    if not isinstance(error, dict):
        return Failure(FailureKind.PROVIDER, said + str(error)[:MESSAGE_MOST])
    message, (code, param) = words_in(error), named_by(error)
    names = [one for one in (error.get("code"), error.get("type")) if isinstance(one, str)]
    if any(is_empty(None, "", code=one) for one in names):
        failure = Failure(FailureKind.ACCOUNT_EMPTY, "")
    elif any("rate_limit" in one for one in names):
        failure = Failure(FailureKind.RATE_LIMITED, "")
    elif not KEY_CODES.isdisjoint(names) or SAYS_NO_KEY.match(message):
        failure = Failure(FailureKind.PROVIDER, "")  # Another key, or another provider, may do; the request is not to blame.
    elif (status := _status_in(error)) is not None:
        failure = of_status(status, message, retry_after_s=None, code=code)
    else:
        failure = Failure(FailureKind.PROVIDER, "")
    return replace(failure, message=said + message, code=code, param=param)


STATUSES_IN_BODIES: Final = frozenset({400, 402, 404, 408, 413, 422, 429, 503, 504, 529})
"""OpenRouter, Google and vLLM name the status as the code of an error that comes with a 200 or in a stream, LiteLLM's proxy as a text. Of a
key (401, 403) such an error says nothing: OpenRouter's 403 is of what was asked."""

THREE_DIGITS: Final = re.compile(r"[0-9]{3}")

STATUS_OF_TYPE: Final = {
    "invalid_request_error": 400, "not_found_error": 404, "request_too_large": 413, "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip
"""Types of Anthropic's errors (https://platform.claude.com/docs/en/api/errors), which its streams tell without a status."""


def _status_in(error: Mapping[str, Any]) -> int | None:
    """The status that an error object stands for, where it says one that decides what becomes of the call."""
    code = error.get("code")
    if isinstance(code, str) and THREE_DIGITS.fullmatch(code):
        code = int(code)
    if isinstance(code, int) and code in STATUSES_IN_BODIES:
        return int(code)
    return STATUS_OF_TYPE.get(str(error.get("type")))


def wait_before_retry_s(attempt: int, *, retry_after_s: float | None, dice: float) -> float:
    """Full jitter over 0.25 · 2^attempt seconds, capped at 8 (AWS Architecture Blog, 'Exponential Backoff And Jitter').

    What a provider asks for comes first, and the jitter after it, at most 1 s: or all whom it sent away come back at the same moment.
    `attempt` from 0; `dice` uniform in [0, 1).
    """
    jitter_s = dice * min(8.0, 0.25 * float(2**attempt))
    return jitter_s if retry_after_s is None else retry_after_s + min(1.0, jitter_s)
