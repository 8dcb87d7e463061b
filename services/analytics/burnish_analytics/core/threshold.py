"""When feedback on one (prompt, label, version) is worth an alert (PRODUCT A4): a state machine without clock or I/O.

too few ── min_samples reached ──▶ TellSamples (once for ever; where it is muted, when the mute is over)
fine ── lower bound < target, cooldown over ──▶ Raise ── lower bound ≥ target + hysteresis, or version superseded ──▶ Resolve ──▶ fine
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from burnish_analytics.core.reactions import MICRO
from burnish_shared.measures import Interval, wilson
from burnish_shared.prompt_settings import DEFAULT_QUALITY_THRESHOLD

DEFAULT_MIN_SAMPLES: Final = 100
FOR_EVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""How a mute without an end is read."""


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """What is asked of a prompt's feedback. `hysteresis_ratio`: how far above the target the bound must come to end an alert.
    `muted_until`: nobody is told before; FOR_EVER: until somebody changes the rule."""

    enabled: bool = True
    min_samples: int = DEFAULT_MIN_SAMPLES
    target_ratio: float = DEFAULT_QUALITY_THRESHOLD
    hysteresis_ratio: float = 0.02
    cooldown_s: float = 3600.0
    muted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ThresholdState:
    """What has been told already. `resolved_at` is when the last alert ended."""

    samples_told: bool = False
    is_below: bool = False
    is_retired: bool = False
    resolved_at: datetime | None = None
    recheck_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TellSamples:
    satisfaction: Interval


@dataclass(frozen=True, slots=True)
class Raise:
    satisfaction: Interval


@dataclass(frozen=True, slots=True)
class Resolve:
    satisfaction: Interval | None
    reason: str


Move = TellSamples | Raise | Resolve


def decide(
    state: ThresholdState, *, samples: int, satisfied_micro: int, rule: ThresholdRule, now: datetime
) -> tuple[ThresholdState, list[Move]]:
    """What to tell, now that feedback stands like this, and the state to keep.

    Depends on the figures alone and not on how they came about, so a batch, a restart or a late start misses no crossing that still holds
    (PROMISES A-06). Called again with the same figures it tells nothing.
    """
    satisfaction = wilson(satisfied_micro / MICRO, samples)
    if state.is_below and (state.is_retired or not rule.enabled):
        if state.is_retired:
            return replace(state, is_below=False, resolved_at=now, recheck_at=None), [Resolve(satisfaction, "superseded")]
        # No quiet hour after it: who switches the rule on again wants to know what still is below.
        return replace(state, is_below=False, recheck_at=None), [Resolve(satisfaction, "rule_disabled")]
    if not rule.enabled or satisfaction is None or samples < max(rule.min_samples, 1):
        return replace(state, recheck_at=None), []
    moves: list[Move] = []
    waits = not state.samples_told and not state.is_retired and rule.muted_until is not None and rule.muted_until > now
    if not state.samples_told and not waits:
        state = replace(state, samples_told=True)
        moves.append(TellSamples(satisfaction))
    state, crossing = _crossing(state, satisfaction, rule=rule, now=now)
    if waits and rule.muted_until != FOR_EVER:
        state = replace(state, recheck_at=min(filter(None, (state.recheck_at, rule.muted_until))))
    return state, moves + ([crossing] if crossing is not None else [])


def _crossing(state: ThresholdState, satisfaction: Interval, *, rule: ThresholdRule, now: datetime) -> tuple[ThresholdState, Move | None]:
    if state.is_below:
        if satisfaction.low >= min(rule.target_ratio + rule.hysteresis_ratio, 1.0):
            return replace(state, is_below=False, resolved_at=now, recheck_at=None), Resolve(satisfaction, "recovered")
        return replace(state, recheck_at=None), None
    if satisfaction.low >= rule.target_ratio or state.is_retired:
        return replace(state, recheck_at=None), None
    quiet_until = state.resolved_at + timedelta(seconds=rule.cooldown_s) if state.resolved_at is not None else None
    if quiet_until is not None and now < quiet_until:
        return replace(state, recheck_at=quiet_until), None
    return replace(state, is_below=True, recheck_at=None), Raise(satisfaction)
