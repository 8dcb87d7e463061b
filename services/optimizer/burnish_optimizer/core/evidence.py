"""What a suggestion shows for itself (PRODUCT O6): computed from stored answers, nothing of it is an estimate by a model. Pure."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import numpy as np

from burnish_optimizer.search import Candidate, Effect, Rejected, Tried, digest
from burnish_optimizer.stats import (
    Discordance,
    Interval,
    bootstrap_interval,
    discordance,
    draws_for,
    mcnemar_one_sided,
    newcombe_interval,
    power_of_mcnemar,
    sign_flip_one_sided,
    steadied_interval,
)
from burnish_shared.measures import wilson

FULLY_POWERED_ITEMS: Final = 100
"""With fewer test items a measurement says so (SCIENCE section 3)."""

EXAMPLES_MOST: Final = 50
MIN_EFFECT: Final = 0.05
"""The gain that `power` is given for."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Incumbent and candidate on one test item."""

    item_id: UUID
    category: str
    """The right answer; empty: there is none, and the pair is in no category."""

    baseline: float
    candidate: float
    baseline_cost_nusd: int
    candidate_cost_nusd: int
    baseline_values: Mapping[str, float | None] = field(default_factory=dict)
    candidate_values: Mapping[str, float | None] = field(default_factory=dict)
    """What each metric said of either answer, where more than one counts."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The one paired measurement on a test split, at the level that its look may spend. `cells`: right is a score of 1."""

    cells: Discordance
    baseline: float
    candidate: float
    interval: Interval
    p_value: float
    alpha: float
    look: int
    is_plain: bool = True
    """All scores were 0 or 1."""

    margin: float | None = None
    """How much worse a shorter prompt may be, as a share; None: it must be better."""

    @property
    def delta(self) -> float:
        return self.candidate - self.baseline

    @property
    def proves_a_gain(self) -> bool:
        """Ties keep the incumbent (PROMISES O-05). Of a shorter prompt it is asked that it is not worse by more than the margin."""
        if self.margin is not None:
            return self.interval.low > -self.margin
        return self.p_value <= self.alpha and self.interval.low > 0

    def as_json(self) -> dict[str, Any]:
        n, cells = self.cells.n, self.cells
        share = (cells.fixed + cells.broken) / n if n else 0.0
        return {
            "n": n,
            "baseline": round(self.baseline, 6) if n else None,
            "candidate": round(self.candidate, 6) if n else None,
            "delta": round(self.delta, 6),
            "ci_low": round(self.interval.low, 6),
            "ci_high": round(self.interval.high, 6),
            "confidence": round(self.interval.confidence, 6),
            "p_value": self.p_value,
            "by": "mcnemar" if self.is_plain else "sign_flip",
            "alpha": self.alpha,
            "look": self.look,
            "fixed": cells.fixed,
            "broken": cells.broken,
            "underpowered": n < FULLY_POWERED_ITEMS,
            "power": {
                "for_gain": MIN_EFFECT,
                "power": round(power_of_mcnemar(n, discordant_ratio=share, delta=MIN_EFFECT, alpha=self.alpha), 3),
            },
        } | ({} if self.margin is None else {"margin": self.margin})


def measure(pairs: Sequence[Pair], *, alpha: float, look: int, margin: float | None = None) -> Measurement:
    """Right and wrong: exact one-sided McNemar test and Newcombe's paired interval. Scores in between: a sign-flip test and a paired
    bootstrap, with dice of their own that are always the same, and as many draws as `alpha` asks for. The interval's confidence belongs to
    `alpha` (95% at the first look). Seconds at the processor where that is very small: not for an event loop."""
    before, after = [pair.baseline for pair in pairs], [pair.candidate for pair in pairs]
    better = [b > a for a, b in zip(before, after, strict=True)]
    worse = [b < a for a, b in zip(before, after, strict=True)]
    confidence = 1 - 2 * alpha
    is_plain = all(score in (0.0, 1.0) for score in (*before, *after))
    if is_plain:
        cells = discordance([score >= 1 for score in before], [score >= 1 for score in after])
        interval, p_value = newcombe_interval(cells, confidence=confidence), mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken)
    else:
        equal = [score >= 1 for score, b, w in zip(before, better, worse, strict=True) if not b and not w]
        cells = Discordance(both=sum(equal), fixed=sum(better), broken=sum(worse), neither=len(equal) - sum(equal))
        draws = draws_for(alpha)
        how = bootstrap_interval if margin is None else steadied_interval
        interval = how(before, after, rng=_dice(), confidence=confidence, draws=draws)
        p_value = sign_flip_one_sided(before, after, rng=_dice(), draws=draws)
    n = max(1, len(pairs))
    return Measurement(cells, sum(before) / n, sum(after) / n, interval, p_value, alpha=alpha, look=look, is_plain=is_plain, margin=margin)


def _dice() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(0))


def evidence(
    *,
    before: str,
    candidate: Candidate,
    pairs: Sequence[Pair],
    measurement: Measurement,
    facts: dict[str, Any],
    lines: Callable[[str], str] = str,
    question: Callable[[str], str] = digest,
) -> dict[str, Any]:
    """Everything that a reviewer needs. `facts`: models, seed, budget and the like, as the job knows them; `lines`: how a candidate is
    compared by line; `question`: what names a candidate in the checkpoint."""
    return facts | {
        "test": measurement.as_json(),
        "validation": _validation(candidate),
        "diff": diff(lines(before), lines(candidate.prompt)),
        "edits": [edit_json(effect) for effect in candidate.effects if effect.state == "chosen"],
        "per_category": _per_category(pairs),
        "cost": _cost(pairs),
        "by_metric": _by_metric(pairs),
        "fixed": [str(pair.item_id) for pair in pairs if pair.candidate > pair.baseline][:EXAMPLES_MOST],
        "broken": [str(pair.item_id) for pair in pairs if pair.candidate < pair.baseline][:EXAMPLES_MOST],
        "measured": {"baseline_sha256": question(before), "candidate_sha256": question(candidate.prompt)},
    }


def diff(before: str, after: str) -> list[str]:
    """Unified, by line, all of it."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=2))


def edit_json(effect: Effect) -> dict[str, Any]:
    """An edit and what it did: its effect on the score over the items it was tried on, with a 95% interval of the posterior."""
    edit = effect.edit
    return {
        "section": edit.section,
        "operation": edit.operation,
        "text": edit.text,
        **({"line": edit.line} if edit.line else {}),
        **({"theme": list(effect.theme)} if effect.theme else {}),
        "rationale": edit.rationale,
        "state": effect.state,
        "effect": round(effect.mean, 4),
        "effect_low": round(effect.mean - 1.96 * effect.sd, 4),
        "effect_high": round(effect.mean + 1.96 * effect.sd, 4),
        "observations": effect.observations,
    }


def rejected_json(rejected: Rejected) -> dict[str, Any]:
    edit = rejected.edit
    return {
        "section": edit.section,
        "operation": edit.operation,
        "text": edit.text,
        "rationale": edit.rationale,
        "state": "rejected",
        "reason": rejected.reason,
    }


def tried_json(tried: Tried) -> dict[str, Any]:
    """A whole text, or a choice of settings, like an edit. Its effect is over the text that it stood against, with a 95 % interval."""
    told: dict[str, Any] = {
        "section": tried.section, "operation": "try", "text": tried.text, "rationale": "", "state": tried.state,
        "observations": tried.observations,
    }  # fmt: skip
    if tried.effect is not None:
        low, high = tried.effect - 1.96 * tried.error, tried.effect + 1.96 * tried.error
        told |= {"effect": round(tried.effect, 4), "effect_low": round(max(-1.0, low), 4), "effect_high": round(min(1.0, high), 4)}
    return told | ({"reason": tried.reason} if tried.reason else {})


def _validation(candidate: Candidate) -> dict[str, Any]:
    n = len(candidate.scores)
    return {
        "n": n,
        "baseline": round(sum(candidate.baseline_scores) / n, 6) if n else None,
        "candidate": round(sum(candidate.scores) / n, 6) if n else None,
        "expected": round(candidate.expected, 6) if n else None,
    }


def _per_category(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    rows = []
    for category in sorted({pair.category for pair in pairs if pair.category})[:100]:
        own = [pair for pair in pairs if pair.category == category]
        before, after = sum(pair.baseline for pair in own), sum(pair.candidate for pair in own)
        low, high = _interval_of([pair.candidate for pair in own])
        rows.append(
            {
                "category": category,
                "n": len(own),
                "baseline": _ratio(before, len(own)),
                "candidate": _ratio(after, len(own)),
                "candidate_low": round(low, 4),
                "candidate_high": round(high, 4),
            }
        )
    return rows


def _interval_of(scores: Sequence[float]) -> tuple[float, float]:
    """Of the mean score, at 95 %: Wilson's. Scores in between vary at most as much as right and wrong, so it is rather too wide."""
    found = wilson(min(sum(scores), len(scores)), len(scores))
    return (0.0, 1.0) if found is None else (found.low, found.high)


def _cost(pairs: Sequence[Pair]) -> dict[str, Any]:
    before, after = sum(pair.baseline_cost_nusd for pair in pairs), sum(pair.candidate_cost_nusd for pair in pairs)
    n = max(1, len(pairs))
    return {
        "baseline_nusd": before // n,
        "candidate_nusd": after // n,
        "change_ratio": round(after / before - 1, 4) if before else None,
    }


def _by_metric(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Means of each metric over the answers in which it could be taken; null where in none."""
    names = list(dict.fromkeys(name for pair in pairs for name in (*pair.baseline_values, *pair.candidate_values)))
    return [
        {
            "metric": name,
            "baseline": _mean([pair.baseline_values.get(name) for pair in pairs]),
            "candidate": _mean([pair.candidate_values.get(name) for pair in pairs]),
        }
        for name in names
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    taken = [value for value in values if value is not None]
    return round(sum(taken) / len(taken), 6) if taken else None


def _ratio(part: float, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
