"""How wide a round is and how often a reflection is due, by the size of the effects that are seen (SCIENCE section 3).

Two worlds ask for different things. Where one edit is worth .1, eight combinations on six items and a reflection every twenty evaluations
tell edits apart soonest. Where an edit is worth .02, what is needed is many edits and many items: four on twelve, every eight.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from burnish_optimizer.search.task import Settings

LARGE: Final = 0.10
SMALL: Final = 0.075
"""Prior standard deviations of an effect, as the evidence picks them: at and above LARGE, at and below SMALL."""

TINY: Final = 0.035
"""Where effects are so small, which set of many edits is the best is for validation to say: all that it can take stays kept."""

BACKLOG_ABOVE: Final = 8
BACKLOG_TRIED_IN: Final = 200
"""So many proposals at once are more than a round earns: the pace has changed, and they need so many evaluations to be told apart."""

WATCHED: Final = 20
OPAQUE_ABOVE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Pace:
    arms: int
    items: int
    evaluations_per_proposal: int
    undecided_cap: int


def pace_of(settings: Settings, scale: float | None) -> Pace:
    """`scale` is the typical size of an effect, None before anything is known. Without adapting, what the settings say."""
    s = settings
    if not s.adapts:
        return Pace(s.arms, s.items_per_round, s.evaluations_per_proposal, s.undecided_cap)
    if scale is None:
        return Pace(8, 6, 12, 40)
    if scale >= LARGE:
        return Pace(8, 6, 20, 30)
    if scale <= SMALL:
        return Pace(4, 12, 8, 80)
    return Pace(6, 8, 12, 50)


def is_tiny(scale: float | None) -> bool:
    return scale is not None and scale <= TINY


def evaluations_to_try(proposals: int, pace: Pace, scale: float | None) -> int:
    """How many must be left for so many proposals at once to be worth asking for (decision 81): a round, and more for a backlog.

    What joins leads for its prior alone until it is tried, and many such edits hide what those do that have been.
    """
    return max(pace.arms * pace.items, BACKLOG_TRIED_IN if proposals > BACKLOG_ABOVE and not is_tiny(scale) else 0)


@dataclass(slots=True)
class Steadiness:
    """What the last reflections came to: something new, nothing new, a prompt in other words, or one that could not be read."""

    _last: deque[str] = field(default_factory=lambda: deque(maxlen=WATCHED))

    def note(self, outcome: str) -> None:
        self._last.append(outcome)

    @property
    def rewords(self) -> bool:
        """Whether prompts come back in other words."""
        return "reworded" in self._last or "opaque" in self._last

    @property
    def is_opaque(self) -> bool:
        """Whether most of the last reflections re-wrote prompts beyond recognition."""
        return self._last.count("opaque") > OPAQUE_ABOVE * WATCHED
