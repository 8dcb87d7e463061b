"""The review queue as gateway and analytics both see it: why an answer is in it, and what is asked where nobody set anything."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Reason = Literal["picked", "low_rated", "corrected", "disagreement", "uncertain", "sampled"]
"""picked: by a person. low_rated: somebody was not satisfied. corrected: somebody wrote what would have been right. disagreement: judges,
or a judge and people, say different things. uncertain: an evaluator's score is in the middle. sampled: drawn at random."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

URGENCY: Final[dict[Reason, int]] = {"picked": 0, "corrected": 1, "low_rated": 1, "disagreement": 1, "uncertain": 2, "sampled": 3}
"""The lowest comes first; among equals the one that waits longest."""

Verdict = Literal["good", "bad"]

LOW_BELOW_RATIO: Final = 0.5
"""A reaction that says less satisfaction than this is low: a thumb down, or a score below a half."""


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """What goes into the queue of one prompt. `most_waiting`: answers that wait at once; what comes beyond is not queued."""

    low_rated: bool = True
    uncertain: bool = True
    sample_ratio: float = 0.0
    most_waiting: int = 1_000


@dataclass(frozen=True, slots=True)
class ReviewRuleRow:
    """What was set for one prompt (`slug`), or for the workspace (`slug` empty). None: not said."""

    slug: str
    low_rated: bool | None = None
    uncertain: bool | None = None
    sample_ratio: float | None = None
    most_waiting: int | None = None


UNSET: Final = ReviewRule()


def rule_of(own: ReviewRuleRow | None, workspace: ReviewRuleRow | None) -> ReviewRule:
    """The prompt's own word, else the workspace's, else the product's."""

    def said(name: str) -> object:
        for row in (own, workspace):
            value = getattr(row, name) if row is not None else None
            if value is not None:
                return value
        return getattr(UNSET, name)

    return ReviewRule(
        low_rated=bool(said("low_rated")),
        uncertain=bool(said("uncertain")),
        sample_ratio=float(said("sample_ratio")),  # type: ignore[arg-type]
        most_waiting=int(said("most_waiting")),  # type: ignore[call-overload]
    )
