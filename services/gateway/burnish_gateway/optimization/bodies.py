"""What callers send about test runs, jobs and suggestions."""

from typing import Any, Final, Literal
from uuid import UUID

from pydantic import Field

from burnish_gateway.wire import ApiModel, Text

DEFAULT_EVALUATIONS: Final = 2_000
EVALUATIONS_MOST: Final = 100_000
CREDITS_MOST: Final = 1_000_000
WEEK_S: Final = 604_800


class TestRunBody(ApiModel):
    __test__ = False  # pytest takes the name for a test

    prompt: Text = Field(min_length=1, max_length=130, description="Slug; the version that production names, unless one is given.")
    version: int | None = Field(default=None, ge=1)
    label: Text | None = None
    dataset_id: UUID
    split: Literal["train", "validation", "val", "test"]
    models: list[Text] = Field(default_factory=list, max_length=1, description="Another model than the version's; one, for now.")
    repeats: int = Field(default=1, ge=1, le=20)
    evaluators: list[UUID] = Field(
        default_factory=list, max_length=10, description="Score each answer with these too, beside the comparison with the expected one."
    )
    compare_with: UUID | None = Field(
        default=None, description="A completed test run on this dataset: `pairwise` evaluators compare with its answers."
    )
    failed_of: UUID | None = Field(
        default=None, description="Only the items that failed in this completed test run on the same split of this dataset."
    )


class ModelsBody(ApiModel):
    task: Text | None = Field(default=None, description="The model that answers; the version's own, unless given.")
    reflect: Text | None = Field(default=None, description="The model that proposes edits; the workspace's usual one, unless given.")
    judge: Text | None = Field(default=None, description="Not used by exact-match scoring.")


class BudgetBody(ApiModel):
    evaluations: int = Field(
        default=DEFAULT_EVALUATIONS,
        ge=50,
        le=EVALUATIONS_MOST,
        description="Never passed. Less than 36 + 4 for each validation item + 2 for each test item is refused.",
    )
    credits: float | None = Field(
        default=None, gt=0, le=CREDITS_MOST, description="A cap, never passed. Less than the least evaluations may cost is refused."
    )
    seconds: int | None = Field(default=None, ge=1, le=WEEK_S)


class OptimizationBody(ApiModel):
    prompt: Text = Field(min_length=1, max_length=130)
    version: int | None = Field(default=None, ge=1, description="The version to improve; the one that production names, unless given.")
    dataset_id: UUID
    method: Literal["reflective"] = "reflective"
    models: ModelsBody = Field(default_factory=ModelsBody.model_construct)
    budget: BudgetBody = Field(default_factory=BudgetBody.model_construct)
    objective: Literal["accuracy"] = "accuracy"
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, description="Makes a job repeatable with the same answers of the models.")


class AcceptBody(ApiModel):
    label: Text | None = Field(default="production", description="The label that moves to the new version; null moves none.")
    force: bool = Field(default=False, description="Move `production` although it names another version than the one that was measured.")
    rollout: dict[str, Any] | None = Field(default=None, description="Guarded rollouts come later; leave it out.")


class RejectBody(ApiModel):
    reason: Text = Field(min_length=1, max_length=2000)
