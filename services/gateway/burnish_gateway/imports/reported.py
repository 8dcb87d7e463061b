"""An execution that happened elsewhere, as its source reports it, whatever format that came in. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from burnish_gateway.execution.group_key import PROMPT_KEY, group_key_of
from burnish_shared.contracts.executions import Status
from burnish_shared.errors import InvalidField

AHEAD_MOST: Final = timedelta(minutes=10)
"""How far a source's clock may be ahead of ours."""

AGE_MOST: Final = timedelta(days=400)
"""As long as numbers are kept (PROMISES 5.7)."""


@dataclass(frozen=True, slots=True)
class Reported:
    """`source` and `their_id` name it for ever. Times in UTC; money in nano-dollars; tokens None: not reported.

    `group_key`: of messages without a prompt, what they are grouped by, as our own calls (`grouped`).
    """

    source: str
    their_id: str
    finished_at: datetime
    latency_ms: int
    model: str
    provider: str
    status: Status = Status.SUCCESS
    error: str | None = None
    finish_reason: str | None = None
    slug: str | None = None
    version: int | None = None
    label: str | None = None
    first_token_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_nusd: int | None = None
    end_user: str | None = None
    session_id: str | None = None
    app: str | None = None
    messages: list[Any] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    output: str | None = None
    tool_calls: list[Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    trace_id: str | None = None
    group_key: str | None = None

    @property
    def served_by(self) -> str | None:
        """The label that served it: `production` for a prompt of which neither label nor version is known, as for our own calls."""
        return self.label or ("production" if self.slug and self.version is None else None)


def grouped(reported: Sequence[Reported]) -> list[Reported]:
    """With the group of each that names no prompt: `metadata.prompt_key`, else a fingerprint of its instructions, not masked yet."""
    return [one if one.slug else replace(one, group_key=group_key_of(_prompt_key(one), _messages(one))) for one in reported]


def _prompt_key(one: Reported) -> str | None:
    """What is none says nothing: whoever reports it cannot mend it."""
    key = one.metadata.get("prompt_key")
    return key if isinstance(key, str) and re.fullmatch(PROMPT_KEY, key) else None


def _messages(one: Reported) -> list[dict[str, Any]]:
    """Sources have their own forms of messages; what is none says nothing."""
    return [message for message in one.messages if isinstance(message, dict)]


def check_time(finished_at: datetime, *, now: datetime) -> None:
    """Raises InvalidField for a time that no rollup keeps."""
    if finished_at > now + AHEAD_MOST:
        raise InvalidField("finished_at: lies in the future; look at the clock of the source.", param="finished_at")
    if finished_at < now - AGE_MOST:
        raise InvalidField(f"finished_at: is more than {AGE_MOST.days} days ago; such figures are not kept.", param="finished_at")


def check_tokens(reported: Reported) -> None:
    """Raises InvalidField where more was read from a cache than was read at all. Of what is not reported nothing is said."""
    cached, read = reported.cached_input_tokens, reported.input_tokens
    if cached is not None and read is not None and cached > read:
        raise InvalidField(
            f"cached_input_tokens: {cached} are more than the {read} of 'input_tokens', which they are a part of.",
            param="cached_input_tokens",
        )
