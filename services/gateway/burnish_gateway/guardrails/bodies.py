"""Bodies and answers of `/v1/guardrails` and `/v1/masking`."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from asyncpg import Record
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.guardrails import GuardrailSettings, Masking, Side
from burnish_shared.db.rules_book import SETTINGS

TRIED_CHARACTERS_MOST: Final = 100_000


Slugs = Annotated[list[Annotated[Text, Field(min_length=1, max_length=63)]], Field(max_length=100)]
Sides = Annotated[list[Side], Field(min_length=1, max_length=2)]
RuleName = Annotated[Text, Field(min_length=1, max_length=100)]


class NewGuardrail(ApiModel):
    """A rule, what it is for, and on which way it looks."""

    name: RuleName = Field(description="Callers hear it where the rule stops something.")
    prompts: Slugs = Field(default_factory=list, description="Slugs; none: every prompt, and calls without one.")
    sides: Sides = Field(default_factory=lambda: list[Side](["in"]), description="`in`: what goes to the model; `out`: what comes back.")
    settings: GuardrailSettings
    active: bool = True


class GuardrailChange(ApiModel):
    """What is named changes, for executions from now on."""

    name: RuleName | None = None
    prompts: Slugs | None = None
    sides: Sides | None = None
    settings: GuardrailSettings | None = None
    active: bool | None = None


class GuardrailAnswer(BaseModel):
    id: str
    name: str
    prompts: list[str]
    sides: list[Side]
    settings: dict[str, Any]
    active: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    object: Literal["guardrail"] = "guardrail"


class GuardrailPage(BaseModel):
    data: list[GuardrailAnswer]
    next_cursor: str | None


class MaskingBody(ApiModel):
    """What is blotted out of rows that are written from now on. Nothing at all: everything is stored as it is."""

    masking: Masking


class MaskingAnswer(BaseModel):
    masking: Masking
    updated_by: str | None = None
    updated_at: datetime | None = None


class TriedText(ApiModel):
    """A text, and either a prompt whose guardrails look at it, or settings that are not saved."""

    text: Annotated[Text, Field(min_length=1, max_length=TRIED_CHARACTERS_MOST)]
    side: Side = "in"
    prompt: Annotated[Text, Field(min_length=1, max_length=63)] | None = Field(
        default=None, description="A slug; without it a call without one."
    )
    settings: GuardrailSettings | None = Field(default=None, description="In place of what is saved.")
    masking: Masking | None = Field(default=None, description="In place of what is saved: what `stored` is made by.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.prompt is not None and self.settings is not None:
            raise ValueError("give prompt or settings, not both")
        return self


class TriedAnswer(BaseModel):
    """`text`: what the model would be sent, or the caller be told; null where a rule stops it. `stored`: what a row would hold of it.

    `unchecked`: why the rule's own code could not look at it, where that is what stops it.
    """

    stopped_by: str | None
    unchecked: str | None = None
    text: str | None
    masked: dict[str, int]
    looked: list[str]
    stored: str
    took_ms: float


def guardrail_answer(row: Record) -> GuardrailAnswer:
    return GuardrailAnswer(
        id=str(row["guardrail_id"]), name=row["name"], prompts=row["prompts"], sides=row["sides"], settings=row["settings"],
        active=row["active"], created_by=row["created_by"], created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip


def settings_json(settings: GuardrailSettings) -> dict[str, Any]:
    """As it is stored: what was given and what stands for what was not."""
    made: dict[str, Any] = SETTINGS.dump_python(settings, mode="json")
    return made
