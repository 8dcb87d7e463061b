"""What prompts should take and cost, against which effectiveness tells speed and thrift (PRODUCT A1, decision 72). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

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
