"""The score of an evaluator as a metric of an experiment: `evaluator:<id>@<version>`, so that scores of two versions never mix. Pure."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

PREFIX: Final = "evaluator:"
PATTERN: Final = re.compile(r"evaluator:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:@([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class Scored:
    """`version` None: whoever writes it down pins the newest."""

    evaluator_id: UUID
    version: int | None = None

    @property
    def metric(self) -> str:
        return f"{PREFIX}{self.evaluator_id}" + ("" if self.version is None else f"@{self.version}")


def scored_of(metric: str) -> Scored | None:
    """None: it is another metric."""
    found = PATTERN.fullmatch(metric)
    return None if found is None else Scored(UUID(found[1]), None if found[2] is None else int(found[2]))


def is_scored(metric: str) -> bool:
    return metric.startswith(PREFIX)
