"""What an evaluator is told to look for, by kind. Declarative ones need no code; `expression` and `code` run where they can harm nobody."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

PATTERN_MOST = 1_000
CODE_MOST = 64 * 1024
MODULE_MOST = 1024 * 1024
PHRASES_MOST = 100


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Exact(_Settings):
    """The answer is the expected one."""

    kind: Literal["exact"]
    ignore_case: bool = False
    ignore_space: bool = Field(default=True, description="Blanks around the answer and runs of them inside count as one.")


class Contains(_Settings):
    """The answer holds phrases; without any, the expected answer."""

    kind: Literal["contains"]
    phrases: Annotated[list[Annotated[str, Field(min_length=1, max_length=2_000)]], Field(max_length=PHRASES_MOST)] = Field(
        default_factory=list
    )
    match: Literal["all", "any", "none"] = "all"
    ignore_case: bool = True


class Regex(_Settings):
    """The answer matches a regular expression of RE2: no back references and no look-around, so that its time is linear in the answer."""

    kind: Literal["regex"]
    pattern: Annotated[str, Field(min_length=1, max_length=PATTERN_MOST)]
    whole: bool = Field(default=False, description="The whole answer must match, not a part of it.")
    ignore_case: bool = False
    expect: Literal["match", "no_match"] = "match"


class JsonSchema(_Settings):
    """The answer is JSON that the schema (draft 2020-12) accepts. A `$ref` may point into the schema only."""

    kind: Literal["json_schema"]
    json_schema: dict[str, Any] = Field(alias="schema")


class Numeric(_Settings):
    """The first number of the answer is the expected one, within the wider of two tolerances."""

    kind: Literal["numeric"]
    absolute: Annotated[float, Field(ge=0)] = 0.0
    relative: Annotated[float, Field(ge=0, le=10)] = Field(default=0.0, description="As a share of the expected number.")


class Similarity(_Settings):
    """How alike answer and expected answer are, from 0 to 1."""

    kind: Literal["similarity"]
    method: Literal["characters", "words"] = Field(
        default="characters", description="Characters: normalized Indel similarity; words: the same over sorted sets of words."
    )
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
    ignore_case: bool = True


class Expression(_Settings):
    """A condition over `output`, `expected`, `input`, `variables`, `metadata`; true or false, or a score from 0 to 1."""

    kind: Literal["expression"]
    expression: Annotated[str, Field(min_length=1, max_length=2_048)]


class Code(_Settings):
    """Somebody's own code, in the sandbox. Its last expression is true or false, a score from 0 to 1, or `{score, reason}`."""

    kind: Literal["code"]
    language: Literal["python", "wasm"] = "python"
    code: Annotated[str, Field(min_length=1, max_length=MODULE_MOST, description="Python, or a WebAssembly module in base64.")]

    @model_validator(mode="after")
    def _python_is_short(self) -> "Code":
        if self.language == "python" and len(self.code.encode("utf-8", "replace")) > CODE_MOST:
            raise ValueError(f"the code is longer than {CODE_MOST} bytes")
        return self


EvaluatorSettings: TypeAlias = Annotated[
    Exact | Contains | Regex | JsonSchema | Numeric | Similarity | Expression | Code, Field(discriminator="kind")
]
