"""The search as one call: look whether there is headroom, race, confirm the best on validation."""

from typing import Final

import numpy as np

from burnish_optimizer.search.memo import Memo, OutOfBudget
from burnish_optimizer.search.race import Arm, Race
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
    """Lets a few sets of the best edits meet the incumbent on all validation items; one must win there, not only in the model.

    The gate is deliberately low (one-sided McNemar p ≤ confirm_p): it saves looks at the test split, it proves nothing.
    """
    ranked = race.ranked()
    arms: list[Arm] = [tuple(sorted(ranked[:size])) for size in race.settings.candidate_sizes]
    arms = [arm for arm in dict.fromkeys(arms) if arm]
    if not arms:
        return "nothing_found", None
    baseline = await _on_validation(race, ())
    tried: list[tuple[float, int, Arm, tuple[float, ...]]] = []
    for arm in arms:
        try:
            scores = await _on_validation(race, arm)
        except OutOfBudget:
            break
        tried.append((sum(scores), -len(arm), arm, scores))
    if not tried:
        return "nothing_found", None
    _, _, arm, scores = max(tried)
    cells = discordance([score >= 1 for score in baseline], [score >= 1 for score in scores])
    if sum(scores) <= sum(baseline) or mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken) > race.settings.confirm_p:
        return "not_confirmed", None
    return "confirmed", Candidate(prompt=race.prompt_of(arm), effects=race.effects(arm), baseline_scores=baseline, scores=scores)


async def _on_validation(race: Race, arm: Arm) -> tuple[float, ...]:
    prompt = race.prompt_of(arm)
    return tuple(answer.score for answer in await race.memo.score([(prompt, item) for item in race.task.validation]))
