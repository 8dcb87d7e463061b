"""GEPA's scheme, for comparison and for those who want it: whole prompts, three failures at a time, a frontier by instance."""

from dataclasses import dataclass

from burnish_optimizer.search.contract import breach
from burnish_optimizer.search.evolution import Generation, Individual, pareto_shares
from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.render import render
from burnish_optimizer.search.task import Edit, Failure, Item, Reflection, Rejected
from burnish_optimizer.search.trial import Trial


@dataclass(frozen=True, slots=True)
class Reflective:
    """A parent is drawn from those that are best on some validation item; its child must beat it on the same few train items."""

    minibatch: int = 3
    frontier_items: int = 20
    idle_most: int = 40

    async def search(self, trial: Trial, *, keep: int) -> None:
        frontier = trial.task.validation[: self.frontier_items]
        pool, idle = [await _scored(trial, Individual(trial.task.prompt, "incumbent"), frontier, keep)], 0
        while idle < self.idle_most:
            before = trial.memo.evaluations
            try:
                child = await self._child(trial, pool, keep=keep)
                if child is not None:
                    pool.append(await _scored(trial, child, frontier, keep))
                    trial.generations.append(Generation(len(trial.generations), (pool[-1],)))
                    if pool[-1].fitness >= max(one.fitness for one in pool):
                        await trial.champion.challenge(child.text, keep=keep)
                    await trial.say()
            except OutOfBudget:
                return
            idle = idle + 1 if trial.memo.evaluations == before else 0

    async def _child(self, trial: Trial, pool: list[Individual], *, keep: int) -> Individual | None:
        parent = pool[int(trial.rng.choice(len(pool), p=pareto_shares(pool)))]
        items = trial.next_items(self.minibatch)
        answers = await trial.memo.score([(parent.text, item) for item in items], keep=keep)
        failed = tuple(Failure(item, answer.output) for item, answer in zip(items, answers, strict=True) if answer.score < 1)
        if not failed:
            return None
        right = tuple(item for item, answer in zip(items, answers, strict=True) if answer.score >= 1)
        proposal = (await trial.memo.propose([Reflection(trial.memo.proposals, parent.text, failed, right)]))[0]
        text = proposal.rewritten or render(parent.text, _let_in(trial, proposal.edits))
        if text == parent.text or breach(trial.task.contract, trial.task.prompt, text) is not None:
            return None
        scores = await trial.memo.score([(text, item) for item in items], keep=keep)
        better = sum(one.score for one in scores) > sum(one.score for one in answers)
        return Individual(text, "reflection", (parent.text,)) if better else None


def _let_in(trial: Trial, edits: tuple[Edit, ...]) -> list[Edit]:
    allowed = []
    for edit in edits:
        reason = trial.guard.content_refusal(edit)
        if reason is None:
            allowed.append(edit)
        else:
            trial.rejected.append(Rejected(edit, reason))
    return allowed


async def _scored(trial: Trial, one: Individual, items: tuple[Item, ...], keep: int) -> Individual:
    answers = await trial.memo.score([(one.text, item) for item in items], keep=keep)
    return Individual(one.text, one.operator, one.parents, tuple(answer.score for answer in answers))
