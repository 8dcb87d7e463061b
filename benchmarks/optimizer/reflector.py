"""Who reflects in the made-up world: it sees a prompt and failing items, and now and then has the right idea.

`change` gives the change as such, `rewritten` the whole prompt with the change done, as a model gives it that cannot be asked for edits.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.optimizer.world import DISTRACTORS, PREVALENCES, Case, World


@dataclass(frozen=True, slots=True)
class Change:
    added: tuple[str, ...] = ()
    lost: str | None = None
    reworded: tuple[str, str] | None = None


@dataclass(slots=True)
class Reflector:
    world: World
    seed: int

    def change(self, prompt: str, failing: Sequence[Case], number: int) -> Change:
        self.world.reflections += 1
        dice = random.Random(f"{self.world.seed}/{self.seed}/reflect/{number}")
        kind, roll = self.world.kind, dice.random()
        if roll < kind.reveals:
            return self._reveal(prompt, failing, dice)
        roll -= kind.reveals
        if roll < kind.distracts:
            return Change(added=(self._say(("distractor", dice.randrange(DISTRACTORS)), dice),))
        roll -= kind.distracts
        if roll < kind.loses:
            lines = self.world.lines(prompt)
            return Change(lost=dice.choice(lines)) if lines else Change()
        roll -= kind.loses
        if roll < kind.memorises:
            case = dice.choice(failing)
            line = f"{' '.join(case.input.split()[:9])} means {case.expected}."
            return Change(added=(self.world.wordings.remember(line, ("memo", case.number)),))
        return self._reword(prompt, dice)

    def rewritten(self, prompt: str, change: Change, number: int) -> str:
        """The whole prompt after the change; in the world that re-words whole prompts, all in other words."""
        dice = random.Random(f"{self.world.seed}/{self.seed}/rewrite/{number}")
        lines = [line for line in self.world.lines(prompt) if line != change.lost]
        if change.reworded:
            lines = [change.reworded[1] if line == change.reworded[0] else line for line in lines]
        if self.world.kind.rewords == "whole":
            lines = [self._other(line, dice) for line in lines]
        for line in change.added:
            lines.insert(dice.randrange(min(2, len(lines)), len(lines) + 1), line)
        return "\n".join(lines)

    def _reveal(self, prompt: str, failing: Sequence[Case], dice: random.Random) -> Change:
        case = dice.choice(failing)
        missing = list(range(len(PREVALENCES))) if self.world.kind.nothing_to_gain else self.world.missing(prompt, case)
        if not missing:
            return self._reword(prompt, dice)
        found = dice.sample(missing, min(len(missing), dice.randint(1, self.world.kind.rules_a_call)))
        return Change(added=tuple(self._say(("rule", k), dice) for k in found))

    def _reword(self, prompt: str, dice: random.Random) -> Change:
        lines = self.world.lines(prompt)
        if not lines:
            return Change()
        line = dice.choice(lines)
        return Change(reworded=(line, self._other(line, dice)))

    def _say(self, meaning: tuple[str, int], dice: random.Random) -> str:
        wordings = self.world.wordings
        return wordings.usual(meaning) if self.world.kind.rewords == "never" else wordings.another(meaning, dice)

    def _other(self, line: str, dice: random.Random) -> str:
        """The same in other words. A memorised item stays as it is: it is its words."""
        meaning = self.world.wordings.means(line)
        if meaning is None or meaning[0] == "memo":
            return line
        if meaning[0] == "intro":
            return self.world.wordings.remember(f"{line.rstrip('.')} {dice.choice(('please', 'now', 'here', 'always'))}.", meaning)
        return self.world.wordings.another(meaning, dice)
