"""Bodies and answers of `/v1/scorings`: an evaluator over executions that are past."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.evaluators.live_bodies import Slugs
from burnish_gateway.moments import Moment
from burnish_gateway.wire import ApiModel
from burnish_shared.contracts.live_filters import LiveFilters
from burnish_shared.money import MAX_AMOUNT_NUSD

NEWEST_MOST = 10_000

Limit = Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)]
Status = Literal["running", "paused", "completed", "cancelled"]


class PastFilters(LiveFilters):
    """Those of a live evaluation, and what is known of an execution afterwards."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(default=None, description="Of the prompt.")
    reaction: Literal["up", "down", "any", "none"] | None = Field(
        default=None, description="With a thumb that points this way, with any feedback to the execution itself, or with none."
    )


class WhatToScore(ApiModel):
    """An evaluator, and which of the executions that succeeded it scores: of those that fit the newest."""

    evaluator_id: UUID
    prompts: Slugs = Field(default_factory=list, description="Slugs; none: all, and calls without a prompt.")
    labels: Slugs = Field(default_factory=list, description="Labels that served; none: all, and calls by version.")
    filters: PastFilters = Field(default_factory=PastFilters, description="By the names of the list of executions.")
    start: Moment | None = Field(default=None, alias="from", description="Begun from this moment on; with its zone.")
    end: Moment | None = Field(default=None, alias="to", description="Begun before this moment; with its zone.")
    newest: Annotated[int, Field(ge=1, le=NEWEST_MOST)] = Field(default=1_000, description="At most so many, the newest of those that fit.")

    def wanted(self) -> dict[str, Any]:
        """What was asked for, as it is kept and told."""
        return {
            "prompts": self.prompts,
            "labels": self.labels,
            "filters": self.filters.asked(),
            "from": None if self.start is None else self.start.isoformat(),
            "to": None if self.end is None else self.end.isoformat(),
            "newest": self.newest,
        }


class NewScoring(WhatToScore):
    limit_nusd: Limit | None = Field(
        default=None, description="What judges may cost, for the whole of it; needed where the evaluator asks models. Never more is spent."
    )


class ScoringChange(ApiModel):
    """What is named changes."""

    active: bool | None = Field(default=None, description="false: it pauses; true: it goes on.")
    limit_nusd: Limit | None = Field(default=None, description="Another limit, where it has one.")


class ScoringForecast(BaseModel):
    """`expected_nusd` is a guess by `basis`: what scores of this version of the evaluator cost (`scores`), or how long the texts are
    (`texts`); `free`: no model is asked. `searched_to`: executions before were not looked at; None: all were."""

    evaluator_id: UUID
    evaluator_version: int
    found: int
    scored_already: int
    without_text: int
    to_score: int
    searched_to: datetime | None
    expected_nusd: int
    basis: Literal["free", "scores", "texts"]
    simulated: bool = Field(description="A simulated model judges: its marks are a toy's.")


class ScoringAnswer(BaseModel):
    """`waiting` have no score yet; `paused_because`: its limit or a budget (`budget`), or the workspace's credit (`credit`), was reached;
    None where a person paused it. `mean` is of `scored`."""

    id: UUID
    evaluator_id: UUID
    evaluator: str
    evaluator_version: int
    kind: str
    status: Status
    paused_because: Literal["budget", "credit"] | None
    wanted: dict[str, Any]
    total: int
    waiting: int
    scored: int
    passed: int
    no_scores: int
    dropped: int
    mean: float | None
    limit_nusd: int | None
    spent_nusd: int
    held_nusd: int
    simulated: bool | None = Field(
        description="Of what was scored, or of who judged, something is simulated. Null: nothing is scored yet, so nobody knows."
    )
    created_by: str
    created_at: datetime
    cancelled_at: datetime | None
    object: Literal["scoring"] = "scoring"


class ScoringPage(BaseModel):
    data: list[ScoringAnswer]
    next_cursor: str | None


def scoring_answer(row: Record) -> ScoringAnswer:
    return ScoringAnswer(
        id=row["live_evaluation_id"], evaluator_id=row["evaluator_id"], evaluator=row["evaluator"],
        evaluator_version=row["evaluator_version"], kind=row["kind"], status=row["status"],
        paused_because=row["paused_because"] if row["status"] == "paused" else None, wanted=row["wanted"], total=row["tasks_total"],
        waiting=row["waiting"], scored=row["scores"], passed=row["passed"], no_scores=row["no_scores"], dropped=row["tasks_dropped"],
        mean=row["score_sum"] / row["scores"] if row["scores"] else None, limit_nusd=row["cap_nusd"], spent_nusd=row["spent_nusd"],
        held_nusd=row["held_nusd"], simulated=row["simulated"] if row["scores"] + row["no_scores"] else None, created_by=row["created_by"],
        created_at=row["created_at"], cancelled_at=row["archived_at"],
    )  # fmt: skip
