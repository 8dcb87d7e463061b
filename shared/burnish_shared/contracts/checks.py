"""What a version wants of what goes in and of what comes out (PRODUCT E11), and what is said where it is not so."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from burnish_shared.contracts.evaluators import PATTERN_MOST, Code, Contains, Expression, JsonSchema, Regex, Toxicity
from burnish_shared.contracts.guardrails import TEXT_MOST, Size

VALIDATORS_MOST: Final = 20

CheckName = Annotated[str, Field(min_length=1, max_length=100)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Length(_Settings):
    """The answer has so many characters."""

    kind: Literal["length"]
    least_characters: Annotated[int, Field(ge=0, le=TEXT_MOST)] = 0
    most_characters: Annotated[int, Field(ge=1, le=TEXT_MOST)] | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if not self.least_characters and self.most_characters is None:
            raise ValueError("give least_characters or most_characters")
        return self


class VariablesSchema(_Settings):
    """The variables, as one object, are as a JSON Schema wants them."""

    kind: Literal["json_schema"]
    json_schema: dict[str, Any] = Field(alias="schema")


class InputPattern(_Settings):
    """A variable, or all that the caller's messages say, matches a regular expression of RE2."""

    kind: Literal["pattern"]
    pattern: Annotated[str, Field(min_length=1, max_length=PATTERN_MOST)]
    variable: Annotated[str, Field(min_length=1, max_length=600)] | None = Field(
        default=None, description="Its name; without one all that the user's messages send."
    )
    whole: bool = False
    ignore_case: bool = False
    expect: Literal["match", "no_match"] = "match"


InputSettings: TypeAlias = Annotated[Size | VariablesSchema | InputPattern, Field(discriminator="kind")]
OutputSettings: TypeAlias = Annotated[JsonSchema | Regex | Contains | Length | Expression | Code | Toxicity, Field(discriminator="kind")]


class InputValidator(_Settings):
    """Looked at before anything is held for: 422 `input_invalid` where it does not hold."""

    name: CheckName
    settings: InputSettings


class OutputValidator(_Settings):
    """Looked at when the answer is whole."""

    name: CheckName
    settings: OutputSettings

    @model_validator(mode="after")
    def _asks_no_model(self) -> Self:
        if isinstance(self.settings, Toxicity) and self.settings.judge is not None:
            raise ValueError("a validator asks no model; leave judge out, or score live traffic with an evaluator")
        return self


InputValidators = Annotated[list[InputValidator], Field(max_length=VALIDATORS_MOST)]
OutputValidators = Annotated[list[OutputValidator], Field(max_length=VALIDATORS_MOST)]


class OutputChecks(BaseModel):
    """What an answer must be like. `repair`: the model is asked once more where nothing has reached the caller."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    is_json: bool = False
    json_schema: dict[str, Any] | None = None
    validators: list[dict[str, Any]] = Field(default_factory=list, description="Each an OutputValidator, as the version holds it.")
    repair: bool = True


class Problem(BaseModel):
    """What is not as it must be: which check says so, where in the JSON, why. Holds nothing of the text that was looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    check: str
    path: str | None = Field(default=None, description="JSON Pointer; names that the schema does not know are `*`.")
    message: str
