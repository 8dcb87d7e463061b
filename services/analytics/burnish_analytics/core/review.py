"""Which answers a person should look at. Pure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from burnish_analytics.core.reactions import MICRO, Standing
from burnish_analytics.core.rollup import Fact
from burnish_shared.contracts.executions import Status
from burnish_shared.contracts.review import LOW_BELOW_RATIO, UNSET, URGENCY, Reason, ReviewRule, ReviewRuleRow, rule_of

DOUBTS: Final[tuple[Reason, ...]] = ("disagreement", "uncertain")

SAMPLE: Final = b"burnish.review.sample"

VOICE_RATIO: Final = 0.05
VOICE_LEAST: Final = 5
"""How many of a prompt's waiting answers one voice may have brought: so much of `most_waiting`, and so many in any case (PROMISES O-08)."""

Complaint = tuple[Fact, Reason, str | None]
"""An answer, why a person should look at it, and whose voice says so (core/voices.py)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What was set, by (workspace, slug). A prompt of which nothing is said is asked what the product asks."""

    said: Mapping[tuple[UUID, str], ReviewRuleRow]

    def of(self, workspace_id: UUID, slug: str) -> ReviewRule:
        return rule_of(self.said.get((workspace_id, slug)), self.said.get((workspace_id, "")))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer for the queue. The order of its first two fields is the order in which rows are written."""

    workspace_id: UUID
    execution_id: UUID
    slug: str
    version: int
    label: str
    model: str
    simulated: bool
    reason: Reason
    most_waiting: int = UNSET.most_waiting
    voice: bytes | None = None

    @property
    def urgency(self) -> int:
        return URGENCY[self.reason]

    @property
    def most_of_voice(self) -> int:
        return max(VOICE_LEAST, int(VOICE_RATIO * self.most_waiting))


def place_of(execution_id: UUID) -> float:
    """Where an execution lies between 0 and 1: always the same place, whoever looks, so that a sample is drawn once."""
    return int.from_bytes(hashlib.sha256(SAMPLE + execution_id.bytes).digest()[:8], "big") / 2**64


def is_low(standing: Standing) -> bool:
    """Whether a reaction says that somebody was not satisfied."""
    return standing.samples > 0 and standing.satisfied_micro < LOW_BELOW_RATIO * MICRO * standing.samples


def complaint_of(kind: str, standing: Standing) -> Reason | None:
    """Why a person should look at an answer that got this reaction; None: there is no reason to, or it was taken back."""
    if standing.reactions == 0:
        return None
    if kind == "correction":
        return "corrected"
    return "low_rated" if is_low(standing) else None


def drawn(facts: Iterable[Fact], rules: Rules) -> list[Candidate]:
    """Answers drawn at random, as many as each prompt asks for: live ones that succeeded. Without a rule nothing is drawn."""
    found = []
    for fact in facts:
        rule = rules.of(fact.workspace_id, fact.slug)
        if rule.sample_ratio > 0 and _is_live_answer(fact) and place_of(fact.execution_id) < rule.sample_ratio:
            found.append(_candidate(fact, "sampled", rule))
    return found


def complained_of(reactions: Collection[Complaint], rules: Rules) -> list[Candidate]:
    """Answers that somebody rated low or corrected, where the prompt's queue takes them. Of several voices it is nobody's alone."""
    found: dict[tuple[UUID, UUID, Reason], Candidate] = {}
    for fact, reason, voice in reactions:
        rule = rules.of(fact.workspace_id, fact.slug)
        if rule.low_rated and _is_live_answer(fact):
            key = (fact.workspace_id, fact.execution_id, reason)
            one = replace(_candidate(fact, reason, rule), voice=_digest(fact.workspace_id, voice))
            found[key] = one if key not in found or found[key].voice == one.voice else replace(one, voice=None)
    return list(found.values())


def doubted(candidates: Iterable[Candidate], rules: Rules) -> list[Candidate]:
    """Those that the prompt's queue takes, of answers that evaluators are not sure of or disagree about."""
    found = ((one, rules.of(one.workspace_id, one.slug)) for one in candidates)
    return [replace(one, most_waiting=rule.most_waiting) for one, rule in found if rule.uncertain]


def _digest(workspace_id: UUID, voice: str | None) -> bytes | None:
    """No name lies in the queue."""
    return hashlib.sha256(workspace_id.bytes + voice.encode()).digest()[:16] if voice is not None else None


def _is_live_answer(fact: Fact) -> bool:
    return fact.traffic == "live" and fact.status == Status.SUCCESS.value


def _candidate(fact: Fact, reason: Reason, rule: ReviewRule) -> Candidate:
    return Candidate(
        workspace_id=fact.workspace_id,
        execution_id=fact.execution_id,
        slug=fact.slug,
        version=fact.version,
        label=fact.label,
        model=fact.model,
        simulated=fact.simulated,
        reason=reason,
        most_waiting=rule.most_waiting,
    )
