"""When a provider that fails is left alone for a while, and who tries it again (PRODUCT E9). Pure: times and dice are the caller's.

Closed, open, half open, as in Nygard, 'Release It!' (2007): a closed circuit lets everybody through and counts; one that opened lets
nobody through until its rest is over; then one call tries, and what becomes of it closes the circuit or opens it for longer.
"""

from dataclasses import dataclass, field
from typing import Final

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import PASSING, Failure, FailureKind

SLOTS: Final = 6
"""Into so many parts the window is cut; the oldest leaves as a whole."""

PROBE_S: Final = 60.0
"""A call that tries and is never heard of again keeps others from trying for so long."""

FAILS: Final = frozenset({FailureKind.UNREACHABLE, FailureKind.PROVIDER, FailureKind.CUT_OFF, FailureKind.MALFORMED})
"""Failures that are the provider's whatever was asked of it."""

SLOW: Final = frozenset({FailureKind.TIMEOUT, FailureKind.DEADLINE})
"""Failures that are the provider's where it had time enough: a caller's own short deadline says nothing."""


BARELY_S: Final = 0.1
"""A timer fires a little early or late."""


@dataclass(frozen=True, slots=True)
class CircuitRule:
    """Opens when `failed_ratio` of at least `calls_least` calls within `window_s` failed, for `rest_s`, doubling up to `rest_most_s`."""

    calls_least: int = 10
    failed_ratio: float = 0.5
    window_s: float = 30.0
    rest_s: float = 5.0
    rest_most_s: float = 60.0


@dataclass(slots=True)
class Circuit:
    """One address, asked with one key for one model."""

    rule: CircuitRule
    rests_until: float | None = None
    openings: int = 0
    probing_until: float = 0.0
    _slots: list[tuple[int, int, int]] = field(default_factory=list)

    def wait_s(self, now: float) -> float:
        """For so many seconds nobody may call; 0: call, after `enter`."""
        if self.rests_until is None:
            return 0.0
        if now < self.rests_until:
            return self.rests_until - now
        return min(self.probing_until - now, self.rule.rest_s) if now < self.probing_until else 0.0

    def enter(self, now: float) -> None:
        """Somebody calls, and will `note` what came of it. Where the circuit is half open, he is the one who tries."""
        if self.rests_until is not None:
            self.probing_until = now + PROBE_S

    @property
    def is_healthy(self) -> bool:
        """Closed, and no failure in its window: forgetting it changes nothing."""
        return self.rests_until is None and not any(failed for _, _, failed in self._slots)

    def note(self, worked: bool | None, *, now: float, dice: float) -> bool:
        """What came of a call; None: nothing that says anything of the provider. True: it opened the circuit just now.

        `dice` uniform in [0, 1): rests differ by up to a fifth, so that executors do not all try at the same moment.
        """
        if self.rests_until is not None:
            return self._note_probe(worked, now=now, dice=dice)
        if worked is None:
            return False
        calls, failed = self._count(worked, now=now)
        if worked or calls < self.rule.calls_least or failed < self.rule.failed_ratio * calls:
            return False
        self._open(now, dice)
        return True

    def _note_probe(self, worked: bool | None, *, now: float, dice: float) -> bool:
        """Calls that were under way when it opened may come back late: one that worked is as good as one that tried."""
        if worked:
            self.rests_until, self.openings, self.probing_until = None, 0, 0.0
            self._slots.clear()
            return False
        was_probe = now < self.probing_until
        self.probing_until = 0.0 if was_probe else self.probing_until
        if worked is None or not was_probe:
            return False
        self._open(now, dice)
        return True

    def _open(self, now: float, dice: float) -> None:
        rest_s = min(self.rule.rest_most_s, self.rule.rest_s * 2.0**self.openings)
        self.rests_until = now + rest_s * (1 + 0.2 * dice)
        self.openings = min(self.openings + 1, 30)
        self.probing_until = 0.0
        self._slots.clear()

    def _count(self, worked: bool, *, now: float) -> tuple[int, int]:
        """Calls and failures of the window, this one among them."""
        slot = int(now / self.rule.window_s * SLOTS)
        self._slots = [one for one in self._slots if one[0] > slot - SLOTS]
        if not self._slots or self._slots[-1][0] != slot:
            self._slots.append((slot, 0, 0))
        _, calls, failed = self._slots[-1]
        self._slots[-1] = (slot, calls + 1, failed + (not worked))
        return sum(one[1] for one in self._slots), sum(one[2] for one in self._slots)


def says_of_provider(result: Answer | Failure, *, latency_s: float, patience_s: float) -> bool | None:
    """Did the provider do its work? None: what came of the call says nothing of it.

    `patience_s`: how long a provider may take before its silence counts against it.
    """
    if isinstance(result, Answer):
        return True
    if result.http_status in PASSING:
        return None
    if result.kind in FAILS:
        return False
    if result.kind in SLOW:
        return False if result.http_status is not None or latency_s >= patience_s else None
    return True if result.kind is FailureKind.REFUSED and result.http_status is not None else None


def ended_by_caller(result: Answer | Failure, *, latency_s: float, allowed_s: float) -> bool:
    """Did the caller's own deadline or time limit, `allowed_s`, end it? A provider that said itself that it took too long did so itself."""
    is_slow = isinstance(result, Failure) and result.kind in SLOW and result.http_status is None
    return is_slow and latency_s >= allowed_s - BARELY_S
