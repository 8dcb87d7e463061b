"""Which failed evaluations say nothing of a candidate, because no model read it. Pure."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from burnish_optimizer.core.retry import ACCOUNT_EMPTY

NOBODY_CALLED: Final = frozenset({"no_provider_key", "egress_refused"})
"""Codes of an execution for which nothing was sent: there is no key, or the address may not be called."""

REFUSED: Final = "provider_refused"

KEY_REFUSED: Final = 401

REFUSES_MOSTLY_ALL: Final = frozenset({402, 403, 404})
"""An account without money, a key without the right, a model that is not known. Some providers answer so to one text: to more tokens than
an account can pay for, to a file that is gone, to what they will not read."""

OF_THE_TEXT: Final = re.compile(
    r"flagged|moderation|content[ _](?:policy|filter)|safety|inappropriate|violat|usage polic|guardrail|blocked|\bfile\b"
    r"|no endpoints found that",
    re.IGNORECASE,
)

OF_THE_ACCOUNT: Final = re.compile(
    r"\b(?:your|this|the) (?:account|organi[sz]ation|project|subscription|api key|key)\b|data policy|you have been blocked"
    r"|\b(?:country|region)\b",
    re.IGNORECASE,
)
"""In a refusal that sounds as if it were of the text: whose account is closed for what it sent is read no text at all."""

BAD_REQUEST: Final = 400
"""What a provider mostly says of one request; some say it of a key, an account or a model, in a code or in words of their own."""

CODES: Final = frozenset(
    {"invalid_api_key", "model_not_found", "invalid_model", "model_not_exist", "billing_error", "authentication_error"}
)

KEY_CODES: Final = frozenset({"invalid_api_key", "authentication_error"})

WORDS: Final = re.compile(
    r"api key (?:is )?(?:not valid|invalid|expired)|credit balance is too low|model not exist|invalid model:"
    r"|model identifier is invalid|is not a valid model id",
    re.IGNORECASE,
)
"""Google, Anthropic, DeepSeek, Mistral, Bedrock and OpenRouter, in this order."""


IN_A_ROW: Final = 3
"""So many different texts, and none between them that was answered: then it is no fault of theirs (a model that was retired, an account
that was emptied in the middle)."""


class Reach(Enum):
    """How far a failed call came. `DOUBTFUL`: mostly not to a model, but some providers say the same of one text."""

    READ = auto()
    DOUBTFUL = auto()
    NOBODY = auto()


def reach_of(error: Mapping[str, Any] | None) -> Reach:
    """What an execution's error says alone.

    `error`: as the books have it. Failures that may pass are not meant: those are tried again.
    """
    if error is None or error.get("retryable", True):
        return Reach.READ
    if error.get("code") in NOBODY_CALLED:
        return Reach.NOBODY
    if error.get("code") not in (REFUSED, ACCOUNT_EMPTY):
        return Reach.READ
    status, said = error.get("provider_status"), str(error.get("message") or "")
    if error.get("code") == ACCOUNT_EMPTY and status is None:
        return Reach.NOBODY  # The key rests since it was found empty.
    code = error.get("provider_code") or ""
    if status == KEY_REFUSED or (code in KEY_CODES and status in REFUSES_MOSTLY_ALL | {BAD_REQUEST}):
        return Reach.NOBODY
    if status in REFUSES_MOSTLY_ALL:
        words = f"{code} {said}"
        return Reach.READ if OF_THE_TEXT.search(words) and not OF_THE_ACCOUNT.search(words) else Reach.DOUBTFUL
    is_told = error.get("code") == ACCOUNT_EMPTY or (status == BAD_REQUEST and (code in CODES or WORDS.search(said) is not None))
    return Reach.DOUBTFUL if is_told else Reach.READ


class Verdict(Enum):
    """Of one failed call. `OPEN`: its route answered nothing yet; what becomes of others has to say it."""

    READ = auto()
    OPEN = auto()
    UNREACHED = auto()


@dataclass(slots=True)
class Routes:
    """Which routes answered in this job or run, so that a doubtful refusal of one that did is the answer to its one text.

    A route is a model with the keys that are tried for it. Nothing is kept: who goes on after a crash learns it anew.
    """

    _answered: set[Hashable] = field(default_factory=set)
    _refused: dict[Hashable, set[Hashable]] = field(default_factory=dict)
    """By route: texts that were refused since the last answer, or before the first."""

    def answered(self, route: Hashable) -> None:
        self._answered.add(route)
        self._refused.pop(route, None)

    def verdict_on(self, route: Hashable, error: Mapping[str, Any] | None, *, text: Hashable, is_known: bool = False) -> Verdict:
        """Whether an execution failed before a model read it, for a reason that another text would meet as well.

        `text`: names what was asked. `is_known`: it was refused before, and says nothing new of how the route does.
        """
        reach = reach_of(error)
        if reach is not Reach.DOUBTFUL:
            return Verdict.READ if reach is Reach.READ else Verdict.UNREACHED
        has_answered = route in self._answered
        if is_known and has_answered:
            return Verdict.READ
        refused = self._refused.setdefault(route, set())
        if not is_known:
            refused.add(text)
        if len(refused) >= IN_A_ROW:
            return Verdict.UNREACHED
        return Verdict.READ if has_answered else Verdict.OPEN
