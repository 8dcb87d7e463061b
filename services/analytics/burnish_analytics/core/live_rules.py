"""What live evaluations ask for, and what is queued for them. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from burnish_shared.contracts.live_filters import LiveFilters


@dataclass(frozen=True, slots=True)
class LiveRule:
    """One live evaluation. Empty `prompts` and `labels` let everything through, also what has none.

    `tagged`: slugs of prompts that have the tag of `filters`, where it names one.
    """

    live_evaluation_id: UUID
    workspace_id: UUID
    evaluator_id: UUID
    evaluator_version: int
    prompts: frozenset[str]
    labels: frozenset[str]
    sample_ratio: float
    filters: LiveFilters = field(default_factory=LiveFilters)
    tagged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class ScoreTask:
    """One execution that is to be scored. The order is the order in which rows are written.

    `metadata`: what its caller must have sent along, as JSON; '': nothing is asked for. Whoever queues it looks.
    """

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
    metadata: str = ""
