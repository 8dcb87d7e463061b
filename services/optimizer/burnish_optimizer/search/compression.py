"""A shorter prompt that is not worse by more than a margin (PRODUCT O2): lines and filler words go, one piece at a time."""

import re
from dataclasses import dataclass
from typing import Final

from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.task import Item
from burnish_optimizer.search.trial import Trial
from burnish_optimizer.search.tried import LOSES
from burnish_shared.prompt_contract import breach, tokens_in

FILLERS: Final = (
    "please", "kindly", "very", "really", "basically", "actually", "simply", "in order to", "as well as", "make sure to", "be sure to",
    "it is important that you", "you should always", "note that", "remember that", "carefully", "of course",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compression:
    """`margin` is the loss of quality, as a share of items, that a shorter prompt may have at most, at the confidence of the gate."""

    margin: float = 0.05
    items: int = 40

    async def search(self, trial: Trial, *, keep: int) -> None:
        """Takes pieces away as long as train items do not show a loss; what is left in the end is put to the gate."""
        now = trial.task.prompt
        items = trial.next_items(self.items)
        for _ in range(len(now.split("\n")) + len(FILLERS)):
            try:
                shorter = await self._one_step(trial, now, items, keep=keep)
            except OutOfBudget:
                break
            if shorter is None:
                break
            now = shorter
            await trial.say()
        trial.champion.prompt = now

    async def _one_step(self, trial: Trial, now: str, items: list[Item], *, keep: int) -> str | None:
        """The shortest of the next texts that loses no more than a quarter of the margin: the gate looks at the lower bound."""
        base = await trial.memo.score([(trial.task.prompt, item) for item in items], keep=keep)
        task = trial.task
        for text in shorter_texts(now):
            if breach(task.contract, task.prompt, text) is not None or text in trial.champion.lost:
                continue
            trying = trial.tried.begin(text, against=task.prompt)
            answers = await trial.memo.score([(text, item) for item in items], keep=keep)
            loss = sum(one.score for one in base) - sum(one.score for one in answers)
            if loss <= self.margin * len(items) / 4:
                trying.why = ""
                return text
            trying.why = LOSES
            trial.champion.lost.add(text)
        return None


def shorter_texts(text: str) -> list[str]:
    """The text without one line, or without one filler; the shortest first."""
    lines = text.split("\n")
    options = ["\n".join(lines[:n] + lines[n + 1 :]) for n, line in enumerate(lines) if line.strip()]
    for filler in FILLERS:
        less = re.sub(rf"\b{filler}\b[ ,]*", "to " if filler.endswith(" to") and filler.startswith("in") else "", text, flags=re.I)
        if less != text:
            options.append(less)
    return sorted(dict.fromkeys(options), key=lambda one: (tokens_in(one), one))
