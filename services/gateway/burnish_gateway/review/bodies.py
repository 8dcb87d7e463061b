"""What reviewers send."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from burnish_gateway.datasets.bodies import Expected
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.review import Reason, Verdict
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_slug

LEASE_S = 600
"""A person who went away for lunch should not keep an answer from the others for longer."""

Note = Annotated[Text, Field(max_length=2_000)]


class Wanted(ApiModel):
    """Which answers are asked for; without a field, of all kinds."""

    prompt: str | None = Field(default=None, max_length=63)
    reason: Reason | None = None

    @field_validator("prompt")
    @classmethod
    def _slug(cls, value: str | None) -> str | None:
        try:
            return parse_slug(value, param="prompt") if value is not None else None
        except InvalidField as error:
            raise ValueError(error.message) from error


class ClaimBody(Wanted):
    count: int = Field(default=1, ge=1, le=20, description="More than one lets a page show the next answer without waiting.")
    lease_s: int = Field(default=LEASE_S, ge=10, le=3_600, description="How long nobody else is given them.")


class PickBody(ApiModel):
    """An answer that somebody picked by hand."""

    execution_id: UUID
    note: Note | None = Field(default=None, description="What the reviewer should look at.")
    assignee: UUID | None = Field(
        default=None, description="The member who is asked to look at it, an editor or admin; the last one who was named counts."
    )


class DecisionBody(ApiModel):
    """What all decisions can say beside themselves."""

    note: Note | None = None
    next: Wanted | None = Field(default=None, description="Claims the next answer in the same call; `{}` for any.")


class KeepingBody(DecisionBody):
    add_to_dataset: bool = Field(default=True, description="Whether the decision becomes a dataset item.")
    dataset_id: UUID | None = Field(default=None, description="Which dataset; else the prompt's own, which is made when there is none.")


class LabelBody(KeepingBody):
    verdict: Verdict = Field(
        description="`good`: the answer is what it should be, and becomes the item's expected answer. `bad`: it is not."
    )


class CorrectBody(KeepingBody):
    expected: Annotated[Expected, Field(min_length=1)] = Field(
        description="What would have been right: a text, or JSON, which is kept as text. The same as the answer (a JSON object or list by "
        "its value): the verdict is `good`."
    )


class SkipBody(DecisionBody):
    for_everybody: bool = Field(default=False, description="Nobody is asked about this answer any more; else everybody but you.")


class SettingsBody(ApiModel):
    """What goes into the queue. What is not given falls back to the workspace's settings, then to the product's defaults."""

    low_rated: bool | None = Field(default=None, description="Answers rated below a half, or corrected. On by default.")
    uncertain: bool | None = Field(default=None, description="Answers that evaluators are not sure of, or disagree about. On by default.")
    sample: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Share of all live answers, at random. 0 by default."
    )
    most_waiting: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Answers of one prompt that wait at once; 1,000 by default. What comes beyond is not queued."
    )
    dataset_id: UUID | None = Field(default=None, description="Where decided answers go.")
