"""What callers send about chains. Which fields there are and how long; what only the whole can tell is checked by `read_form.py`."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from burnish_gateway.model_settings import JsonObject, Overrides
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.chains.form import BRANCHES_MOST, DEADLINE_MOST_S, STEPS_MOST
from burnish_shared.expressions.tokens import TEXT_MOST
from burnish_shared.slug import MAX_VERSION
from burnish_shared.template.values import VariableType

STEP_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _can_be_named(text: str) -> str:
    if not STEP_ID.fullmatch(text):
        raise ValueError("must begin with a letter a–z and hold only a–z, 0–9 and _, at most 63, so that expressions can name it")
    return text


VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION)]
ShortText = Annotated[Text, Field(max_length=2_000)]
Expression = Annotated[Text, Field(min_length=1, max_length=TEXT_MOST)]
VariableName = Annotated[Text, Field(min_length=1, max_length=200)]
Id = Annotated[Text, Field(min_length=1, max_length=200)]
Output = Expression | Annotated[dict[Annotated[Text, Field(min_length=1, max_length=64)], Expression], Field(min_length=1, max_length=50)]


class ChainParameter(ApiModel):
    """What is known of a variable of the chain. One with a default need not be given."""

    type: VariableType | None = None
    required: bool | None = None
    default: Any = None
    description: ShortText | None = None


class StopBody(ApiModel):
    """The run ends here."""

    status: Literal["success", "error"] = "success"
    output: Output | None = Field(default=None, description="Of a success: an expression, or an object of them.")
    message: ShortText | None = Field(default=None, description="Of an error: what the caller is told.")


class CaseBody(ApiModel):
    if_: Expression | None = Field(default=None, alias="if", description="Left out of the last case: in any other case.")
    steps: "Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MOST)]"


class StepBody(ApiModel):
    """Does exactly one of `prompt`, `parallel`, `choose` and `stop`. Expressions (docs/guides/expressions.md) speak of `variables.NAME` and
    of `steps.ID.output`, `.json`, `.status`, `.error`, `.model`, `.fell_back` of steps that have ended before."""

    id: Annotated[Text, AfterValidator(_can_be_named)]
    if_: Expression | None = Field(default=None, alias="if", description="Skipped where this does not hold.")
    prompt: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Runs `SLUG` (production), `SLUG@LABEL` or `SLUG@VERSION`."
    )
    variables: Annotated[dict[VariableName, Expression], Field(max_length=200)] | None = Field(
        default=None, description="The prompt's variables, each an expression; texts stand in quotes."
    )
    values: Annotated[dict[VariableName, Any], Field(max_length=200)] | None = Field(
        default=None, description="Variables that stand as they are, without being computed."
    )
    model: Id | None = Field(default=None, description="In place of the version's.")
    overrides: Overrides | None = None
    deadline_s: Annotated[float, Field(gt=0, le=600)] | None = Field(default=None, description="Of each attempt of this step.")
    retries: Annotated[int, Field(ge=0, le=5)] | None = Field(
        default=None,
        description="So often it is run again where a failure may pass, each an execution of its own. 1 where nothing is said.",
    )
    stream: bool | None = Field(default=None, description="Those who stream the run get this step's text as it comes.")
    parallel: "Annotated[list[Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MOST)]], Field(max_length=BRANCHES_MOST)] | None" = Field(  # noqa: E501
        default=None, description="Lists of steps that run at once; it is done when all are."
    )
    choose: Annotated[list[CaseBody], Field(max_length=BRANCHES_MOST)] | None = Field(
        default=None, description="The first case whose condition holds runs."
    )
    stop: StopBody | None = None
    on_error: Literal["stop", "continue"] | None = Field(
        default=None, description="Where it fails, and its fallback too: end the run (`stop`, where nothing is said), or go on without it."
    )
    fallback: "Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MOST)] | None" = Field(
        default=None, description="Steps that run in its place where it fails."
    )


class ChainContent(ApiModel):
    """What a version of a chain says."""

    steps: Annotated[list[StepBody], Field(min_length=1, max_length=STEPS_MOST)]
    parameters: Annotated[dict[VariableName, ChainParameter], Field(max_length=200)] | None = Field(
        default=None, description="Variables of the chain; where they are named, others are refused."
    )
    output: Output | None = Field(
        default=None, description="An expression, or an object of them; the last step's output where none is given."
    )
    deadline_s: Annotated[float, Field(gt=0, le=DEADLINE_MOST_S)] | None = Field(
        default=None, description="Of a whole run; 300 where nothing is said."
    )

    def content(self) -> dict[str, Any]:
        """As it is kept: what was given, and no nulls."""
        named = set(ChainContent.model_fields)
        return self.model_dump(include=named, by_alias=True, exclude_none=True, exclude_unset=True)


class CreateChain(ChainContent):
    """A chain and its version 1."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)] = Field(description="Folded to lower case; `[a-z0-9][a-z0-9_-]{0,62}`.")
    name: Name | None = Field(default=None, description="The slug where nothing is said.")
    description: Annotated[Text, Field(max_length=10_000)] = ""
    folder: Annotated[Text, Field(max_length=700)] = Field(default="", description="A path joined by '/'.")
    tags: Annotated[list[Annotated[Text, Field(min_length=1, max_length=50)]], Field(max_length=50)] = Field(default_factory=list)
    label: Annotated[Text, Field(max_length=200)] | None = Field(
        default="production", description="The label that version 1 gets, so that the chain can be run at once; null for none."
    )
    message: ShortText = Field(default="", description="Why this version was made.")


class ChangeChain(ApiModel):
    """What of a chain is not versioned. A field that is not given stays."""

    name: Name | None = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    folder: Annotated[Text, Field(max_length=700)] | None = None
    tags: Annotated[list[Annotated[Text, Field(min_length=1, max_length=50)]], Field(max_length=50)] | None = None
    archived: bool | None = Field(default=None, description="An archived chain cannot be run or changed; its slug and history stay.")


class AddChainVersion(ChainContent):
    """The next version, whole."""

    base_version: VersionNumber = Field(description="The newest version that you know; 409 where there is a newer one.")
    message: ShortText = Field(default="", description="Why this version was made.")


class MoveChainLabel(ApiModel):
    version: VersionNumber
    reason: ShortText = ""


class RunChain(ApiModel):
    """Runs the version that `label` (production where neither is given) or `version` names."""

    label: Annotated[Text, Field(min_length=1, max_length=63)] | None = None
    version: VersionNumber | None = None
    variables: JsonObject = Field(default_factory=dict)
    stream: bool = False
    mode: Literal["sync", "background"] = "sync"
    deadline_s: Annotated[float, Field(gt=0, le=DEADLINE_MOST_S)] | None = Field(default=None, description="In place of the version's.")
    user_id: Id | None = None
    session_id: Id | None = None
    app: Id | None = None
    metadata: Annotated[JsonObject, Field(max_length=100)] = Field(
        default_factory=dict, description="Goes into the record of every step, beside `chain`, `chain_run_id` and `chain_step`."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "RunChain":
        if self.label is not None and self.version is not None:
            raise ValueError("label: give either label or version")
        if self.stream and self.mode == "background":
            raise ValueError("stream: a run in the background is followed by GET /v1/chain-runs/{run_id}/events")
        return self
