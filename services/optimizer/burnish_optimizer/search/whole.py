"""Races of whole prompts, for where single edits are not to be had: rewritings beyond recognition, and candidates that people bring."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from burnish_optimizer.search.champion import Champion, chance_to_win
from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.reflection import told_apart
from burnish_optimizer.search.rewrite import lines_of
from burnish_optimizer.search.task import Edit, Item, Reflection, Rejected, Settings, Task
from burnish_optimizer.search.tried import NOT_ON_TRAIN, NOT_ON_VALIDATION, Section, TriedSoFar
from burnish_shared.prompt_contract import breach, without_tags

BLOCK = 8
PROPOSALS_AT_ONCE = 3
IDLE_MOST = 12


@dataclass(slots=True)
class WholeRace:
    """Children of the champion meet it on train items, block by block; who wins there may challenge it on validation."""

    task: Task
    memo: Memo
    rng: np.random.Generator
    settings: Settings
    champion: Champion
    guard: Guard
    rejected: list[Rejected] = field(default_factory=list)
    tried: TriedSoFar = field(default_factory=TriedSoFar)
    _order: list[Item] = field(default_factory=list)

    async def climb(self, *, keep: int, say: Callable[[], Awaitable[None]]) -> None:
        """Reflects and races until the budget is used or nothing new comes any more."""
        idle = 0
        while idle < IDLE_MOST:
            before = self.memo.evaluations
            try:
                await self.meet(await self._children(keep=keep), keep=keep)
            except OutOfBudget:
                return
            await say()
            idle = idle + 1 if self.memo.evaluations == before else 0

    async def meet(self, texts: Sequence[str], *, keep: int, section: Section = "whole", shown: str | None = None) -> None:
        """Each text that may enter races against the champion of the moment, and it is noted why it was not taken. Raises OutOfBudget."""
        for text in texts:
            trying = self.tried.begin(text, against=self.champion.prompt, section=section, shown=shown)
            if not await self._wins_on_train(text, keep=keep):
                trying.why = NOT_ON_TRAIN
            elif await self.champion.challenge(text, keep=keep):
                trying.why = ""
            elif text in self.champion.lost:
                trying.why = NOT_ON_VALIDATION

    def may_enter(self, text: str, parent: str) -> bool:
        """Whether a whole text keeps the contract, and each line of its own what is asked of edits. What is refused is noted."""
        reason = breach(self.task.contract, self.task.prompt, text)
        known = {*lines_of(parent), *lines_of(self.task.prompt)}
        for line in lines_of(text):
            if reason is None and line not in known:
                reason = self.guard.content_refusal(Edit("rules", without_tags(line)))
        if reason is not None:
            self.rejected.append(Rejected(Edit("whole", text), reason))
        return reason is None

    async def _children(self, *, keep: int) -> list[str]:
        parent = self.champion.prompt
        items = self._items(BLOCK + 1)
        answers = await self.memo.score([(parent, item) for item in items], keep=keep)
        shown = [pair for pair in zip(items, answers, strict=True) if self.guard.is_shown_to_proposers(pair[0])]
        apart = told_apart(shown)
        failed, right = apart.failed, apart.right
        if not failed:
            return []
        turns = [failed[start:] + failed[:start] for start in range(min(PROPOSALS_AT_ONCE, len(failed)))]
        asked = [Reflection(self.memo.proposals + n, prompt=parent, failed=shown, right=right) for n, shown in enumerate(turns)]
        texts = [proposal.rewritten for proposal in await self.memo.propose(asked)]
        return [text for text in dict.fromkeys(texts) if text and text != parent and self.may_enter(text, parent)]

    async def _wins_on_train(self, text: str, *, keep: int) -> bool:
        fixed = broken = 0
        for _ in range(max(1, min(4, len(self.task.train) // BLOCK))):
            items, parent = self._items(BLOCK), self.champion.prompt
            answers = await self.memo.score([(one, item) for item in items for one in (parent, text)], keep=keep)
            pairs = list(zip(answers[::2], answers[1::2], strict=True))
            fixed += sum(new.score > old.score for old, new in pairs)
            broken += sum(new.score < old.score for old, new in pairs)
            chance = chance_to_win(fixed, broken)
            if chance < 0.4 or chance > 0.85:
                return chance > 0.85
        return chance > 0.65

    def _items(self, count: int) -> list[Item]:
        """The next train items, in an order that is shuffled anew each time all have had their turn."""
        if len(self._order) < count:
            self._order = [self.task.train[index] for index in self.rng.permutation(len(self.task.train))]
        items, self._order = self._order[:count], self._order[count:]
        return items
