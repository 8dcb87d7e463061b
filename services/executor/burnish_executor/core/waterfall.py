"""Which provider key is tried next, and what a failure says of the key that was used (PRODUCT E6). Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from burnish_executor.core.failure import FREE, Failure, FailureKind, is_of_key
from burnish_shared.contracts.executions import ExecutionRequest

COOLDOWN_S: Final = 30.0
"""How long a key rests after a 429 that does not say how long."""

COOLDOWN_MOST_S: Final = 3600.0
"""A provider may ask for more; after an hour the key is tried once all the same."""

OF_THE_MODEL: Final = frozenset({"model_not_found", "model_permission_blocked_org", "model_permission_blocked_project"})
"""Codes of OpenAI and Groq where a project may not use one model, with 403: the key is fine for all others."""

NOT_PERMITTED: Final = "permission_error"
NAMES_A_MODEL: Final = re.compile(r"\bmodels?\b|\bclaude\b|\bspecified resource\b", re.IGNORECASE)
"""Anthropic has one code, with 403, for a key that may not do a thing, whatever that is: its words say whether it is this model."""

NEXT_KEY_HELPS: Final = FREE | {FailureKind.TIMEOUT, FailureKind.CUT_OFF, FailureKind.RESTING}
"""Failures before the first byte that are not the request's fault: another key, often of another account or region, may do better."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An active key of the workspace for the address that is called. `rests_s`: seconds until it may be used again; 0: now."""

    provider_key_id: UUID
    priority: int
    rests_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a key that only rests will rest. `is_empty`: because the account behind it has no money left."""

    seconds: float
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """The provider refuses this key: nobody uses it until a person restores or replaces it."""

    http_status: int


@dataclass(frozen=True, slots=True)
class CoolDown:
    """The key has had enough for now."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TryNext:
    """The key is not to blame, and another one may help."""


@dataclass(frozen=True, slots=True)
class Stop:
    """No other key would help, or something may have reached the caller already (PROMISES E-05)."""


Consequence = SetAside | CoolDown | TryNext | Stop


def affinity_of(request: ExecutionRequest) -> str:
    """What stays with one key, because that key's account holds its prompt cache: the session, else the prompt, else this call alone."""
    if request.caller.session_id:
        return f"session:{request.caller.session_id}"
    return f"prompt:{request.prompt.prompt_id}" if request.prompt else f"execution:{request.execution_id}"


def in_order(candidates: Iterable[Candidate], *, affinity: str) -> list[Candidate]:
    """By priority, lower first; among equals by rendezvous hashing, so that every executor chooses alike without asking anybody.

    A key that comes or goes moves only the sessions that were its own (Thaler and Ravishankar, 'Using Name-Based Mappings', 1998).
    """
    return sorted(candidates, key=lambda one: (one.priority, _weight(affinity, one.provider_key_id)))


def consequence_of(failure: Failure, *, had_started: bool) -> Consequence:
    """What a failed call means for its key, and for the call."""
    if had_started:
        return Stop()
    if failure.kind is FailureKind.ACCOUNT_EMPTY:
        return CoolDown(COOLDOWN_MOST_S)
    if is_of_key(failure):
        return TryNext() if _is_of_the_model(failure) else SetAside(failure.http_status or 0)
    if failure.kind is FailureKind.RATE_LIMITED:
        asked_s = COOLDOWN_S if failure.retry_after_s is None else failure.retry_after_s
        return CoolDown(min(asked_s, COOLDOWN_MOST_S))
    return TryNext() if failure.kind in NEXT_KEY_HELPS else Stop()


def refuses_key(failure: Failure) -> bool:
    """The provider does not take the key for anything, as far as it says: not for this model alone, and not for want of money."""
    return isinstance(consequence_of(failure, had_started=False), SetAside)


def _is_of_the_model(failure: Failure) -> bool:
    if failure.code in OF_THE_MODEL:
        return True
    return failure.http_status == 403 and failure.code == NOT_PERMITTED and NAMES_A_MODEL.search(failure.message) is not None


def foremost(before: Failure | None, after: Failure) -> Failure:
    """Of two keys that failed: the newer failure, save that one which may pass is not hidden by a key that is refused."""
    return before if before is not None and before.may_pass and not after.may_pass else after


def last_word(failure: Failure | None, *, rests: Sequence[Rest]) -> Failure:
    """What the caller hears when no key is left to try: patience where that helps, and else what went wrong.

    `failure`: the foremost of the keys that were tried; None: none could be. `rests`: of each key that only rests.
    """
    of_key = failure is not None and (is_of_key(failure) or failure.kind is FailureKind.ACCOUNT_EMPTY)
    if failure is not None and failure.kind is not FailureKind.RATE_LIMITED and not of_key:
        return failure
    waits = [one.seconds for one in rests if not one.is_empty]
    if waits or (failure is not None and failure.kind is FailureKind.RATE_LIMITED):
        return _patience(failure, waits)
    if failure is not None and (failure.kind is FailureKind.ACCOUNT_EMPTY or not rests):
        return failure
    return EMPTY if rests else NO_KEY


EMPTY: Final = Failure(
    FailureKind.ACCOUNT_EMPTY,
    "The account behind every provider key that this workspace could use has no money left, so nobody was called. A key is used again once "
    "it is restored, or an hour after it was found empty; GET /v1/provider-keys says when.",
)

NO_KEY: Final = Failure(
    FailureKind.NO_KEY, "This workspace has no provider key that could be used now; GET /v1/provider-keys says how each of them does."
)


def _patience(failure: Failure | None, waits: list[float]) -> Failure:
    """`waits`: of the keys that rest; `failure` may be that of one that has no room now, and says itself when it has."""
    if failure is None or failure.kind is not FailureKind.RATE_LIMITED:
        said = ""
    elif not waits:
        return failure
    else:
        said = f" {failure.message}"
        waits = [*waits, *([] if failure.retry_after_s is None else [failure.retry_after_s])]
    message = f"Every provider key of this workspace rests; GET /v1/provider-keys says why, and until when.{said}"
    return Failure(FailureKind.RATE_LIMITED, message, retry_after_s=min(waits))


def _weight(affinity: str, provider_key_id: UUID) -> bytes:
    return sha256(f"{affinity}|{provider_key_id.hex}".encode()).digest()
