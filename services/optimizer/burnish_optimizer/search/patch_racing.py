"""The default method: single edits race in random combinations (SCIENCE section 3), and themes of complaints may sow the first ones."""

import asyncio
from dataclasses import dataclass
from typing import Final

from burnish_optimizer.search.gate import Verdict, gain_gate
from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.semantic import themes
from burnish_optimizer.search.task import Edit, Reflection
from burnish_optimizer.search.trial import SATURATED, Trial
from burnish_optimizer.search.whole import WholeRace
from burnish_shared.prompt_contract import breach

COMMENTS_SHOWN: Final = 8
THEMES_MOST: Final = 6


@dataclass(frozen=True, slots=True)
class Racing:
    """With `comments`, method `semantic`: each cluster of them is given to one reflection, whose edits race like any other.

    `sown`: edits that begin the race, such as lines that helped before (method `learned`).
    """

    comments: tuple[str, ...] = ()
    sown: tuple[Edit, ...] = ()

    async def run(self, trial: Trial, *, keep: int) -> tuple[Verdict, Race]:
        race = Race(trial.task, trial.memo, trial.rng, trial.settings, trial.champion, trial.guard, rejected=trial.rejected)
        race.begins_with = trial.begins_with
        trial.so_far.effects = race.effects
        await self._sow(race, trial)
        race.reason = await race.run(keep=keep, report=trial.report)
        if race.is_saturated:
            trial.notes.append(SATURATED)
        if race.reason == "nothing_to_gain":
            return (race.reason, None), race
        if race.reason == "opaque":
            await race.meet_incumbent(keep=keep)  # a model of edits that cannot be told apart is not believed alone
            race.met_first.clear()  # what leads now is another text than those that met them
            trial.notes.append("the one who proposes re-writes whole prompts: whole prompts raced")
            whole = WholeRace(trial.task, trial.memo, trial.rng, trial.settings, trial.champion, trial.guard, trial.rejected, trial.tried)
            await whole.climb(keep=keep, say=trial.say)
        else:
            await self._finals(race, trial, keep=keep - len(trial.task.validation))
        return await gain_gate(trial, race.effects(race.champion_arm), met_first=race.met_first), race

    async def _finals(self, race: Race, trial: Trial, *, keep: int) -> None:
        """The champion meets the sets that the model believes in, as far as the contract bears them.

        `keep`: what the last look asks besides the winner's answers, which stand by then: the incumbent's, and both on anchors.
        """
        for arm in race.finalists():
            text = race.prompt_of(arm)
            kept = breach(trial.task.contract, trial.task.prompt, text) is None
            expected = race.model.contrast(arm, race.champion_arm)
            if kept and await trial.champion.final(text, expected=expected, keep=keep):
                race.champion_arm = arm

    async def _sow(self, race: Race, trial: Trial) -> None:
        if self.sown:
            race.sow(self.sown)
        if not self.comments:
            return
        found = (await asyncio.to_thread(themes, self.comments))[:THEMES_MOST]
        if not found:
            trial.notes.append("no signal: the comments have no theme in common")
            return
        first = trial.memo.proposals
        asked = [
            Reflection(
                number=first + n,
                prompt=trial.task.prompt,
                failed=(),
                right=(),
                theme=theme.words,
                comments=tuple(self.comments[index] for index in theme.members[:COMMENTS_SHOWN]),
            )
            for n, theme in enumerate(found)
        ]
        trial.themes += found
        try:
            for theme, proposal in zip(found, await trial.memo.propose(asked), strict=True):
                race.sow(proposal.edits[:3], theme=theme.words)
        except OutOfBudget:
            return
