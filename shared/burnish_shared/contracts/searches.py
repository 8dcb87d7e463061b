"""How an optimization searches, what it looks for and what it keeps (PRODUCT O2): as callers say it, and as a job keeps it."""

from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

METHODS: Final = ("racing", "reflective", "evolutionary", "semantic", "learned", "few_shot", "compression", "settings", "manual")
Method = Literal["racing", "reflective", "evolutionary", "semantic", "learned", "few_shot", "compression", "settings", "manual"]
"""`racing` is the default, which combines: single edits race in random combinations."""

Operator = Literal["insert_word", "remove_word", "replace_by_synonym", "shift_structure"]
TUNED: Final = ("model", "temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "reasoning_effort")
"""Settings that a search may choose; beside them `tools.<name>`: the description of a tool."""

TEXT_MOST: Final = 65_536


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain U+0000")
    return text


Word = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_no_nul)]
WholeText = Annotated[str, Field(min_length=1, max_length=TEXT_MOST), AfterValidator(_no_nul)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class ReflectiveSearch(_Part):
    """Whole prompts, a few failures at a time, and a frontier of those that are best on some item (GEPA's scheme)."""

    minibatch: Annotated[int, Field(ge=1, le=20)] = 3
    frontier_items: Annotated[int, Field(ge=5, le=500)] = 20


def _every_operator() -> list[Operator]:
    return ["insert_word", "remove_word", "replace_by_synonym", "shift_structure"]


class EvolutionarySearch(_Part):
    """Texts are varied by rules, and the better ones have children. No model proposes, so it costs evaluations alone."""

    selection: Literal["tournament", "roulette", "pareto"] = "tournament"
    population: Annotated[int, Field(ge=4, le=100)] = 10
    elites: Annotated[int, Field(ge=0, le=50)] = 2
    items_per_generation: Annotated[int, Field(ge=5, le=500)] = 20
    tournament_size: Annotated[int, Field(ge=2, le=20)] = 3
    crossover_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    operators: Annotated[list[Operator], Field(min_length=1, max_length=4)] = Field(default_factory=_every_operator)
    thesaurus: Annotated[list[Annotated[list[Word], Field(min_length=2, max_length=20)]], Field(max_length=200)] = Field(
        default_factory=list, description="Groups of words that mean the same, beside those that ship."
    )
    generations: Annotated[int, Field(ge=1, le=200, description="Most generations.")] = 50
    use_learned: bool = Field(default=False, description="Order children by what was learned from earlier scores, where that predicts.")

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.elites >= self.population:
            raise ValueError("elites must be fewer than population")
        return self


class SemanticSearch(_Part):
    """Comments of people on answers of this prompt become hypotheses: a cluster of them, at most three edits, which race like any other."""

    comments_most: Annotated[int, Field(ge=6, le=1_000, description="The newest so many.")] = 500
    days: Annotated[int, Field(ge=1, le=3_650)] = 90


class LearnedSearch(_Part):
    """A model of what was scored before names the lines that help; they begin the race. Where it cannot predict, that is said."""

    lines_most: Annotated[int, Field(ge=1, le=40)] = 12


class FewShotSearch(_Part):
    """Chooses train items as examples, the same for each call (`static`), or the likest ones for each call (`nearest`)."""

    mode: Literal["static", "nearest"] = "static"
    examples: Annotated[int, Field(ge=1, le=20)] = 4
    sets: Annotated[int, Field(ge=1, le=60, description="How many sets are tried.")] = 12


class CompressionSearch(_Part):
    """A shorter prompt that is not worse by more than `margin`, a share of items."""

    margin: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    items: Annotated[int, Field(ge=10, le=500)] = 40


class SettingsSearch(_Part):
    """Tries other settings, one after the other, each with the best of all others."""

    space: Annotated[dict[str, Annotated[list[Any], Field(min_length=1, max_length=12)]], Field(min_length=1, max_length=8)] = Field(
        description="Values to try by name: " + ", ".join(TUNED) + ", or tools.<name> for the description of a tool."
    )
    sweeps: Annotated[int, Field(ge=1, le=5)] = 2

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        for name, values in self.space.items():
            if name not in TUNED and not name.startswith("tools."):
                raise ValueError(f"space: {name[:60]!r} cannot be tuned; it may name {', '.join(TUNED)}, or tools.<name>")
            wanted = str if name in ("model", "reasoning_effort") or name.startswith("tools.") else int if name == "max_tokens" else float
            if any("\x00" in one for one in values if isinstance(one, str)):
                raise ValueError("space: must not contain U+0000")
            if any(isinstance(one, bool) or not isinstance(one, (int, float) if wanted is float else wanted) for one in values):
                raise ValueError(f"space: the values of {name[:60]!r} must be {'text' if wanted is str else 'numbers'}")
        return self


class ManualSearch(_Part):
    """Texts that somebody brings, in the place of the text that is improved; each meets the best so far."""

    candidates: Annotated[list[WholeText], Field(min_length=1, max_length=50)]


MetricName = Literal["accuracy", "relevance", "coherence", "toxicity", "cost", "latency", "length", "feedback", "evaluator"]
GROWING: Final = ("cost", "latency", "length")
"""Metrics of which less is better: nano-dollars, milliseconds, characters of an answer."""


class Metric(_Part):
    """One thing that is looked at in each answer. With a `weight` it counts in the score; with a bound, an answer beyond it scores 0."""

    metric: MetricName = Field(
        description="accuracy: equal to the expected answer. relevance, coherence: by a judge. toxicity: 1 is clean, by a list of English "
        "words; with a judge, make an evaluator of it. feedback: unavailable, since nobody sees the answers of a search."
    )
    evaluator_id: UUID | None = Field(default=None, description="Of `evaluator`: one of yours, also your own code.")
    weight: Annotated[float, Field(gt=0, le=1_000)] | None = Field(default=None, description="Neither weight nor bound: a weight of 1.")
    at_least: float | None = Field(default=None, description="Of metrics from 0 to 1: an answer below it scores 0.")
    at_most: float | None = Field(
        default=None, description="Of cost (nano-dollars), latency (milliseconds) and length (characters): an answer above it scores 0."
    )
    zero_at: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Of cost, latency and length with a weight: what scores 0; nothing at all scores 1."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        grows = self.metric in GROWING
        if (self.metric == "evaluator") != (self.evaluator_id is not None):
            raise ValueError("evaluator_id: needed by the metric 'evaluator', and by no other")
        if (grows and self.at_least is not None) or (not grows and (self.at_most is not None or self.zero_at is not None)):
            raise ValueError(
                f"{self.metric}: {'less is better, so it takes at_most' if grows else 'it goes from 0 to 1: it takes at_least'}"
            )
        if (self.at_least is not None and not 0 <= self.at_least <= 1) or (self.at_most is not None and self.at_most < 0):
            raise ValueError(f"{self.metric}: the bound is out of range")
        if grows and self.counts and self.zero_at is None:
            raise ValueError(f"zero_at: {self.metric} with a weight needs to know what scores 0")
        return self

    @property
    def counts(self) -> float:
        """Its weight in the score; 0: only a bound."""
        if self.weight is not None:
            return self.weight
        return 0.0 if self.at_least is not None or self.at_most is not None else 1.0

    @property
    def name(self) -> str:
        return self.metric if self.evaluator_id is None else f"evaluator:{self.evaluator_id}"


class Constraints(_Part):
    """What every candidate keeps beside variables, schema, rating scale, locked blocks and rules, which it keeps anyway."""

    changed_lines_most: Annotated[int, Field(ge=1, le=1_000)] | None = Field(
        default=None, description="Small-edit mode: so many lines may be added, taken away or changed in all."
    )
    tokens_most: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(default=None, description="No candidate is longer than this.")
    anchors: Annotated[list[UUID], Field(max_length=200)] = Field(
        default_factory=list, description="Train and validation items that stay right where they are right now."
    )


class ChainPlace(_Part):
    """The step of a chain that runs the prompt: candidates run in its place, and the output of the whole chain is what is judged."""

    slug: Annotated[str, Field(min_length=1, max_length=130), AfterValidator(_no_nul)]
    step: Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_no_nul)] = Field(description="The id of the step.")
    version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Of the chain; the one that production names (else the newest), unless given."
    )


class ChainPrompt(_Part):
    """Which prompt a step of a chain runs while a job is under way, and by which model."""

    prompt_id: UUID
    slug: str
    version: int
    model: str


class TestedChain(_Part):
    """A chain as it stood when a test run or a job began: `form` of its version, and what each step that runs a prompt ran then."""

    __test__ = False  # pytest takes the name for a test

    chain_id: UUID
    slug: str
    version: int
    form: dict[str, Any]
    prompts: dict[str, ChainPrompt]


class ChainSearch(TestedChain):
    """The chain of a job, and the step whose prompt is searched."""

    step: str


_LATER: Final = ("chain", "source")


class Search(_Part):
    """What a job keeps of how it was asked for, complete, so that it goes the same way whenever it is begun again."""

    reflective: ReflectiveSearch | None = None
    evolutionary: EvolutionarySearch | None = None
    semantic: SemanticSearch | None = None
    learned: LearnedSearch | None = None
    few_shot: FewShotSearch | None = None
    compression: CompressionSearch | None = None
    settings: SettingsSearch | None = None
    manual: ManualSearch | None = None
    metrics: list[Metric] = Field(default_factory=list)
    """Empty: accuracy alone."""

    constraints: Constraints = Field(default_factory=Constraints)
    locked: list[str] = Field(default_factory=list)
    rules: list[str] = Field(default_factory=list)
    examples_allowed: bool = False
    judge_model: str | None = None
    models: list[str] = Field(default_factory=list)
    """Further models that get a text of their own."""

    chain: ChainSearch | None = None
    """Where the prompt is tried as a step of a chain."""

    source: Literal["feedback"] | None = None
    """Where the dataset was made of what people said; None: it was given."""

    min_samples: int = 20
    confidence: float = 0.95

    def stored(self) -> dict[str, Any]:
        """As JSON, without those of `_LATER` that there are none of: optimizers of the release before, which know no such field, go on."""
        return {name: value for name, value in self.model_dump(mode="json").items() if name not in _LATER or value is not None}
