"""When a failed message is tried again, and when a consumer has to stop: pure decisions of the pull loop."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from pydantic import ValidationError

from burnish_shared.errors import BurnishError
from burnish_shared.places import place_of
from burnish_shared.streams import RETRY_DELAYS_S

MAX_CONSECUTIVE_DEAD: Final = 50
MAX_DEAD_RATIO: Final = 0.2
WINDOW_MESSAGES: Final = 250
MIN_WINDOW_MESSAGES: Final = 100
"""PROMISES M-08: more than 50 in a row, or more than 20% (of at least 100, at most 250 recent messages)."""


_FIELD: Final = re.compile(r"[a-z_]{1,40}")
_OF_OURS: Final = frozenset({"value_error", "assertion_error"})
"""Faults whose words are those of a check of ours, which may say what it was given."""


class Poison(Exception):
    """Raised by a handler for a message that can never succeed. `stream_seq` names it in a batch; the others are then tried without it."""

    def __init__(self, reason: str, *, stream_seq: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stream_seq = stream_seq


def misfit(error: ValidationError) -> str:
    """The first fault of a message and where it stands, for whoever looks at dead letters: never what stands in the message."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = place_of(one if isinstance(one, int) or _FIELD.fullmatch(one) else "…" for one in first["loc"])
    said = "does not fit" if first["type"] in _OF_OURS else first["msg"]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place}: {said}{more}" if place else f"{said}{more}"


def retry_delay_s(attempt: int, error: BaseException, *, delays_s: tuple[float, ...] = RETRY_DELAYS_S) -> float:
    """Seconds until the next delivery after the `attempt`-th (from 1) failed. An error that asks for a longer wait gets it."""
    scheduled = delays_s[min(max(attempt, 1), len(delays_s)) - 1]
    asked = error.retry_after_s if isinstance(error, BurnishError) and error.retry_after_s else 0.0
    return max(scheduled, asked)


@dataclass(slots=True)
class PoisonGuard:
    """Counts dead letters among recent messages, and says when a consumer must pause instead of draining into them.

    `consecutive`: how many ended so one after the other; `recent`: the last messages by their place in the stream, in the order they ended.
    """

    consecutive: int = 0
    recent: dict[int, bool] = field(default_factory=dict)
    on_probation: bool = False
    is_tripped: bool = False
    pauses: int = 0

    def record(self, *, is_dead: bool, stream_seq: int) -> None:
        """Notes how one message ended. On probation a single dead letter trips again, a success ends it."""
        self.recent.pop(stream_seq, None)  # One that came again stands where it ended.
        self.recent[stream_seq] = is_dead
        if len(self.recent) > WINDOW_MESSAGES:
            del self.recent[next(iter(self.recent))]
        if not is_dead:
            self.consecutive = 0
            if self.on_probation:
                self.on_probation, self.pauses = False, 0
            return
        self.consecutive += 1
        dead = sum(self.recent.values())
        too_many = len(self.recent) >= MIN_WINDOW_MESSAGES and dead > MAX_DEAD_RATIO * len(self.recent)
        in_a_row = self.consecutive if dead <= MAX_CONSECUTIVE_DEAD else max(self.consecutive, self._row_around(stream_seq))
        if self.on_probation or in_a_row > MAX_CONSECUTIVE_DEAD or too_many:
            self.is_tripped = True

    def _row_around(self, stream_seq: int) -> int:
        """How many dead ones lie side by side in the stream: of a batch the good ones are done first, wherever in it they lay."""
        known = sorted(self.recent)
        here = bisect_left(known, stream_seq)
        before = takewhile(self.recent.__getitem__, reversed(known[:here]))
        behind = takewhile(self.recent.__getitem__, known[here:])
        return sum(1 for _ in before) + sum(1 for _ in behind)

    def pause_s(self, *, first_s: float, longest_s: float) -> float:
        """How long to stand still now: `first_s`, doubling with each pause that helped nothing, at most `longest_s`."""
        return float(min(first_s * 2.0**self.pauses, longest_s))

    def resume(self) -> None:
        """The pause is over: the next message is a probe."""
        self.consecutive = 0
        self.recent.clear()
        self.is_tripped = False
        self.on_probation = True
        self.pauses += 1
