"""Every evaluation is remembered by content and paid once; the budget is counted here and never passed (PROMISES O-01, O-02)."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from burnish_optimizer.search.task import Budget, Evaluate, Item, Proposal, Propose, Reflection, Scored, digest

T = TypeVar("T")

COST_MARGIN_PERCENT = 150
"""Before money is spent, an evaluation is taken to cost at most so much of the dearest seen so far."""


class OutOfBudget(Exception):
    """What was asked for does not fit into the budget any more. Nothing of it was bought."""


class Memo:
    """The only way from the search to the outside: evaluations and proposals, counted and remembered.

    A restarted search asks for the same things in the same order, so what lies behind `evaluate` can answer from its own books, and the
    count here comes out the same.
    """

    def __init__(self, *, evaluate: Evaluate, propose: Propose, budget: Budget) -> None:
        self._evaluate = evaluate
        self._propose = propose
        self._budget = budget
        self._known: dict[tuple[str, str], Scored] = {}
        self.evaluations = 0
        self.proposals = 0
        self.spent_nusd = 0
        self.stages = 0
        self._dearest_nusd = 0

    def can_afford(self, evaluations: int, *, keep: int = 0) -> bool:
        """Whether so many new evaluations fit while `keep` more, and what is reserved for the test, stay possible."""
        after = evaluations + keep + self._budget.reserved_evaluations
        if self.evaluations + after > self._budget.evaluations:
            return False
        if self._budget.nusd is None:
            return True
        return self.spent_nusd + after * self._dearest_nusd * COST_MARGIN_PERCENT // 100 <= self._budget.nusd

    def missing(self, evaluations: int, *, keep: int = 0) -> int:
        """How many evaluations the budget lacks for so many; 0 where it is money that is lacking."""
        return max(0, self.evaluations + evaluations + keep + self._budget.reserved_evaluations - self._budget.evaluations)

    async def score(self, asked: Sequence[tuple[str, Item]], *, keep: int = 0) -> list[Scored]:
        """Scores in the order asked, whatever order the answers come in. Raises OutOfBudget before buying anything if not all fit."""
        names = [(digest(prompt), item.id) for prompt, item in asked]
        fresh = {name: pair for name, pair in zip(names, asked, strict=True) if name not in self._known}
        if not self.can_afford(len(fresh), keep=keep):
            raise OutOfBudget
        if not fresh:
            await asyncio.sleep(0)  # A round of which all is known must not keep a wish to cancel from being heard.
        self.evaluations += len(fresh)
        self.stages += bool(fresh)
        answers = await _all([self._evaluate(prompt, item) for prompt, item in fresh.values()])
        for name, scored in zip(fresh, answers, strict=True):
            self._known[name] = scored
            self.spent_nusd += scored.cost_nusd
            self._dearest_nusd = max(self._dearest_nusd, scored.cost_nusd)
        return [self._known[name] for name in names]

    def differences(self, prompt: str, other: str, items: Sequence[Item]) -> list[float]:
        """By how much this prompt scored more than the other, on each of these items that both have answered."""
        one, two = digest(prompt), digest(other)  # once: of a long prompt it is what all of this costs
        both = [item.id for item in items if (one, item.id) in self._known and (two, item.id) in self._known]
        return [self._known[one, item].score - self._known[two, item].score for item in both]

    def answered(self, items: Sequence[Item]) -> list[tuple[float, ...]]:
        """The scores of each prompt that has answered all of these items, in the items' order."""
        ids = [item.id for item in items]
        prompts = dict.fromkeys(prompt for prompt, _ in self._known)
        whole = [prompt for prompt in prompts if all((prompt, one) in self._known for one in ids)]
        return [tuple(self._known[prompt, one].score for one in ids) for prompt in whole]

    async def propose(self, reflections: Sequence[Reflection]) -> list[Proposal]:
        """Proposals in the order asked."""
        self.proposals += len(reflections)
        self.stages += bool(reflections)
        answers = await _all([self._propose(reflection) for reflection in reflections])
        self.spent_nusd += sum(answer.cost_nusd for answer in answers)
        return answers


async def _all(waiting: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Results in order. When one fails, or this is cancelled, the others are cancelled too."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
