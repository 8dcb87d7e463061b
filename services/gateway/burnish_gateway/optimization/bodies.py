"""What callers send about test runs, jobs and suggestions."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from burnish_gateway.experiments.bodies import RolloutAsked
from burnish_gateway.generations.bodies import StartAt
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts import searches

DEFAULT_EVALUATIONS: Final = 2_000
EVALUATIONS_MOST: Final = 100_000
CREDITS_MOST: Final = 1_000_000
WEEK_S: Final = 604_800
COMBINED_MOST: Final = 20
"""Runs that one request may start: versions times models."""


class TestRunBody(ApiModel):
    """What is run over which split: one version, or several by several models."""

    __test__ = False  # pytest takes the name for a test

    prompt: Text | None = Field(
        default=None, min_length=1, max_length=130, description="Slug; the version that production names, unless one is given."
    )
    chain: Text | None = Field(
        default=None,
        min_length=1,
        max_length=130,
        description="Slug, in place of a prompt: the whole chain is run on each item, whose variables are the chain's, and its output is "
        "what is compared and judged. `version`, `label` and `versions` are then the chain's; its steps name their models.",
    )
    version: int | None = Field(default=None, ge=1)
    label: Text | None = None
    versions: list[Annotated[int, Field(ge=1)]] = Field(
        default_factory=list,
        max_length=COMBINED_MOST,
        description="Several versions at once, instead of `version` or `label`; a run of each.",
    )
    dataset_id: UUID | None = Field(default=None, description="What it is run over, with `split`; needed unless `source` is given.")
    split: Literal["train", "validation", "val", "test"] | None = None
    source: Literal["test_cases"] | None = Field(
        default=None,
        description="`test_cases`, in place of a dataset: the test cases of the version itself, each judged by what it expects and by "
        "its criteria and the version's `success_criteria`. They become a dataset, which versions with the same cases share.",
    )
    judge: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The model that judges items with criteria; the one that answers, unless given.",
    )
    models: list[Text] = Field(
        default_factory=list,
        max_length=COMBINED_MOST,
        description="Other models than the version's own; a run of each version by each model, at most 20 in all.",
    )
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

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if self.prompt is None and self.chain is None:
            raise ValueError("prompt: is needed, or a chain")
        if self.prompt is not None and self.chain is not None:
            raise ValueError("chain: stands in place of a prompt; give one of them")
        if self.chain is not None and self.models:
            raise ValueError("models: the steps of a chain name their models; leave it out")
        if self.chain is not None and self.source is not None:
            raise ValueError("source: a chain holds no test cases; give a dataset_id and a split")
        return self

    @model_validator(mode="after")
    def _has_items(self) -> Self:
        if self.source is None and self.dataset_id is None:
            raise ValueError('dataset_id: is needed, or source: "test_cases" for the version\'s own test cases')
        if self.source is None and self.split is None:
            raise ValueError("split: is needed: train, validation or test of the dataset")
        for name in ("dataset_id", "split", "failed_of"):
            if self.source is not None and getattr(self, name) is not None:
                raise ValueError(f'{name}: belongs to a dataset, and source: "{self.source}" stands in place of one; leave one of them out')
        return self

    @model_validator(mode="after")
    def _few_and_clear(self) -> Self:
        if self.versions and (self.version is not None or self.label is not None):
            raise ValueError("versions: give either versions, or one version or label")
        if self.version is not None and self.label is not None:
            raise ValueError("version: give either a version or a label")
        if max(1, len(set(self.versions))) * max(1, len(set(self.models))) > COMBINED_MOST:
            raise ValueError(f"models: versions times models may be at most {COMBINED_MOST} runs at once")
        return self

    def each(self) -> "list[TestRunBody]":
        """One body for each version by each model, in the order given; each of them once."""
        versions: list[int | None] = [*dict.fromkeys(self.versions)] or [self.version]
        models = [[model] for model in dict.fromkeys(self.models)] or [[]]
        return [self.model_copy(update={"version": version, "versions": [], "models": model}) for version in versions for model in models]


class ModelsBody(ApiModel):
    task: Text | None = Field(default=None, description="The model that answers; the version's own, unless given.")
    reflect: Text | None = Field(default=None, description="The model that proposes edits; the workspace's usual one, unless given.")
    judge: Text | None = Field(default=None, description="The model that judges: the metrics relevance and coherence need one.")

    variants: Annotated[list[Text], Field(max_length=4)] = Field(
        default_factory=list,
        description="Further models that get a text of their own, as variants of one new version. The budget is shared by all of them.",
    )


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


class HowToSearch(ApiModel):
    """All that a search is told but for its prompt, its items and what it may cost."""

    chain: searches.ChainPlace | None = Field(
        default=None,
        description="Try the prompt as a step of this chain: items are the chain's variables, and what is judged and proven is the output "
        "of the chain. An evaluation is a run of the chain.",
    )
    method: searches.Method = Field(
        default="racing", description="`racing` combines: single edits, from failures, race in random combinations."
    )
    reflective: searches.ReflectiveSearch | None = None
    evolutionary: searches.EvolutionarySearch | None = None
    semantic: searches.SemanticSearch | None = None
    learned: searches.LearnedSearch | None = None
    few_shot: searches.FewShotSearch | None = None
    compression: searches.CompressionSearch | None = None
    settings: searches.SettingsSearch | None = Field(default=None, description="Needed by the method `settings`.")
    manual: searches.ManualSearch | None = Field(default=None, description="Needed by the method `manual`.")
    models: ModelsBody = Field(default_factory=ModelsBody.model_construct)
    metrics: Annotated[list[searches.Metric], Field(max_length=10)] = Field(
        default_factory=list, description="What is looked at in each answer: metrics with weights, with bounds, or both."
    )
    constraints: searches.Constraints = Field(default_factory=searches.Constraints)
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, description="Makes a job repeatable with the same answers of the models.")

    @model_validator(mode="after")
    def _parts_of_its_method(self) -> Self:
        for name in (one for one in searches.METHODS if one != "racing"):
            given = getattr(self, name)
            if given is not None and self.method != name:
                raise ValueError(f"{name}: belongs to the method {name!r}, and this one is {self.method!r}")
            if given is None and self.method == name and name in ("settings", "manual"):
                raise ValueError(f"{name}: the method {name!r} needs it")
        return self

    @model_validator(mode="after")
    def _fits_in_a_chain(self) -> Self:
        if self.chain is not None and self.method == "few_shot":
            raise ValueError("chain: the method 'few_shot' takes examples from the dataset, whose answers are the chain's and not a step's")
        if self.chain is not None and self.models.variants:
            raise ValueError("models.variants: a step of a chain is tried with one model")
        return self

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        names = [one.name for one in self.metrics]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"metrics: {twice} stands there twice")
        if self.models.variants and self.method in ("settings", "few_shot"):
            raise ValueError(f"models.variants: the method {self.method!r} makes no text for a model")
        if self.metrics and not any(one.counts for one in self.metrics):
            raise ValueError("metrics: at least one needs a weight; bounds alone prefer nothing")
        return self


class OptimizationBody(HowToSearch):
    prompt: Text = Field(min_length=1, max_length=130)
    version: int | None = Field(default=None, ge=1, description="The version to improve; the one that production names, unless given.")
    dataset_id: UUID | None = Field(default=None, description="What to search and prove on; needed unless `source` is given.")
    source: Literal["feedback"] | None = Field(
        default=None,
        description="`feedback`, in place of a dataset: answers of this prompt that people corrected or liked in the last 90 days. They "
        "become a dataset, to which the prompt's next search from feedback adds what was said since.",
    )
    budget: BudgetBody = Field(default_factory=BudgetBody.model_construct)
    objective: Literal["accuracy"] = Field(default="accuracy", description="What is looked at where no `metrics` are given.")
    start: StartAt | None = Field(default=None, description="Of `evolutionary`: begin with the candidates of this generation.")

    @model_validator(mode="after")
    def _has_items(self) -> Self:
        if self.dataset_id is None and self.source is None:
            raise ValueError('dataset_id: is needed, or source: "feedback" for what people said of the prompt\'s answers')
        if self.dataset_id is not None and self.source is not None:
            raise ValueError("source: stands in place of a dataset_id; give one of them")
        if self.source is not None and self.chain is not None:
            raise ValueError("source: people judge the answers of a prompt and not of a chain; give a dataset_id")
        return self

    @model_validator(mode="after")
    def _begins_where_it_can(self) -> Self:
        if self.start is not None and self.method != "evolutionary":
            raise ValueError(f"start: belongs to the method 'evolutionary', and this one is {self.method!r}")
        return self


class AcceptBody(ApiModel):
    edits: Annotated[list[int], Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="Only these of `evidence.edits`, by their place from 0; all of them where nothing is said. A part was not measured: no "
        "label moves to it, unless a rollout measures it, or `force` and a `label` are given.",
    )
    text: Annotated[Text, Field(min_length=1, max_length=searches.TEXT_MOST)] | None = Field(
        default=None,
        description="Of the message that the search changed, as you edited it. It keeps its variables, locked blocks and the rules that "
        "stand in it. It was not measured either: what holds of some `edits` holds of it. Not together with `edits`.",
    )
    label: Text | None = Field(default="production", description="The label that moves to the new version; null moves none.")
    force: bool = Field(
        default=False,
        description="Move the label although `production` names another version than the one that was measured, or calls of the label "
        "would meet another model than those that it was measured with.",
    )
    rollout: Literal["guarded"] | RolloutAsked | None = Field(
        default=None, description="`guarded`, or its ramp: the label moves when the new version went up it without harm."
    )


class RejectBody(ApiModel):
    reason: Text = Field(min_length=1, max_length=2000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.reason.strip():
            raise ValueError("reason: says why nobody gets it, in words")
        return self
