"""The search as one call: look whether there is headroom, let a method find a better prompt, confirm it on validation."""

from typing import Final

import numpy as np

from burnish_optimizer.search.compression import Compression
from burnish_optimizer.search.evolution import Evolution
from burnish_optimizer.search.gate import Verdict, gain_gate, shorter_gate
from burnish_optimizer.search.manual import FewShot, Manual, Nearest, Tuning
from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.patch_racing import Racing
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.reflective import Reflective
from burnish_optimizer.search.task import Budget, EditsSoFar, Evaluate, Propose, Report, SearchResult, Settings, Task
from burnish_optimizer.search.trial import Trial
from burnish_shared.search_budget import evaluations_of_last_look, evaluations_to_confirm

DEFAULTS: Final = Settings()
RACING: Final = Racing()
HEADROOM_BLOCK: Final = 12
Method = Racing | Reflective | Evolution | Manual | FewShot | Nearest | Tuning | Compression


async def optimize(
    task: Task,
    *,
    evaluate: Evaluate,
    propose: Propose,
    budget: Budget,
    rng: np.random.Generator,
    settings: Settings = DEFAULTS,
    method: Method = RACING,
    report: Report | None = None,
    so_far: EditsSoFar | None = None,
) -> SearchResult:
    """Searches a better prompt. Without a method, by patch racing (SCIENCE section 3).

    Pure apart from the two callables: the same task, budget, settings, method, dice and answers give the same sequence of questions and
    the same result, in whatever order answers arrive. So a search that was cut off is resumed by running it again over the answers that
    are kept. The budget is never passed. What `evaluate` or `propose` raise comes out unchanged; `so_far` then tells of its edits.
    """
    memo = Memo(evaluate=evaluate, propose=propose, budget=budget)
    trial = Trial.of(task, memo, rng=rng, settings=settings, report=report, so_far=so_far)
    (reason, candidate), race = await _search(trial, method)
    return SearchResult(
        finish_reason=reason,
        candidate=candidate,
        evaluations=memo.evaluations,
        proposals=memo.proposals,
        rounds=race.rounds if race else trial.rounds,
        spent_nusd=memo.spent_nusd,
        effects=candidate.effects if candidate else trial.so_far.effects(),
        rejected=tuple(trial.rejected),
        generations=tuple(trial.generations),
        tried=trial.tried.told(leader=trial.champion.prompt, chosen=candidate.prompt if candidate else None),
        themes=tuple(trial.themes),
        notes=tuple(trial.notes),
        stages=memo.stages,
    )


async def _search(trial: Trial, method: Method) -> tuple[Verdict, Race | None]:
    settings, task = trial.settings, trial.task
    anchors = sum(item.is_anchor for item in (*task.train, *task.validation))
    least = evaluations_to_confirm(len(task.validation), candidates=len(settings.candidate_sizes)) + 2 * anchors
    if min(len(task.train), len(task.validation)) < settings.min_items or not trial.memo.can_afford(settings.headroom_items, keep=least):
        return ("not_enough_data", None), None
    if not isinstance(method, Compression) and await _has_no_headroom(trial):
        return ("no_headroom", None), None
    keep = evaluations_of_last_look(len(task.validation)) + 2 * anchors  # a race keeps more once it has more sets to look at
    if isinstance(method, Racing):
        return await method.run(trial, keep=keep)
    await method.search(trial, keep=keep)
    if isinstance(method, Compression):
        return await shorter_gate(trial, margin=method.margin), None
    return await gain_gate(trial), None


async def _has_no_headroom(trial: Trial) -> bool:
    """Whether the incumbent is right so often that a search cannot pay. Looks no further once it fails too often for that."""
    order = [trial.task.train[index] for index in trial.rng.permutation(len(trial.task.train))[: trial.settings.headroom_items]]
    lost, bearable = 0.0, (1 - trial.settings.ceiling) * len(order)
    for start in range(0, len(order), HEADROOM_BLOCK):
        answers = await trial.memo.score([(trial.task.prompt, item) for item in order[start : start + HEADROOM_BLOCK]])
        trial.begins_with = tuple(order[: start + HEADROOM_BLOCK])
        lost = round(lost + sum(1 - answer.score for answer in answers), 9)
        if lost > bearable:
            return False
    return True
