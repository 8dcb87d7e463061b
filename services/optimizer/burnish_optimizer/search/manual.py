"""Candidates that are given: people's own texts, combinations of settings, sets of examples. They race as they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish_optimizer.search.few_shot import with_examples
from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.task import Item
from burnish_optimizer.search.trial import Trial
from burnish_optimizer.search.tried import Section
from burnish_optimizer.search.whole import WholeRace
from burnish_shared.prompt_contract import breach


@dataclass(frozen=True, slots=True)
class Manual:
    """Each text meets the champion, in the order given."""

    candidates: tuple[str, ...]

    async def search(self, trial: Trial, *, keep: int) -> None:
        race = _race(trial)
        texts = [text for text in dict.fromkeys(self.candidates) if race.may_enter(text, trial.task.prompt)]
        for text in texts:
            await _meet(race, [text], keep=keep)
            await trial.say()


@dataclass(frozen=True, slots=True)
class Tuning:
    """Settings, tool descriptions, steps of a chain: one choice after the other, each tried with the best of all others.

    The task's prompt is `document(choices)` of what is in force; `evaluate` gets such a document and reads the choices from it.
    """

    space: Mapping[str, tuple[Any, ...]]
    sweeps: int = 2

    async def search(self, trial: Trial, *, keep: int) -> None:
        race = _race(trial)
        for _ in range(self.sweeps):
            before = trial.champion.prompt
            for name, values in self.space.items():
                now = json.loads(trial.champion.prompt)
                await _meet(race, [document(now | {name: value}) for value in values], keep=keep, section="settings")
                await trial.say()
            if trial.champion.prompt == before:
                return


@dataclass(frozen=True, slots=True)
class FewShot:
    """Sets of training items as examples, drawn so that labels are spread; only where the workspace allows examples."""

    examples: int = 4
    sets: int = 12

    async def search(self, trial: Trial, *, keep: int) -> None:
        task = trial.task
        if not task.examples_allowed:
            trial.notes.append("examples are not allowed in this workspace")
            return
        pool = [item for item in task.train if not item.is_open and trial.guard.may_be_shown(item)]
        if not pool:
            trial.notes.append(
                "no train item may be shown as an example: each has no right answer, or an address, a secret, an order or a placeholder"
            )
            return
        texts = []
        for _ in range(self.sets):
            order = [pool[index] for index in trial.rng.permutation(len(pool))]
            texts.append(with_examples(task.prompt, chosen_examples(order, self.examples)))
        reasons = {text: breach(task.contract, task.prompt, text) for text in texts}
        if refused := sorted({reason for reason in reasons.values() if reason is not None}):
            few = sum(reasons[text] is not None for text in texts)
            trial.notes.append(
                f"{few} of {len(texts)} sets of examples were not tried, because the prompt with them {' or '.join(refused)}"
            )
        race = _race(trial)
        for number, text in enumerate(texts, start=1):
            if reasons[text] is not None:
                continue
            # Their words are of items: they stand in the dataset, and are taken out there where somebody asks for it.
            shown = f"Set {number} of {len(texts)}: {min(self.examples, len(pool))} train items as examples"
            await _meet(race, [text], keep=keep, section="examples", shown=shown)
            await trial.say()


@dataclass(frozen=True, slots=True)
class Nearest:
    """How many of the nearest examples help most. The task's prompt is `document({"examples": 0})`; `evaluate` chooses for each item."""

    counts: tuple[int, ...] = (1, 2, 4, 8)

    async def search(self, trial: Trial, *, keep: int) -> None:
        if not trial.task.examples_allowed:
            trial.notes.append("examples are not allowed in this workspace")
            return
        race = _race(trial)
        for count in self.counts:
            await _meet(race, [document({"examples": count})], keep=keep, section="settings")
            await trial.say()


def chosen_examples(order: Sequence[Item], count: int) -> tuple[Item, ...]:
    """So many of these items, one of each label first."""
    spread = {item.expected: item for item in order}
    return tuple(dict.fromkeys([*spread.values(), *order]))[:count]


def document(choices: Mapping[str, Any]) -> str:
    """The one spelling of a set of choices, so that the same choices are the same candidate."""
    return json.dumps(choices, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _race(trial: Trial) -> WholeRace:
    return WholeRace(trial.task, trial.memo, trial.rng, trial.settings, trial.champion, trial.guard, trial.rejected, trial.tried)


async def _meet(race: WholeRace, texts: list[str], *, keep: int, section: Section = "whole", shown: str | None = None) -> None:
    try:
        await race.meet([text for text in texts if text != race.champion.prompt], keep=keep, section=section, shown=shown)
    except OutOfBudget:
        return
