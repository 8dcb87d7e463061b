"""What a live evaluation takes is narrowed by, beside prompts and labels. Pure.

The names are those of `GET /v1/executions`, as far as each is known when an execution is counted; no end user, so that nothing of one stays
here when he is erased."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from burnish_shared.money import MAX_AMOUNT_NUSD

METADATA_MOST = 16
"""As many as a query of executions may name."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LiveFilters(BaseModel):
    """All that is named must hold; what is left out, or null, is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    tag: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        default=None, description="Of prompts that have it when the execution ends."
    )
    model: Name | None = Field(default=None, description="The one that answered.")
    provider: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    app: Name | None = None
    api_key_id: UUID | None = Field(default=None, description="The key of ours that the call was made with.")
    experiment_id: UUID | None = Field(default=None, description="That took part in this experiment, seen or unseen.")
    arm: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = Field(default=None, description="Of that experiment.")
    cached: bool | None = Field(default=None, description="Whether the answer came from the cache.")
    simulated: bool | None = None
    min_cost_nusd: Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)] | None = None
    min_latency_ms: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    metadata: Annotated[dict[Name, Annotated[str, StringConstraints(max_length=2_000)]], Field(max_length=METADATA_MOST)] = Field(
        default_factory=dict, description="Key → value, compared as text. `a.b` is `b` within `a`. What keeps no text has none."
    )

    @model_validator(mode="after")
    def _arm_of_an_experiment(self) -> Self:
        if self.arm is not None and self.experiment_id is None:
            raise ValueError("arm: is one of an experiment: give experiment_id with it")
        return self

    def asked(self) -> dict[str, object]:
        """Only what is asked for, as JSON: how it is kept, and told."""
        return self.model_dump(mode="json", exclude_none=True, exclude=None if self.metadata else {"metadata"})

    def excludes(self, other: "LiveFilters") -> bool:
        """Whether no execution can fit both: each wants another value of the same thing."""
        apart = any(
            (mine := getattr(self, name)) is not None and (theirs := getattr(other, name)) is not None and mine != theirs for name in APART
        )
        return apart or any(other.metadata.get(key, value) != value for key, value in self.metadata.items())


APART: Final = ("model", "provider", "app", "api_key_id", "experiment_id", "arm", "cached", "simulated")
"""What an execution has one value of, at most. A prompt has many tags."""

TELLS_ARMS_APART: Final = ("model", "provider", "cached", "min_cost_nusd", "min_latency_ms", "arm", "version", "reaction")
"""Filters by what an arm of an experiment made of a call; the last two are of past executions alone. What is drawn so is no sample of an
arm."""
