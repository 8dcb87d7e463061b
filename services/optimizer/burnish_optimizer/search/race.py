"""The race: rounds of random combinations of edits on a few items at a time, and new edits from what failed (SCIENCE section 3)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from burnish_optimizer.search.champion import Champion
from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.likeness import Likeness
from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.pace import Pace, Steadiness, evaluations_to_try, is_tiny, pace_of
from burnish_optimizer.search.posterior import Array, EffectModel
from burnish_optimizer.search.reflection import RecentAnswers
from burnish_optimizer.search.render import render
from burnish_optimizer.search.rewrite import differences, lines_of
from burnish_optimizer.search.task import (
    Edit,
    Effect,
    FinishReason,
    Item,
    Progress,
    Proposal,
    Reflection,
    Rejected,
    Report,
    Scored,
    Settings,
    Task,
)
from burnish_shared.prompt_contract import breach

ADAPT_EVERY: Final = 3
ADAPT_AFTER: Final = 240
"""Rounds between two looks at the size of effects, and evaluations before the first one changes the pace."""

AHEAD: Final = 6
"""Reflections before any is earned: without an edit an evaluation says nothing about edits."""

SAME_MEANING: Final = 0.45
"""So alike (`Likeness`) are two sentences that say the same in other words."""

Arm = tuple[int, ...]
"""A combination of edits: their numbers, ascending. The empty one is the incumbent."""


@dataclass(slots=True)
class Race:
    """One search in progress. Everything that it decides follows from the task, the settings, the dice, and the answers it got."""

    task: Task
    memo: Memo
    rng: np.random.Generator
    settings: Settings
    champion: Champion
    guard: Guard
    edits: list[Edit] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    observations: list[int] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    """Which answer of the one who proposes each edit came of, counted from 0."""

    themes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    rounds: int = 0
    reason: FinishReason = "nothing_found"
    scale: float | None = None
    """The typical size of an effect, as the evidence has it; None before there is any."""

    steadiness: Steadiness = field(default_factory=Steadiness)
    begins_with: tuple[Item, ...] = ()
    """Train items that the incumbent has answered already: the race begins with them."""

    met_first: list[tuple[float, float]] = field(default_factory=list)
    """What incumbent and leader scored on train items before anything was learned from these: nobody had answered them yet."""

    champion_arm: Arm = ()
    is_saturated: bool = False
    model: EffectModel = field(init=False)
    recent: RecentAnswers = field(init=False)
    _revived: set[int] = field(init=False, default_factory=set)
    _likeness: Likeness = field(init=False, default_factory=Likeness)
    _queue: list[Item] = field(init=False, default_factory=list)
    _leads: list[Array] = field(init=False, default_factory=list)
    _answers: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        s = self.settings
        self.model = EffectModel(observation_variance=s.observation_variance, prior_mean=s.prior_mean, prior_sd=s.prior_sd)
        self.recent = RecentAnswers(s)

    def sow(self, edits: Sequence[Edit], *, theme: tuple[str, ...] = ()) -> None:
        """Lets edits in that come from elsewhere than the race's own failures. Those of a theme came of one answer."""
        for edit in edits:
            self._answers += not theme or edit is edits[0]
            if self._admit(edit) is None:
                self.themes[len(self.edits) - 1] = theme
        self.model.add_edits(self.sources[len(self.model.mean) :])

    async def run(self, *, keep: int, report: Report | None) -> FinishReason:
        """Rounds until the budget (less `keep` evaluations for confirmation) is used, or nothing is left to gain."""
        idle = saturated = 0
        with suppress(OutOfBudget):
            await self._begin(keep=keep)
            while idle < self.settings.idle_rounds and saturated < self.settings.saturated_rounds:
                before, known = self.memo.evaluations, len(self.edits)
                leader = await self._round(keep=keep)
                self._adapt()
                self._bury()
                self._follow()
                bought = self.memo.evaluations > before
                await self._reflect(leader, is_stuck=not bought, keep=keep)
                if self.steadiness.is_opaque:
                    return "opaque"
                hardly = self.memo.evaluations - before < self.pace.items  # less than one for each item: such draws are all but known
                idle = idle + 1 if hardly else 0
                saturated = saturated + 1 if hardly and len(self.edits) == known and self._can_try(1, keep=keep) else 0
                if report is not None:
                    await report(self.progress())
                if self._is_futile():
                    return "nothing_to_gain"
            self.is_saturated = self._can_try(1, keep=keep)
        return "nothing_found"

    def prompt_of(self, arm: Arm) -> str:
        return render(self.task.prompt, [self.edits[number] for number in arm], locked=self.task.contract.locked)

    def ranked(self) -> list[int]:
        """Edits that are believed in, the surest first. Of those that say how to answer only the surest: one such line is enough."""
        mean, sd = self.model.mean, self.model.sd
        ranked = sorted(self._believed(), key=lambda number: (-float(mean[number] / sd[number]), number))
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
                theme=self.themes.get(number, ()),
            )
            for number, edit in enumerate(self.edits)
        )

    def progress(self) -> Progress:
        """`best` is measured and not modelled: leader − incumbent on the newest items, which the leader met after it was chosen."""
        leads = self._leads[-self.settings.futility_rounds :]
        gain = float(np.concatenate(leads).mean()) if leads and self.edits else None
        champion = None if self.champion.prompt == self.task.prompt else self.champion.prompt
        return Progress(
            evaluations=self.memo.evaluations,
            spent_nusd=self.memo.spent_nusd,
            best=gain,
            champion=champion,
            stages=self.memo.stages,
            rounds=self.rounds,
        )

    @property
    def pace(self) -> Pace:
        return pace_of(self.settings, self.scale)

    def _adapt(self) -> None:
        """Asks the evidence how large effects are, every few rounds."""
        if self.settings.adapts and self.edits and self.rounds % ADAPT_EVERY == 0:
            self.model.adapt()
            if self.memo.evaluations >= ADAPT_AFTER:
                self.scale = self.model.prior_sd

    async def _begin(self, *, keep: int) -> None:
        """Takes in what the incumbent has answered, and reflects on it."""
        self._queue = [*self.begins_with]
        answers = await self.memo.score([(self.task.prompt, item) for item in self.begins_with], keep=keep)
        self._take_in([[()] for _ in answers], self._queue, [[answer] for answer in answers])
        await self._reflect((), is_stuck=False, keep=keep)

    def _follow(self) -> None:
        """The leader, be it the incumbent, takes the champion's place once the model expects more of it. Validation is asked in the end and
        not on the way: evaluations tell edits apart better on train items (decision 80).
        """
        leader = self._leader()
        if self.model.contrast(leader, self.champion_arm)[0] > 0:
            self.champion_arm = leader
            self.champion.follow(self.prompt_of(leader))

    async def meet_incumbent(self, *, keep: int) -> None:
        """Lets the champion meet the incumbent on validation, which takes the place back where it wins or nothing is decided."""
        text, expected = self.champion.prompt, self.model.contrast(self.champion_arm, ())
        self.champion.follow(self.task.prompt)
        if not await self.champion.challenge_expected(text, expected=expected, keep=keep):
            self.champion_arm = ()

    def finalists(self) -> list[Arm]:
        """What the model believes in at the end: the leader, and sets of its surest edits, the smallest first."""
        ranked = self.ranked()
        arms = [self._leader(), *(tuple(sorted(ranked[:size])) for size in self.settings.candidate_sizes)]
        return [arm for arm in dict.fromkeys(map(self._within_contract, arms)) if arm]

    def _keep(self, least: int) -> int:
        """The last look, and each set that would challenge the leader if the race ended here; among few edits there is none."""
        sets = len(self.settings.candidate_sizes) if is_tiny(self.scale) else len({self._leader(), *self.finalists()})
        return least + (sets - 1) * len(self.task.validation)

    def _can_try(self, proposals: int, *, keep: int) -> bool:
        return self.memo.can_afford(evaluations_to_try(proposals, self.pace, self.scale), keep=self._keep(keep))

    async def _round(self, *, keep: int) -> Arm:
        """Evaluates some arms on each of the next items, and learns from it. Returns the arm that led before the round."""
        self.rounds += 1
        items = self._next_items()
        arms = self._choose_arms(len(items))
        prompts = {arm: self.prompt_of(arm) for arm in dict.fromkeys(arm for own in arms for arm in own)}
        asked = [(prompts[arm], item) for item, own in zip(items, arms, strict=True) for arm in own]
        answers = iter(await self.memo.score(asked, keep=self._keep(keep)))
        self._learn(arms, items, [[next(answers) for _ in own] for own in arms])
        return arms[0][0]

    def _learn(self, arms: list[list[Arm]], items: list[Item], answers: list[list[Scored]]) -> None:
        pairs = [(all_of[own.index(())].score, all_of[0].score) for own, all_of in zip(arms, answers, strict=True)]
        self._leads.append(np.array([new - old for old, new in pairs]))
        self.met_first += [pair for pair, item in zip(pairs, items, strict=True) if not self.model.has_met(item.id)]
        self._take_in(arms, items, answers)

    def _take_in(self, arms: list[list[Arm]], items: list[Item], answers: list[list[Scored]]) -> None:
        for item, own, all_of in zip(items, arms, answers, strict=True):
            if self.guard.is_shown_to_proposers(item):
                self.recent.add(item, all_of)
            self.model.observe(item.id, own, [answer.score for answer in all_of])
        self.model.update()
        self.observations = self.model.observations()

    def _alive(self) -> list[int]:
        return [number for number in range(len(self.edits)) if number not in self.dead]

    def _leader(self) -> Arm:
        """The combination of all edits that are believed in. Nothing is returned for that alone."""
        mean, sd = self.model.mean, self.model.sd
        return self._within_contract(self._one_format(self._believed(), mean / sd))

    def _believed(self) -> list[int]:
        """Living edits that do more good than harm by the mean. What came of comments has to be sure of it (decision 51): anybody may
        write a comment, and no failure asked for such a line. Draws ask no more of it than of any other, so it can become sure.
        """
        mean, sd, sure = self.model.mean, self.model.sd, self.settings.heard_above_z
        return [number for number in self._alive() if mean[number] > (sure * sd[number] if self.themes.get(number) else 0)]

    def _one_format(self, numbers: list[int], worth: Array) -> Arm:
        """Without all lines about the form of the answer but the best. Two of them repeat or contradict each other: together they would
        hide what each does, and a good one would be dropped for the company it kept.
        """
        formats = [number for number in numbers if self.edits[number].section == "format"]
        formats.sort(key=lambda number: (-float(worth[number]), number))
        return tuple(number for number in numbers if number not in formats[1:])

    def _choose_arms(self, items: int) -> list[list[Arm]]:
        """For each item the leader, the incumbent, and Thompson draws of its own; equal ones once. With the same draws for all items of a
        round, a round could tell apart no more edits than it had draws (decision 71).

        The incumbent stays when the champion is another (decision 51): among combinations that all hold what the champion holds, lines
        that do nothing look as good as those that carry it.
        """
        always: list[Arm] = [self._leader(), ()]
        if not self.edits:
            return [list(dict.fromkeys(always))] * items
        alive, count = self._alive(), self.pace.arms - len(always)
        draws = self.model.draw(self.rng, count * items)
        arms = [self._within_contract(self._one_format([number for number in alive if draw[number] > 0], draw)) for draw in draws]
        return [list(dict.fromkeys([*always, *arms[n * count : (n + 1) * count]])) for n in range(items)]

    def _within_contract(self, arm: Arm) -> Arm:
        """The combination without its least sure edits, until the whole keeps the contract that each edit alone keeps."""
        worth = self.model.mean
        while arm and breach(self.task.contract, self.task.prompt, self.prompt_of(arm)) is not None:
            least = min(arm, key=lambda number: (float(worth[number]), number))
            arm = tuple(number for number in arm if number != least)
        return arm

    def _next_items(self) -> list[Item]:
        """The next train items, in an order that is shuffled anew each time all have had their turn."""
        count = self.pace.items
        if len(self._queue) < count:
            order, first = [self.task.train[index] for index in self.rng.permutation(len(self.task.train))], self._queue
            self._queue = [*first, *(item for item in order if item not in first)]
        items, self._queue = self._queue[:count], self._queue[count:]
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
        if len(undecided) >= self.pace.undecided_cap:
            old = [number for number in undecided if self.observations[number] >= self.settings.retire_after_observations]
            self.dead.update(sorted(old, key=lambda number: (float(mean[number]), number))[:2])

    async def _reflect(self, leader: Arm, *, is_stuck: bool, keep: int) -> None:
        """Asks for as many edits as the evaluations so far have earned, at once, and lets in what the guard lets in.

        One in any case where a round bought nothing. None where too little is left to try it (decision 81), unless it is the first.
        """
        earned = self.memo.evaluations // self.pace.evaluations_per_proposal + AHEAD - self.memo.proposals
        wanted = min(earned, self.pace.undecided_cap - len(self._undecided()))
        if self.edits and not self._can_try(wanted, keep=keep):
            return
        prompt = self.prompt_of(self._to_be_rewritten(leader) if self.steadiness.rewords else leader)
        reflections = [
            Reflection(number=self.memo.proposals + offset, prompt=prompt, failed=shown.failed, right=shown.right)
            for offset in range(max(int(is_stuck), wanted))
            if (shown := self.recent.choose(self.rng)) is not None
        ]
        for proposal in await self.memo.propose(reflections):
            self._answers += 1
            self.steadiness.note(self._take(proposal, prompt))
        self.model.add_edits(self.sources[len(self.model.mean) :])

    def _to_be_rewritten(self, leader: Arm) -> Arm:
        """The leader's surest edits and no more, for one who gives back the whole prompt in other words (decision 51).

        Each line that comes back unrecognised may be a new one: with every hopeful line in it, hardly a rewriting can be taken apart.
        """
        mean, sd, s = self.model.mean, self.model.sd, self.settings
        sure = [number for number in leader if mean[number] > s.rewritten_above_z * sd[number]]
        sure.sort(key=lambda number: (-float(mean[number] / sd[number]), number))
        return tuple(sorted(sure[: s.rewritten_edits_most]))

    def _revive(self, number: int) -> None:
        """Who proposes an edit again speaks for it: one that was dropped gets another chance, once."""
        if number in self.dead and number not in self._revived:
            self._revived.add(number)
            self.dead.discard(number)

    def _take(self, proposal: Proposal, prompt: str) -> str:
        """Lets in what may enter. Returns what the reflection came to, for `Steadiness`."""
        edits, reworded = proposal.edits, False
        if proposal.rewritten is not None:
            own = frozenset(lines_of(self.task.prompt))
            difference = differences(prompt, proposal.rewritten, own_lines=own, likeness=self._likeness)
            if difference.is_opaque:
                return "opaque"
            edits = (*edits, *difference.edits)
            reworded = 2 * difference.reworded > len(lines_of(prompt))
        reasons = [self._admit(edit) for edit in edits]
        return "reworded" if reworded else "new" if None in reasons else "nothing"

    def _admit(self, edit: Edit) -> str | None:
        contract, prompt = self.task.contract, self.task.prompt
        reason = breach(contract, prompt, render(prompt, [edit], locked=contract.locked)) or self.guard.refusal(edit)
        if reason is None and (twin := self._paraphrased(edit)) is not None:
            reason = "says in other words what is there"
            self._revive(twin)
        if reason is not None:
            if reason == "duplicate":
                self._revive(self.guard.twin(edit))
            self.rejected.append(Rejected(edit=edit, reason=reason))
            return reason
        self.guard.remember(edit)
        self._likeness.learn(edit.text or edit.line)
        self.edits.append(edit)
        self.observations.append(0)
        self.sources.append(self._answers)
        return None

    def _paraphrased(self, edit: Edit) -> int | None:
        """Which edit says the same in other words. Credit is not split over two of them (SCIENCE section 3).

        Sentences alone are compared: definitions and rules with words in quotes differ in just those words.
        """
        if edit.section != "rules" or edit.operation != "add" or '"' in edit.text:
            return None
        alike = [
            (self._likeness.between(edit.text, other.text), -number) for number, other in enumerate(self.edits) if other.section == "rules"
        ]
        value, number = max(alike, default=(0.0, 0))
        return -number if value >= SAME_MEANING else None

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
