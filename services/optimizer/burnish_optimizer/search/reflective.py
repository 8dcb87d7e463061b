"""GEPA's scheme, for comparison and for those who want it: whole prompts, three failures at a time, a frontier by instance."""

from dataclasses import dataclass

from burnish_optimizer.search.evolution import Generation, Individual, pareto_shares, scored_with
from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.reflection import told_apart
from burnish_optimizer.search.render import render
from burnish_optimizer.search.task import Edit, Item, Reflection, Rejected
from burnish_optimizer.search.trial import SATURATED, Trial
from burnish_optimizer.search.tried import NOT_ON_TRAIN, NOT_ON_VALIDATION
from burnish_optimizer.search.whole import WholeRace


@dataclass(frozen=True, slots=True)
class Reflective:
    """A parent is drawn from those that are best on some validation item; its child must beat it on the same few train items."""

    minibatch: int = 3
    frontier_items: int = 20
    idle_most: int = 12

    async def search(self, trial: Trial, *, keep: int) -> None:
        frontier = trial.task.validation[: self.frontier_items]
        try:
            pool, idle = [await _scored(trial, Individual(trial.task.prompt, "incumbent"), frontier, keep)], 0
        except OutOfBudget:
            return
        while idle < self.idle_most:
            before = trial.memo.evaluations
            try:
                child = await self._child(trial, pool, keep=keep)
                if child is not None:
                    pool.append(await _scored(trial, child, frontier, keep))
                    if not trial.generations:  # what its children come from has its place in the lineage
                        trial.generations.append(Generation(0, (pool[0],)))
                    trial.generations.append(Generation(len(trial.generations), (pool[-1],)))
                    await self._challenge(trial, pool, keep=keep)
                    await trial.say()
            except OutOfBudget:
                return
            idle = idle + 1 if trial.memo.evaluations == before else 0
        trial.notes.append(SATURATED)

    async def _challenge(self, trial: Trial, pool: list[Individual], *, keep: int) -> None:
        """The newest of the pool meets the champion, where none of the pool is better."""
        child, trying = pool[-1], trial.tried.last()
        if child.fitness < max(one.fitness for one in pool):
            trying.why = NOT_ON_VALIDATION
        elif await trial.champion.challenge(child.text, keep=keep):
            trying.why = ""
        elif child.text in trial.champion.lost:
            trying.why = NOT_ON_VALIDATION

    async def _child(self, trial: Trial, pool: list[Individual], *, keep: int) -> Individual | None:
        parent = pool[int(trial.rng.choice(len(pool), p=pareto_shares(pool)))]
        items = trial.next_items(self.minibatch)
        answers = await trial.memo.score([(parent.text, item) for item in items], keep=keep)
        shown = [pair for pair in zip(items, answers, strict=True) if trial.guard.is_shown_to_proposers(pair[0])]
        apart = told_apart(shown)
        if not apart.failed:
            return None
        proposal = (await trial.memo.propose([Reflection(trial.memo.proposals, parent.text, apart.failed, apart.right)]))[0]
        if proposal.rewritten is not None:
            text = proposal.rewritten
        else:
            text = render(parent.text, _let_in(trial, proposal.edits, parent=parent.text), locked=trial.task.contract.locked)
        if text == parent.text or not _may_enter(trial, text, parent.text):
            return None
        trying = trial.tried.begin(text, against=parent.text)
        scores = await trial.memo.score([(text, item) for item in items], keep=keep)
        if sum(one.score for one in scores) > sum(one.score for one in answers):
            return Individual(text, "reflection", (parent.text,))
        trying.why = NOT_ON_TRAIN
        return None


def _let_in(trial: Trial, edits: tuple[Edit, ...], *, parent: str) -> list[Edit]:
    allowed = []
    for edit in edits:
        reason = trial.guard.form_refusal(edit, parent=parent) or trial.guard.content_refusal(edit)
        if reason is None:
            allowed.append(edit)
        else:
            trial.rejected.append(Rejected(edit, reason))
    return allowed


def _may_enter(trial: Trial, text: str, parent: str) -> bool:
    """As whole texts enter any race: the contract, and the guard for each line that is new. What is refused is noted."""
    race = WholeRace(trial.task, trial.memo, trial.rng, trial.settings, trial.champion, trial.guard, trial.rejected, trial.tried)
    return race.may_enter(text, parent)


async def _scored(trial: Trial, one: Individual, items: tuple[Item, ...], keep: int) -> Individual:
    answers = await trial.memo.score([(one.text, item) for item in items], keep=keep)
    return scored_with(one, answers)
