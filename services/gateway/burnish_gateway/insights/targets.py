"""What prompts should take and cost, against which effectiveness tells speed and thrift (PRODUCT A1, decision 72)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.db.session import Tx

OF_A_PROMPT: Final = ("prompt", "version", "label", "prompt_model")
"""What is grouped by these begins with the slug."""


@dataclass(frozen=True, slots=True)
class Targets:
    """None: nothing is said, so the term drops out."""

    p95_ms: int | None = None
    cost_nusd: int | None = None


NO_TARGETS: Final = Targets()


@dataclass(frozen=True, slots=True)
class TargetsOfAll:
    """The workspace's own, and those of prompts that say any: each with the workspace's in the place of what it does not say."""

    own: Targets = NO_TARGETS
    by_slug: Mapping[str, Targets] = field(default_factory=dict)

    def of(self, slug: str | None) -> Targets:
        return self.own if slug is None else self.by_slug.get(slug, self.own)

    def of_group(self, group: str, *, by: str | None, slug: str | None = None) -> Targets:
        """`slug`: the prompt that all groups are of, where there is one."""
        if by not in OF_A_PROMPT:
            return self.of(slug)
        return self.of(group.partition("@")[0].partition(" ")[0])


async def read_targets(tx: Tx) -> TargetsOfAll:
    rows = await tx.fetch(
        """SELECT slug, target_p95_ms, target_cost_nusd FROM alert_rules
            WHERE target_p95_ms IS NOT NULL OR target_cost_nusd IS NOT NULL ORDER BY slug"""
    )
    said = {row["slug"]: Targets(row["target_p95_ms"], row["target_cost_nusd"]) for row in rows}
    own = said.pop("", NO_TARGETS)
    return TargetsOfAll(own, {slug: Targets(one.p95_ms or own.p95_ms, one.cost_nusd or own.cost_nusd) for slug, one in said.items()})
