"""How much one voice may weigh in a decision (PROMISES O-08): at most CAP_RATIO of it, however often it speaks.

A threshold weighs what was ever said of a version. Detectors weigh what came of late, in blocks: reactions wait in a Pool until so many
voices have spoken that none is more than CAP_RATIO of the block, so that one that speaks alone, or beside few, is not heard. What is
beyond a voice's allowance in its block is never heard.

A voice is who stands behind reactions: an end user, or an API key. A key that ran the execution, or that names the end user whom the
execution was made for, passes on what that user says; what any other key sends is that key's voice, whomever it names. Reactions to
answers of one's own that name nobody are one voice for each execution, and need no cap.

Weights are whole reactions: a voice that said more than its allowance counts for the allowance, with its own share of satisfied ones.
The allowance C is the largest with C ≤ CAP_RATIO · W, where W is the sum of all weights with that allowance. At most 1/CAP_RATIO voices
can reach it, so that many of the heaviest suffice to find it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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


NAMELESS: Final = ""
"""Stands for reactions that only their execution has: each is a voice of its own."""


@dataclass(frozen=True, slots=True)
class Block:
    """What detectors hear at once. `reactions`: how many there were; `most_of_one`: samples that one voice weighs at most.

    `held_samples`, `held_satisfied_micro`: what of the block those weigh who had said more than their allowance.
    """

    samples: int
    satisfied_micro: int
    reactions: int
    held_back: int = 0
    most_of_one: int = 1
    held_samples: int = 0
    held_satisfied_micro: int = 0


@dataclass(slots=True)
class Pool:
    """What was said of one version under one label and was not heard yet: voice → (samples, satisfied millionths)."""

    said: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, voice: str, samples: int, satisfied_micro: int) -> None:
        if samples:
            held = self.said.get(voice, (0, 0))
            self.said[voice] = (held[0] + samples, held[1] + satisfied_micro)

    def taken(self) -> Block | None:
        """All of it, weighed, and the pool is empty again. None while some voice would be more than CAP_RATIO of it: it goes on waiting."""
        reactions = sum(samples for samples, _ in self.said.values())
        counts = sorted((said[0] for voice, said in self.said.items() if voice != NAMELESS), reverse=True)
        allowance = allowance_of(reactions, counts[:HEAVIEST_MOST], least=0)
        if allowance < 1:
            return None
        block = self._block(reactions, allowance)
        self.said = {}
        return block

    def waiting(self) -> Iterator[Voice]:
        return (Voice(voice, *said) for voice, said in sorted(self.said.items()))

    def _block(self, reactions: int, allowance: int) -> Block:
        samples, satisfied, most = reactions, sum(said[1] for said in self.said.values()), 1
        held: list[int] = []
        for voice, (count, satisfied_micro) in self.said.items():
            if voice == NAMELESS:
                continue
            most = max(most, min(count, allowance))
            if count > allowance:
                held.append(satisfied_micro * allowance // count)
                samples += allowance - count
                satisfied += held[-1] - satisfied_micro
        return Block(samples, satisfied, reactions, len(held), most, len(held) * allowance, sum(held))
