"""Experiments that run, as the hot path needs them: parsed once, asked for each call of their prompts alone. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from burnish_shared.contracts.experiments import Unit
from burnish_shared.experiments.assign import Allocation
from burnish_shared.expressions import Node, parse

WORDS: Final = (
    "variables", "metadata", "user_id", "session_id", "app", "language", "model", "stream", "background",
)  # fmt: skip
"""What targeting may speak of: what the caller says, and never what an arm would make of it."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What a unit of this arm gets. `model` None: the version's own. `buckets`: of a shadow arm, of how many calls it sees a copy."""

    name: str
    version: int
    model: str | None = None
    buckets: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a namespace that one experiment has: [low, high) in buckets."""

    key: UUID
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Live:
    """One running experiment in its present epoch. `arms`: by name, live ones alone."""

    experiment_id: UUID
    slug: str
    label: str
    unit: Unit
    key: UUID
    epoch: int
    allocation: Allocation
    arms: Mapping[str, Arm]
    targeting: "Node | None" = None
    slice: Slice | None = None
    shadows: tuple[Arm, ...] = ()
    shadow_account_id: int | None = None
    latency_limit_ms: int | None = None

    @property
    def names_model(self) -> bool:
        return any(one.model is not None for one in self.arms.values())

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `store.list_running`."""
        arms = [(one, Arm(one["arm"], one["version"], one["model"], one["buckets"])) for one in row["arms"]]
        has_slice = row["namespace_from"] is not None
        return cls(
            experiment_id=row["experiment_id"], slug=row["slug"], label=row["label"], unit=row["unit"], key=row["hash_key"],
            epoch=row["epoch"], allocation=Allocation.of(row["ranges"]),
            arms={arm.name: arm for one, arm in arms if one["mode"] == "live"},
            targeting=parse(row["targeting"], names=WORDS) if row["targeting"] else None,
            slice=Slice(row["namespace_key"], row["namespace_from"], row["namespace_to"]) if has_slice else None,
            shadows=tuple(arm for one, arm in arms if one["mode"] == "shadow"), shadow_account_id=row["shadow_account_id"],
            latency_limit_ms=row["latency_limit_ms"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Running:
    """All that run in a workspace, by prompt; those of one prompt oldest first. Nothing: no call looks further."""

    by_slug: Mapping[str, Sequence[Live]] = field(default_factory=dict)
    holdout_key: UUID | None = None
    holdout_buckets: int = 0
