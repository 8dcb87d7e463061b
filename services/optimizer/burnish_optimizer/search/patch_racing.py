"""The search as one call: look whether there is headroom, race, confirm the best on validation."""

from typing import Final

import numpy as np

from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.race import Race
from burnish_optimizer.search.task import Budget, Candidate, Evaluate, FinishReason, Propose, Report, SearchResult, Settings, Task
from burnish_optimizer.stats import discordance, mcnemar_one_sided
from burnish_shared.search_budget import evaluations_to_confirm

DEFAULTS: Final = Settings()


async def optimize(
    task: Task,
    *,
    evaluate: Evaluate,
    propose: Propose,
    budget: Budget,
    rng: np.random.Generator,
    settings: Settings = DEFAULTS,
    report: Report | None = None,
) -> SearchResult:
    """Searches a better prompt by patch racing (SCIENCE section 3).

    Pure apart from the two callables: the same task, budget, settings, dice and answers give the same sequence of questions and the same
    result, in whatever order answers arrive. So a search that was cut off is resumed by running it again over the answers that are kept.
    The budget is never passed. What `evaluate` or `propose` raise comes out unchanged.
    """
    memo = Memo(evaluate=evaluate, propose=propose, budget=budget)
    race = Race(task=task, memo=memo, rng=rng, settings=settings)
    reason, candidate = await _search(race, report=report)
    return SearchResult(
        finish_reason=reason,
        candidate=candidate,
        evaluations=memo.evaluations,
        proposals=memo.proposals,
        rounds=race.rounds,
        spent_nusd=memo.spent_nusd,
        effects=candidate.effects if candidate else race.effects(),
        rejected=tuple(race.rejected),
        stages=memo.stages,
    )


async def _search(race: Race, *, report: Report | None) -> tuple[FinishReason, Candidate | None]:
    settings, task = race.settings, race.task
    keep = evaluations_to_confirm(len(task.validation), candidates=len(settings.candidate_sizes))
    if min(len(task.train), len(task.validation)) < settings.min_items or not race.memo.can_afford(settings.headroom_items, keep=keep):
        return "not_enough_data", None
    if await _has_no_headroom(race):
        return "no_headroom", None
    reason = await race.run(keep=keep, report=report)
    if reason == "nothing_to_gain":
        return reason, None
    return await _confirm(race)


async def _has_no_headroom(race: Race) -> bool:
    """Whether the incumbent is right so often that a search cannot pay."""
    order = race.rng.permutation(len(race.task.train))[: race.settings.headroom_items]
    answers = await race.memo.score([(race.task.prompt, race.task.train[index]) for index in order])
    return sum(answer.score for answer in answers) >= race.settings.ceiling * len(answers)


async def _confirm(race: Race) -> tuple[FinishReason, Candidate | None]:
    """Lets the champion meet the sets that the model believes in, and the winner the incumbent on all validation items.

    The gate is deliberately low (one-sided McNemar p ≤ confirm_p): it saves looks at the test split, it proves nothing.
    """
    for arm in race.finalists():
        await race.challenge(arm, keep=2 * len(race.task.validation))
    prompt, arm = race.champion.prompt, race.champion_arm
    if prompt == race.task.prompt:
        return "nothing_found", None
    try:
        baseline, scores = await _on_validation(race, race.task.prompt), await _on_validation(race, prompt)
    except OutOfBudget:
        return "nothing_found", None
    cells = discordance([score >= 1 for score in baseline], [score >= 1 for score in scores])
    if sum(scores) <= sum(baseline) or mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken) > race.settings.confirm_p:
        return "not_confirmed", None
    return "confirmed", Candidate(prompt=prompt, effects=race.effects(arm), baseline_scores=baseline, scores=scores)


async def _on_validation(race: Race, prompt: str) -> tuple[float, ...]:
    return tuple(answer.score for answer in await race.memo.score([(prompt, item) for item in race.task.validation]))
