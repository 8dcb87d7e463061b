"""What every method works with: the task, the counted way to answers, the dice, and who would be returned now."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from burnish_optimizer.search.champion import Champion
from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.task import EditsSoFar, Item, Progress, Rejected, Report, Settings, Task
from burnish_optimizer.search.tried import TriedSoFar

if TYPE_CHECKING:
    from burnish_optimizer.search.evolution import Generation
    from burnish_optimizer.search.semantic import Theme


SATURATED: Final = "saturated: nothing new came any more, so the search ended before its budget"


@dataclass(slots=True)
class Trial:
    """One search under way, as its method sees it."""

    task: Task
    memo: Memo
    rng: np.random.Generator
    settings: Settings
    champion: Champion
    guard: Guard
    report: Report | None = None
    so_far: EditsSoFar = field(default_factory=EditsSoFar)
    tried: TriedSoFar = field(default_factory=TriedSoFar)
    generations: list["Generation"] = field(default_factory=list)
    themes: list["Theme"] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rounds: int = 0
    begins_with: tuple[Item, ...] = ()
    """Train items that the incumbent answered while it was looked whether there is headroom."""

    _order: list[Item] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        task: Task,
        memo: Memo,
        *,
        rng: np.random.Generator,
        settings: Settings,
        report: Report | None,
        so_far: EditsSoFar | None = None,
    ) -> "Trial":
        champion = Champion(task, memo, settings, task.prompt)
        trial = cls(task, memo, rng, settings, champion, Guard(task), report, so_far or EditsSoFar(), TriedSoFar(memo, task.train))
        trial.so_far.tried = lambda: trial.tried.told(leader=champion.prompt, is_over=False)
        return trial

    @property
    def rejected(self) -> list[Rejected]:
        return self.so_far.rejected

    def next_items(self, count: int) -> list[Item]:
        """The next train items, in an order that is shuffled anew each time all have had their turn; never more than there are."""
        count = min(count, len(self.task.train))
        if len(self._order) < count:
            self._order = [self.task.train[index] for index in self.rng.permutation(len(self.task.train))]
        items, self._order = self._order[:count], self._order[count:]
        return items

    async def say(self) -> None:
        """Reports how far the search is, once a round of whatever a method goes by."""
        self.rounds += 1
        if self.report is not None:
            champion = None if self.champion.prompt == self.task.prompt else self.champion.prompt
            await self.report(
                Progress(
                    evaluations=self.memo.evaluations,
                    spent_nusd=self.memo.spent_nusd,
                    best=self.champion.lead,
                    champion=champion,
                    stages=self.memo.stages,
                    rounds=self.rounds,
                    generations=tuple(self.generations),
                )
            )
