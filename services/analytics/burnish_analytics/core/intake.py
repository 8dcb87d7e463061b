"""What one transaction of ingestion adds up to, before anything is written: rollups, standings by label, observations for detectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.core.finished import Finished
from burnish_analytics.core.reactions import NOTHING, Standing
from burnish_analytics.core.review import complaint_of
from burnish_analytics.core.rollup import Deltas, Fact
from burnish_shared.contracts.executions import Status
from burnish_shared.contracts.review import Reason
from burnish_shared.measures import count_into

FAILURES: Final = frozenset({Status.ERROR.value, Status.TIMEOUT.value, Status.RATE_LIMITED.value})
"""Statuses that an end user feels as a failure. Cancelled was their own wish, blocked is a decision."""


@dataclass(frozen=True, slots=True, order=True)
class LabelKey:
    """One version as one label served it. The order is the order in which rows are locked."""

    workspace_id: UUID
    slug: str
    label: str
    version: int


@dataclass(slots=True)
class Observation:
    """What came in for one label and version. `last_finished_at` is None when it was feedback alone.

    `samples`, `satisfied_micro`: reactions that only their execution has; `voices`: what single voices said, which detectors weigh
    (core/voices.py).
    """

    executions: int = 0
    failures: int = 0
    latency: list[int] = field(default_factory=list)
    cost: list[int] = field(default_factory=list)
    samples: int = 0
    satisfied_micro: int = 0
    simulated: bool = False
    last_finished_at: datetime | None = None
    voices: dict[str, Standing] = field(default_factory=dict)


@dataclass(slots=True)
class LabelChange:
    """How the standing of one label and version moves, and of it what single voices said."""

    standing: Standing = NOTHING
    simulated: bool = False
    voices: dict[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a reaction counts, and whose voice it is; None: one that only its execution has."""

    standing: Standing = NOTHING
    voice: str | None = None


UNSAID: Final = Said()


def _add(voices: dict[str, Standing], voice: str | None, standing: Standing) -> None:
    if voice is not None and standing != NOTHING:
        voices[voice] = voices.get(voice, NOTHING) + standing


def label_key(fact: Fact) -> LabelKey:
    return LabelKey(fact.workspace_id, fact.slug, fact.label, fact.version)


@dataclass(slots=True)
class Intake:
    """Adding is commutative; what is added twice is counted twice, so callers add only what the database said is new."""

    deltas: Deltas = field(default_factory=Deltas)
    labels: dict[LabelKey, LabelChange] = field(default_factory=dict)
    observations: dict[LabelKey, Observation] = field(default_factory=dict)
    finished: Finished = field(default_factory=Finished)
    complaints: set[tuple[Fact, Reason, str | None]] = field(default_factory=set)

    def observe(
        self,
        key: LabelKey,
        *,
        executions: int,
        failures: int,
        latency: Mapping[int, int],
        cost: Mapping[int, int],
        last_finished_at: datetime,
        simulated: bool,
    ) -> None:
        """What detectors are to see of finished executions. `latency`, `cost`: counts by bucket, of those that our cache did not answer."""
        observation = self.observations.setdefault(key, Observation())
        observation.simulated |= simulated
        observation.executions += executions
        observation.failures += failures
        if observation.last_finished_at is None or last_finished_at > observation.last_finished_at:
            observation.last_finished_at = last_finished_at
        for held, added in ((observation.latency, latency), (observation.cost, cost)):
            for bucket, count in added.items():
                count_into(held, bucket, times=count)

    def hear(self, fact: Fact, said: Said, *, kind: str) -> None:
        """Remembers an execution whose answer somebody was not satisfied with, or wrote anew: a person should look at it."""
        reason = complaint_of(kind, said.standing)
        if reason is not None:
            self.complaints.add((fact, reason, said.voice))

    def add_reaction(self, fact: Fact, *, before: Said, after: Said, is_first: bool) -> None:
        """Moves what a reaction to this execution counts from one standing to another.

        `is_first`: it is counted for the first time; only then do detectors see it.
        """
        difference = after.standing - before.standing
        if difference != NOTHING:
            self.deltas.add_standing(fact, difference)
        if not fact.is_watched:
            return
        if difference.samples or difference.satisfied_micro or (after.standing.samples and before.voice != after.voice):
            change = self.labels.setdefault(label_key(fact), LabelChange())
            change.standing += difference
            change.simulated |= fact.simulated
            _add(change.voices, before.voice, -before.standing)
            _add(change.voices, after.voice, after.standing)
        if is_first and after.standing.samples:
            observation = self._observation(fact)
            if after.voice is not None:
                _add(observation.voices, after.voice, after.standing)
            else:
                observation.samples += after.standing.samples
                observation.satisfied_micro += after.standing.satisfied_micro

    def _observation(self, fact: Fact) -> Observation:
        observation = self.observations.setdefault(label_key(fact), Observation())
        observation.simulated |= fact.simulated
        return observation
