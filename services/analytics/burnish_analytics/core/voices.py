"""How much one voice may weigh in a decision (PROMISES O-08): at most CAP_RATIO of it, however often it speaks.

A voice is who stands behind reactions: an end user, or an API key. A key that ran the execution, or that names the end user whom the
execution was made for, passes on what that user says; what any other key sends is that key's voice, whomever it names. Reactions to
answers of one's own that name nobody are one voice for each execution, and need no cap.

Weights are whole reactions: a voice that said more than its allowance counts for the allowance, with its own share of satisfied ones.
The allowance C is the largest with C ≤ CAP_RATIO · W, where W is the sum of all weights with that allowance. At most 1/CAP_RATIO voices
can reach it, so that many of the heaviest suffice to find it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CAP_RATIO: Final = 0.05

HEAVIEST_MOST: Final = 21
"""One more than can reach the allowance."""

KEY: Final = "key:"
USER: Final = "user:"
TRUSTED: Final = "inbound:"
"""How feedback names an inbound webhook as its sender: an admin set it up to speak for the end users of another system."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What one voice has said of one version under one label."""

    name: str
    samples: int
    satisfied_micro: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a decision is made from. `held_back`: voices that said more than their allowance; `allowance`: reactions one may weigh."""

    samples: int
    satisfied_micro: int
    held_back: int = 0
    allowance: int | None = None


def voice_of(*, sent_by: str | None, end_user: str, ran_by: str | None, made_for: str | None) -> str | None:
    """The voice behind a reaction; None: one that only this execution has. `sent_by`, `ran_by`: keys; `made_for`: the execution's user."""
    speaks_for_others = sent_by == ran_by or (sent_by or "").startswith(TRUSTED) or bool(end_user and end_user == made_for)
    if not speaks_for_others:
        return f"{KEY}{sent_by or ''}"
    return f"{USER}{end_user}" if end_user else None


def allowance_of(samples: int, heaviest: Sequence[int], *, least: int) -> int:
    """How many reactions one voice may weigh, of `samples` in all. `heaviest`: the largest counts by voice, in falling order."""
    rest = samples
    for capped, count in enumerate(heaviest):
        share = 1 - capped * CAP_RATIO
        if share <= CAP_RATIO / 2:
            return least
        allowance = max(int(CAP_RATIO * rest / share), least)
        if count <= allowance:
            return allowance
        rest -= count
    return max(int(CAP_RATIO * rest / max(1 - len(heaviest) * CAP_RATIO, CAP_RATIO)), least)


def weigh(samples: int, satisfied_micro: int, heaviest: Sequence[Voice], *, needed: int) -> Weighed:
    """The standing with every voice held to its allowance, of which a decision of `needed` reactions is made.

    A single voice that is an API key and all there is, is a system that collects feedback without naming anybody: there is nobody whom
    it could outvote, and it counts as it is until somebody else speaks.
    """
    least = max(1, int(CAP_RATIO * needed))
    if not heaviest or (heaviest[0].name.startswith(KEY) and heaviest[0].samples == samples):
        return Weighed(samples, satisfied_micro)
    allowance = allowance_of(samples, [one.samples for one in heaviest], least=least)
    held = [one for one in heaviest if one.samples > allowance]
    for one in held:
        samples += allowance - one.samples
        satisfied_micro += one.satisfied_micro * allowance // one.samples - one.satisfied_micro
    return Weighed(samples, satisfied_micro, len(held), allowance)


def newly_weighed(before: int, after: int, *, allowance: int) -> int:
    """How many of the reactions that a voice added still weigh, now that it has `after`."""
    return min(after, allowance) - min(max(before, 0), allowance)
