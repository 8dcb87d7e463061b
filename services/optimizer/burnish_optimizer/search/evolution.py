"""Evolution without a model: texts are varied by rules, the better ones have children (PRODUCT O2, `evolutionary`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from burnish_optimizer.search.learned import Learned
from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.operators import OPERATORS, Vocabulary, crossover
from burnish_optimizer.search.task import Scored
from burnish_optimizer.search.trial import SATURATED, Trial
from burnish_shared.prompt_contract import breach, tokens_in

Selection = Literal["tournament", "roulette", "pareto"]
TRIES_MOST: Final = 20
IDLE_MOST: Final = 3
"""After so many generations in a row of which every score was known, none will be new."""


@dataclass(frozen=True, slots=True)
class Individual:
    """One text of one generation. `scores` are on the items of that generation, in their order; `cost_nusd` is the mean of those answers,
    with what judged them; `parents` are texts before it."""

    text: str
    operator: str
    parents: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    cost_nusd: int | None = None

    @property
    def fitness(self) -> float:
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


@dataclass(frozen=True, slots=True)
class Generation:
    """Written down as it is: a search can begin again from any generation (`Evolution.start`), its own or another's."""

    number: int
    individuals: tuple[Individual, ...]


@dataclass(frozen=True, slots=True)
class Evolution:
    """`elites` of the best live on unchanged. Without `start` the first generation are variations of the incumbent."""

    selection: Selection = "tournament"
    population: int = 10
    elites: int = 2
    items_per_generation: int = 20
    tournament_size: int = 3
    crossover_share: float = 0.3
    operators: tuple[str, ...] = tuple(OPERATORS)
    thesaurus: tuple[tuple[str, ...], ...] = ()
    """The tenant's own groups of words that mean the same, beside those that ship."""

    start: tuple[str, ...] = ()
    generations_most: int = 50
    ranker: Learned | None = None
    """What was learned from earlier scores: three times as many children are made, and the most promising third is evaluated."""

    async def search(self, trial: Trial, *, keep: int) -> None:
        """Generations until the budget is used; the best of each may challenge the champion."""
        breeder = Breeder(self, trial, Vocabulary.of(self.thesaurus, [item.input for item in trial.task.train]))
        given = [text for text in self.start if breach(trial.task.contract, trial.task.prompt, text) is None]
        texts = [Individual(text, "given") for text in given] or breeder.founders()
        idle = 0
        for number in range(self.generations_most):
            before = trial.memo.evaluations
            try:
                scored = await breeder.score(texts, keep=keep)
            except OutOfBudget:
                if number == 0:
                    trial.notes.append(self._too_dear(trial, len(texts), keep=keep))
                return
            trial.generations.append(Generation(number, tuple(scored)))
            best = max(scored, key=lambda one: (one.fitness, -tokens_in(one.text), one.text))
            await trial.champion.challenge(best.text, keep=keep)
            await trial.say()
            idle = idle + 1 if trial.memo.evaluations == before else 0
            if idle >= IDLE_MOST:
                trial.notes.append(SATURATED)
                return
            texts = breeder.next_generation(scored)

    def _too_dear(self, trial: Trial, texts: int, *, keep: int) -> str:
        items = min(self.items_per_generation, len(trial.task.train))
        lacking = trial.memo.missing(texts * items, keep=keep)
        more = f"{lacking} evaluations more" if lacking else "more credits"
        return (
            f"The budget does not pay for one generation: {texts} texts on {items} items, beside what is kept for validation and for the "
            f"proof, so nothing was tried. Give it {more}, or a smaller population or fewer items a generation."
        )


@dataclass(slots=True)
class Breeder:
    """Makes and scores the individuals of one search; no text is made twice."""

    method: Evolution
    trial: Trial
    vocabulary: Vocabulary
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._seen |= {self.trial.task.prompt, *self.method.start}

    def founders(self) -> list[Individual]:
        incumbent = Individual(self.trial.task.prompt, "incumbent")
        return [incumbent, *(self._child([incumbent]) for _ in range(self.method.population - 1))]

    async def score(self, individuals: list[Individual], *, keep: int) -> list[Individual]:
        """All on the same items, the next ones in a shuffled order. Raises OutOfBudget."""
        items = self.trial.next_items(self.method.items_per_generation)
        answers = await self.trial.memo.score([(one.text, item) for one in individuals for item in items], keep=keep)
        rows = [answers[start : start + len(items)] for start in range(0, len(answers), len(items))]
        return [scored_with(one, row) for one, row in zip(individuals, rows, strict=True)]

    def next_generation(self, scored: list[Individual]) -> list[Individual]:
        ranked = sorted(scored, key=lambda one: (-one.fitness, tokens_in(one.text), one.text))
        elites = [Individual(one.text, "elite", (one.text,)) for one in ranked[: self.method.elites]]
        choose = chooser(self.method, scored, self.trial.rng)
        wanted, ranker = self.method.population - len(elites), self.method.ranker
        children = [self._child([choose(), choose()]) for _ in range(wanted * (3 if ranker else 1))]
        if ranker is not None:
            children.sort(key=lambda one: -ranker.predict(one.text))
        return [*elites, *children[:wanted]]

    def _child(self, parents: list[Individual]) -> Individual:
        """A text that is new and keeps the contract; after some tries the parent itself."""
        rng = self.trial.rng
        for _ in range(TRIES_MOST):
            if len(parents) > 1 and parents[0].text != parents[1].text and rng.random() < self.method.crossover_share:
                text, name, from_ = crossover(parents[0].text, parents[1].text, rng), "crossover", tuple(one.text for one in parents)
            else:
                name = self.method.operators[int(rng.integers(len(self.method.operators)))]
                text, from_ = OPERATORS[name](parents[0].text, rng, self.vocabulary), (parents[0].text,)
            if text not in self._seen and breach(self.trial.task.contract, self.trial.task.prompt, text) is None:
                self._seen.add(text)
                return Individual(text, name, from_)
        return Individual(parents[0].text, "unchanged", (parents[0].text,))


def scored_with(one: Individual, answers: Sequence[Scored]) -> Individual:
    """The text with what its answers scored and cost."""
    cost_nusd = sum(answer.cost_nusd for answer in answers) // len(answers) if answers else None
    return Individual(one.text, one.operator, one.parents, tuple(answer.score for answer in answers), cost_nusd)


def chooser(method: Evolution, scored: list[Individual], rng: np.random.Generator) -> Callable[[], Individual]:
    """How parents are chosen: the best of a few, with luck in proportion to fitness, or from those that are best on some item."""
    fitness = np.array([one.fitness for one in scored])
    if method.selection == "tournament":
        return lambda: scored[min(rng.integers(len(scored), size=method.tournament_size), key=lambda index: (-fitness[index], int(index)))]
    shares = (fitness + 1e-6) / (fitness + 1e-6).sum() if method.selection == "roulette" else pareto_shares(scored)
    return lambda: scored[int(rng.choice(len(scored), p=shares))]


def pareto_shares(scored: list[Individual]) -> NDArray[np.float64]:
    """Chances in proportion to the number of items on which nobody is better (GEPA's frontier by instance)."""
    table = np.array([one.scores for one in scored])
    wins = (table == table.max(axis=0)).sum(axis=1).astype(np.float64)
    return np.asarray(wins / wins.sum(), dtype=np.float64)
