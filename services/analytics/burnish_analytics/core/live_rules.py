"""What live evaluations ask for, and what is queued for them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LiveRule:
    """One live evaluation. Empty `prompts` and `labels` let everything through, also what has none."""

    live_evaluation_id: UUID
    workspace_id: UUID
    evaluator_id: UUID
    evaluator_version: int
    prompts: frozenset[str]
    labels: frozenset[str]
    sample_ratio: float


@dataclass(frozen=True, slots=True, order=True)
class ScoreTask:
    """One execution that is to be scored. The order is the order in which rows are written."""

    workspace_id: UUID
    execution_id: UUID
    evaluator_id: UUID
    evaluator_version: int
    live_evaluation_id: UUID
    slug: str
    version: int
    label: str
    model: str
    simulated: bool
    finished_at: datetime
