"""What an evaluator is told to look for, by kind. Declarative ones need no code; `expression` and `code` run where they can harm nobody;
`llm_judge`, `jury` and `pairwise` ask models, each call an execution that is paid for."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

PATTERN_MOST = 1_000
CODE_MOST = 64 * 1024
MODULE_MOST = 1024 * 1024
PHRASES_MOST = 100
RUBRIC_MOST = 20_000
WORDS_MOST = 500
JURORS_MOST = 9


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Exact(_Settings):
    """The answer is the expected one: a JSON object or list by its value, everything else by its spelling."""

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


Model = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Rubric = Annotated[str, Field(min_length=1, max_length=RUBRIC_MOST)]
Word = Annotated[str, Field(min_length=2, max_length=60)]
Seen = Literal["input", "expected", "variables"]


class Toxicity(_Settings):
    """The answer insults, threatens or swears. Whole words of an English list that comes with Burnish, and of your own."""

    kind: Literal["toxicity"]
    words: Annotated[list[Word], Field(max_length=WORDS_MOST)] = Field(
        default_factory=list, description="More words and phrases that fail."
    )
    allow: Annotated[list[Word], Field(max_length=WORDS_MOST)] = Field(default_factory=list, description="Words of our list that are fine.")
    passes_from: Share = Field(default=0.7, description="1: clean. One mild word: 0.6, a strong one: 0.")
    judge: Model | None = Field(default=None, description="A model that is asked too, where no word was found; the lower score counts.")


class Scale(_Settings):
    """The marks that a judge may give. Scores are told from 0 to 1: the lowest mark is 0, the highest 1."""

    lowest: Annotated[int, Field(ge=0, le=100)] = 1
    highest: Annotated[int, Field(ge=1, le=100)] = 5

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        return self


def _usually_seen() -> list[Seen]:
    return ["input", "expected"]


class _Judged(_Settings):
    rubric: Rubric = Field(description="What a good answer is, a demand a line. Part of the version: a new rubric is a new version.")
    sees: Annotated[list[Seen], Field(max_length=3)] = Field(
        default_factory=_usually_seen, description="What a judge is shown beside the answer, where it is known."
    )
    max_tokens: Annotated[int, Field(ge=50, le=8_000)] = Field(default=500, description="Most that one judgement may be long.")


class LlmJudge(_Judged):
    """A model grades the answer by a rubric: its reason first, then a mark on the scale."""

    kind: Literal["llm_judge"]
    model: Model
    scale: Scale = Field(default_factory=Scale)
    passes_from: Share = 0.5


class Jury(_Judged):
    """Several models grade the answer by one rubric, none knows of the others."""

    kind: Literal["jury"]
    models: Annotated[list[Model], Field(min_length=2, max_length=JURORS_MOST)]
    scale: Scale = Field(default_factory=Scale)
    passes_from: Share = 0.5
    decide: Literal["median", "majority"] = Field(
        default="median", description="`median`: of the scores; `majority`: the share of jurors with whom it passes."
    )
    uncertain_from: Share = Field(default=0.5, description="Where highest and lowest score are so far apart, a person should look.")

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        if len(set(self.models)) < len(self.models):
            raise ValueError("a model may sit on a jury once")
        return self


class Pairwise(_Judged):
    """A model says which of two answers is better, in both orders; where the orders disagree it is a tie.

    The other answer is that of the run to compare with, else the expected one. 1: better, 0.5: a tie, 0: worse.
    """

    kind: Literal["pairwise"]
    model: Model


EvaluatorSettings: TypeAlias = Annotated[
    Exact | Contains | Regex | JsonSchema | Numeric | Similarity | Expression | Code | Toxicity | LlmJudge | Jury | Pairwise,
    Field(discriminator="kind"),
]


NEED_EXPECTED: Final = ("exact", "numeric", "similarity", "pairwise")
"""Kinds that compare with an expected answer, whatever else is set."""


def needs_expected(settings: EvaluatorSettings, *, has_other: bool) -> bool:
    """Whether it says nothing of an answer where nobody said what is right. `has_other`: there are answers of another run."""
    if isinstance(settings, Pairwise):
        return not has_other
    return settings.kind in NEED_EXPECTED or (isinstance(settings, Contains) and not settings.phrases)


def models_of(settings: EvaluatorSettings) -> list[str]:
    """The models that an evaluator asks, in order; none: it costs nothing."""
    return list(models_by_place(settings).values())


def models_by_place(settings: EvaluatorSettings) -> dict[str, str]:
    """The models that an evaluator asks, in order, by where the settings name them."""
    match settings:
        case LlmJudge(model=model) | Pairwise(model=model):
            return {"model": model}
        case Jury(models=models):
            return {f"models[{number}]": model for number, model in enumerate(models)}
        case Toxicity(judge=str(judge)):
            return {"judge": judge}
        case _:
            return {}
