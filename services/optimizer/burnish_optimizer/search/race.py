"""The race: rounds of several random combinations of edits on the same few items, and new edits from what failed (SCIENCE section 3)."""

from dataclasses import dataclass, field

import numpy as np

from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.posterior import Array, EffectModel
from burnish_optimizer.search.reflection import RecentAnswers
from burnish_optimizer.search.render import render
from burnish_optimizer.search.task import Edit, Effect, FinishReason, Item, Progress, Reflection, Rejected, Report, Scored, Settings, Task

Arm = tuple[int, ...]
"""A combination of edits: their numbers, ascending. The empty one is the incumbent."""


@dataclass(slots=True)
class Race:
    """One search in progress. Everything that it decides follows from the task, the settings, the dice, and the answers it got."""

    task: Task
    memo: Memo
    rng: np.random.Generator
    settings: Settings
    edits: list[Edit] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    observations: list[int] = field(default_factory=list)
    rounds: int = 0
    model: EffectModel = field(init=False)
    recent: RecentAnswers = field(init=False)
    _guard: Guard = field(init=False)
    _queue: list[Item] = field(init=False, default_factory=list)
    _leads: list[Array] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        s = self.settings
        self.model = EffectModel(observation_variance=s.observation_variance, prior_mean=s.prior_mean, prior_sd=s.prior_sd)
        self.recent = RecentAnswers(s)
        self._guard = Guard(self.task)

    async def run(self, *, keep: int, report: Report | None) -> FinishReason:
        """Rounds until the budget (less `keep` evaluations for confirmation) is used, or nothing is left to gain."""
        idle = 0
        try:
            while idle < self.settings.idle_rounds:
                before = self.memo.evaluations
                leader = await self._round(keep=keep)
                self._bury()
                await self._reflect(leader)
                idle = idle + 1 if self.memo.evaluations == before else 0
                if report is not None:
                    await report(self.progress())
                if self._is_futile():
                    return "nothing_to_gain"
        except OutOfBudget:
            pass
        return "nothing_found"

    def prompt_of(self, arm: Arm) -> str:
        return render(self.task.prompt, [self.edits[number] for number in arm])

    def ranked(self) -> list[int]:
        """Living edits with a positive mean, the surest first. Of those that say how to answer only the surest: one such line is enough."""
        mean, sd = self.model.mean, self.model.sd
        hopeful = [number for number in self._alive() if mean[number] > 0]
        ranked = sorted(hopeful, key=lambda number: (-float(mean[number] / sd[number]), number))
        kept = set(self._one_format(ranked, mean / sd))
        return [number for number in ranked if number in kept]

    def effects(self, chosen: Arm = ()) -> tuple[Effect, ...]:
        """What is known of every edit that raced."""
        return tuple(
            Effect(
                edit=edit,
                mean=float(self.model.mean[number]),
                sd=float(self.model.sd[number]),
                observations=self.observations[number],
                state="chosen" if number in chosen else "dropped" if number in self.dead else "alive",
            )
            for number, edit in enumerate(self.edits)
        )

    def progress(self) -> Progress:
        """`best` is measured and not modelled: leader − incumbent on the newest items, which the leader met after it was chosen."""
        leads = self._leads[-self.settings.futility_rounds :]
        gain = float(np.concatenate(leads).mean()) if leads and self.edits else None
        return Progress(evaluations=self.memo.evaluations, spent_nusd=self.memo.spent_nusd, best=gain)

    async def _round(self, *, keep: int) -> Arm:
        """Evaluates some arms on the next items, and learns from it. Returns the arm that led before the round."""
        self.rounds += 1
        arms = self._choose_arms()
        items = self._next_items()
        prompts = [self.prompt_of(arm) for arm in arms]
        answers = await self.memo.score([(prompt, item) for item in items for prompt in prompts], keep=keep)
        by_item = [answers[start : start + len(arms)] for start in range(0, len(answers), len(arms))]
        self._learn(arms, items, by_item)
        return arms[0]

    def _learn(self, arms: list[Arm], items: list[Item], by_item: list[list[Scored]]) -> None:
        for item, answers in zip(items, by_item, strict=True):
            self.recent.add(item, answers)
        scores = np.array([[answer.score for answer in answers] for answers in by_item]).T
        if () in arms:
            self._leads.append(scores[0] - scores[arms.index(())])
        if len(arms) < 2:
            return
        design = np.array([[number in arm for number in range(len(self.edits))] for arm in arms], dtype=float)
        self.model.observe(design, scores)
        for arm in arms:
            for number in arm:
                self.observations[number] += len(items)

    def _alive(self) -> list[int]:
        return [number for number in range(len(self.edits)) if number not in self.dead]

    def _leader(self) -> Arm:
        """The combination that is believed in: every edit whose mean is half a standard deviation above nothing."""
        mean, sd = self.model.mean, self.model.sd
        return self._one_format([number for number in self._alive() if mean[number] > 0.5 * sd[number]], mean / sd)

    def _one_format(self, numbers: list[int], worth: Array) -> Arm:
        """Without all lines about the form of the answer but the best. Two of them repeat or contradict each other: together they would
        hide what each does, and a good one would be dropped for the company it kept.
        """
        formats = [number for number in numbers if self.edits[number].section == "format"]
        formats.sort(key=lambda number: (-float(worth[number]), number))
        return tuple(number for number in numbers if number not in formats[1:])

    def _choose_arms(self) -> list[Arm]:
        """The leader, the incumbent, and Thompson draws; equal ones once."""
        arms: list[Arm] = [self._leader(), ()]
        if self.edits:
            alive = self._alive()
            for draw in self.model.draw(self.rng, self.settings.arms - len(arms)):
                arms.append(self._one_format([number for number in alive if draw[number] > 0], draw))
        return list(dict.fromkeys(arms))

    def _next_items(self) -> list[Item]:
        """The same items for all arms of a round, in an order that is shuffled anew each time all have had their turn."""
        if len(self._queue) < self.settings.items_per_round:
            self._queue = [self.task.train[index] for index in self.rng.permutation(len(self.task.train))]
        items, self._queue = self._queue[: self.settings.items_per_round], self._queue[self.settings.items_per_round :]
        return items

    def _undecided(self) -> list[int]:
        mean, sd = self.model.mean, self.model.sd
        return [number for number in self._alive() if abs(mean[number]) < sd[number]]

    def _bury(self) -> None:
        """Drops edits that almost surely harm, and the oldest undecided ones when the race is full."""
        if not self.edits:
            return
        mean, sd = self.model.mean, self.model.sd
        self.dead.update(number for number in self._alive() if mean[number] < self.settings.dead_below_z * sd[number])
        undecided = self._undecided()
        if len(undecided) >= self.settings.undecided_cap:
            old = [number for number in undecided if self.observations[number] >= self.settings.retire_after_observations]
            self.dead.update(sorted(old, key=lambda number: (float(mean[number]), number))[:2])

    async def _reflect(self, leader: Arm) -> None:
        """Asks for as many edits as the evaluations so far have earned, at once, and lets in what the guard lets in."""
        earned = self.memo.evaluations // self.settings.evaluations_per_proposal + 1 - self.memo.proposals
        room = self.settings.undecided_cap - len(self._undecided())
        prompt = self.prompt_of(leader)
        reflections = [
            Reflection(number=self.memo.proposals + offset, prompt=prompt, failed=shown.failed, right=shown.right)
            for offset in range(max(0, min(earned, room)))
            if (shown := self.recent.choose(self.rng)) is not None
        ]
        for proposal in await self.memo.propose(reflections):
            for edit in proposal.edits:
                self._admit(edit)
        self.model.add_edits(len(self.edits) - len(self.model.mean))

    def _admit(self, edit: Edit) -> None:
        reason = self._guard.refusal(edit)
        if reason is not None:
            self.rejected.append(Rejected(edit=edit, reason=reason))
            return
        self.edits.append(edit)
        self.observations.append(0)

    def _is_futile(self) -> bool:
        """Whether even a kind reading of leader − incumbent, on the newest items that both answered, is less than a gain worth having.

        The leader was chosen before it met these items, so on the first pass over the train items this is no flattery. A leader that
        is still the incumbent counts as a difference of 0. One observation is added to the variance: three zeros prove nothing.
        """
        if self.memo.evaluations < self.settings.futility_after_evaluations:
            return False
        leads = np.concatenate(self._leads[-self.settings.futility_rounds :] or [np.zeros(0)])
        if len(leads) < self.settings.futility_rounds * self.settings.items_per_round // 2:
            return False
        error = float(np.sqrt(np.square(leads).sum() + 1)) / len(leads)
        return float(leads.mean()) + self.settings.futility_z * error < self.settings.futility_min_gain
