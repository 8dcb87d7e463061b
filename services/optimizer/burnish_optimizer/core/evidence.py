"""What a suggestion shows for itself (PRODUCT O6): computed from stored answers, nothing of it is an estimate by a model. Pure."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.search import Candidate, Effect, Rejected, digest
from burnish_optimizer.stats import (
    Discordance,
    Interval,
    discordance,
    mcnemar_one_sided,
    newcombe_interval,
    power_of_mcnemar,
    wilson_interval,
)

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
    baseline_right: bool
    candidate_right: bool
    baseline_cost_nusd: int
    candidate_cost_nusd: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """The one paired measurement on a test split, at the level that its look may spend."""

    cells: Discordance
    interval: Interval
    p_value: float
    alpha: float
    look: int

    @property
    def proves_a_gain(self) -> bool:
        """Ties keep the incumbent (PROMISES O-05)."""
        return self.p_value <= self.alpha and self.interval.low > 0

    def as_json(self) -> dict[str, Any]:
        n, cells = self.cells.n, self.cells
        share = (cells.fixed + cells.broken) / n if n else 0.0
        return {
            "n": n,
            "baseline": _ratio(cells.both + cells.broken, n),
            "candidate": _ratio(cells.both + cells.fixed, n),
            "delta": round(cells.delta, 6),
            "ci_low": round(self.interval.low, 6),
            "ci_high": round(self.interval.high, 6),
            "confidence": round(self.interval.confidence, 6),
            "p_value": self.p_value,
            "alpha": self.alpha,
            "look": self.look,
            "fixed": cells.fixed,
            "broken": cells.broken,
            "underpowered": n < FULLY_POWERED_ITEMS,
            "power": {
                "for_gain": MIN_EFFECT,
                "power": round(power_of_mcnemar(n, discordant_ratio=share, delta=MIN_EFFECT, alpha=self.alpha), 3),
            },
        }


def measure(pairs: Sequence[Pair], *, alpha: float, look: int) -> Measurement:
    """Exact one-sided McNemar test, and Newcombe's paired interval at the confidence that belongs to `alpha` (95% at the first look)."""
    cells = discordance([pair.baseline_right for pair in pairs], [pair.candidate_right for pair in pairs])
    return Measurement(
        cells=cells,
        interval=newcombe_interval(cells, confidence=1 - 2 * alpha),
        p_value=mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken),
        alpha=alpha,
        look=look,
    )


def evidence(
    *, before: str, candidate: Candidate, pairs: Sequence[Pair], measurement: Measurement, facts: dict[str, Any]
) -> dict[str, Any]:
    """Everything that a reviewer needs. `facts`: models, seed, budget and the like, as the job knows them."""
    return facts | {
        "test": measurement.as_json(),
        "validation": _validation(candidate),
        "diff": diff(before, candidate.prompt),
        "edits": [edit_json(effect) for effect in candidate.effects if effect.state == "chosen"],
        "per_category": _per_category(pairs),
        "cost": _cost(pairs),
        "fixed": [str(pair.item_id) for pair in pairs if pair.candidate_right and not pair.baseline_right][:EXAMPLES_MOST],
        "broken": [str(pair.item_id) for pair in pairs if pair.baseline_right and not pair.candidate_right][:EXAMPLES_MOST],
        "measured": {"baseline_sha256": digest(before), "candidate_sha256": digest(candidate.prompt)},
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


def _validation(candidate: Candidate) -> dict[str, Any]:
    n = len(candidate.scores)
    return {
        "n": n,
        "baseline": round(sum(candidate.baseline_scores) / n, 6) if n else None,
        "candidate": round(sum(candidate.scores) / n, 6) if n else None,
    }


def _per_category(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    rows = []
    for category in sorted({pair.category for pair in pairs})[:100]:
        own = [pair for pair in pairs if pair.category == category]
        before, after = sum(pair.baseline_right for pair in own), sum(pair.candidate_right for pair in own)
        low, high = wilson_interval(after, len(own))
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


def _cost(pairs: Sequence[Pair]) -> dict[str, Any]:
    before, after = sum(pair.baseline_cost_nusd for pair in pairs), sum(pair.candidate_cost_nusd for pair in pairs)
    n = max(1, len(pairs))
    return {
        "baseline_nusd": before // n,
        "candidate_nusd": after // n,
        "change_ratio": round(after / before - 1, 4) if before else None,
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
