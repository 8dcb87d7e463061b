"""Whose reactions may not carry a promotion: keys that say more than their share of it and speak for nobody (PROMISES O-08). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from burnish_shared.experiments.analysis import Epoch
from burnish_shared.experiments.sums import ArmSums

CAP_RATIO: Final = 0.05
"""Of all reactions, as in analytics (`core/voices.py`)."""


def outvoting(reactions: Mapping[str, int]) -> frozenset[str]:
    """`reactions`: by key, '' for those of everybody who speaks for somebody. A key that is all there is collects feedback for others:
    there is nobody whom it could outvote."""
    if len(reactions) < 2:
        return frozenset()
    most = CAP_RATIO * sum(reactions.values())
    return frozenset(key for key, count in reactions.items() if key and count > most)


def without(epochs: Sequence[Epoch], moved: Mapping[str, Mapping[tuple[int, str], ArmSums]]) -> tuple[Epoch, ...]:
    """`moved`: metric → (epoch, arm) → what its sums are to be moved by."""
    return tuple(
        replace(
            one,
            sums={
                arm: {name: sums + moved.get(name, {}).get((one.number, arm), ArmSums()) for name, sums in metrics.items()}
                for arm, metrics in one.sums.items()
            },
        )
        for one in epochs
    )


def in_words(reactions: Mapping[str, int], keys: frozenset[str], sentence: str) -> str:
    """Why nobody is promoted. `sentence`: how it stands without these keys."""
    share = sum(reactions[one] for one in keys) / max(1, sum(reactions.values()))
    many = "an API key that ran" if len(keys) == 1 else f"{len(keys)} API keys that ran"
    return (
        f"Not decided by itself: {share:.0%} of the reactions came by {many} none of these answers and named nobody whom they were for."
        f" Without them: {sentence}"
    )
