"""What would be returned now. While edits race it follows what the model expects (decision 80); in the end, and where no model expects
anything, it changes by validation, never against it (decisions 51 and 54)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy.special import betainc, ndtr

from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.task import Settings, Task


def chance_to_win(fixed: int, broken: int) -> float:
    """P(more than half of the differing answers are for the challenger), after a flat prior."""
    return round(1 - float(betainc(fixed + 1, broken + 1, 0.5)), 9)


def chance_to_be_better(differences: Sequence[float], *, expected: tuple[float, float], doubt: float) -> float:
    """P(the mean difference is above 0): what was expected, mean and standard deviation, and what was seen, as two normals.

    One difference of 1 is added to the variance of what was seen: a few items that agree prove little.
    """
    mean, sd = expected
    seen = len(differences)
    before, after = 1 / (sd**2 + doubt**2), seen**2 / (sum(one * one for one in differences) + 1)
    middle = (before * mean + after * sum(differences) / max(1, seen)) / (before + after)
    return round(float(ndtr(middle * (before + after) ** 0.5)), 9)


@dataclass(slots=True)
class Champion:
    """Meets challengers on the validation items, a block at a time, always in the order of the task: most answers are known already."""

    task: Task
    memo: Memo
    settings: Settings
    prompt: str
    lost: set[str] = field(default_factory=set)
    lead: float | None = None
    """By how much its mean score was above the one that it took the place of, on the validation items that both had answered."""

    def follow(self, prompt: str) -> None:
        """Takes the place without a meeting. Nothing is returned for that alone: the last look asks all validation items."""
        self.prompt = prompt

    async def challenge_expected(self, prompt: str, *, expected: tuple[float, float], keep: int) -> bool:
        """Whether this prompt takes the place, by what a model expects of it and by what validation says, together (decision 51).

        `expected`: by how much its score is above the champion's, and the standard deviation. None wins against what was seen.
        """
        if prompt == self.prompt or prompt in self.lost:
            return False
        s, items = self.settings, self.task.validation
        differences: list[float] = []
        for start in range(0, len(items), s.expected_block):
            block = items[start : start + s.expected_block]
            try:
                answers = await self.memo.score([(text, item) for item in block for text in (self.prompt, prompt)], keep=keep)
            except OutOfBudget:
                return False
            differences += [new.score - old.score for old, new in zip(answers[::2], answers[1::2], strict=True)]
            chance, by = chance_to_be_better(differences, expected=expected, doubt=s.expected_doubt), sum(differences)
            if chance < s.challenge_kill:
                break
            if by >= 0 and chance > (s.expected_keep if len(differences) < len(items) else s.challenge_keep - 0.1):
                return self._takes(prompt, by=by / len(differences))
        self.lost.add(prompt)
        return False

    async def challenge(self, prompt: str, *, keep: int) -> bool:
        """Whether this prompt takes the place. Ends early either way; an undecided one that is ahead wins at `challenge_keep` less a tenth.

        Stays with what is where the budget ends.
        """
        if prompt == self.prompt or prompt in self.lost:
            return False
        s, items = self.settings, self.task.validation
        fixed = broken = seen = 0
        gain = 0.0
        for start in range(0, len(items), s.challenge_block):
            block = items[start : start + s.challenge_block]
            try:
                answers = await self.memo.score([(text, item) for item in block for text in (self.prompt, prompt)], keep=keep)
            except OutOfBudget:
                return False
            pairs = list(zip(answers[::2], answers[1::2], strict=True))
            fixed += sum(new.score > old.score for old, new in pairs)
            broken += sum(new.score < old.score for old, new in pairs)
            gain += sum(new.score - old.score for old, new in pairs)
            chance, seen = chance_to_win(fixed, broken), start + len(block)
            if chance < s.challenge_kill and seen >= 2 * s.challenge_block:
                break
            if chance > s.challenge_keep and seen >= 2 * s.challenge_block:
                return self._takes(prompt, by=gain / seen)
        if chance_to_win(fixed, broken) > s.challenge_keep - 0.1:
            return self._takes(prompt, by=gain / max(1, seen))
        self.lost.add(prompt)
        return False

    async def final(self, prompt: str, *, expected: tuple[float, float], keep: int) -> bool:
        """A last challenge, on all items and without an early end: who is more likely better than not takes the place (decision 54).

        `expected` as in `challenge_expected`; nor does anybody win here against what was seen.
        """
        if prompt == self.prompt:
            return False
        try:
            answers = await self.memo.score([(text, item) for item in self.task.validation for text in (self.prompt, prompt)], keep=keep)
        except OutOfBudget:
            return False
        differences = [new.score - old.score for old, new in zip(answers[::2], answers[1::2], strict=True)]
        chance, by = chance_to_be_better(differences, expected=expected, doubt=self.settings.expected_doubt), sum(differences)
        return by >= 0 and chance > 0.5 and self._takes(prompt, by=by / max(1, len(differences)))

    def _takes(self, prompt: str, *, by: float) -> bool:
        self.prompt = prompt
        self.lead = (self.lead or 0.0) + by
        self.lost.clear()
        return True
