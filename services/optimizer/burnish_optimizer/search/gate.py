"""The last look before test: the champion against the incumbent on all validation items. It saves looks, it proves nothing."""

from collections.abc import Sequence

import numpy as np

from burnish_optimizer.search.memo import OutOfBudget
from burnish_optimizer.search.task import Candidate, Effect, FinishReason
from burnish_optimizer.search.trial import Trial
from burnish_optimizer.stats import (
    Interval,
    discordance,
    mcnemar_one_sided,
    newcombe_interval,
    optimism,
    sign_flip_one_sided,
    steadied_interval,
)
from burnish_shared.prompt_contract import breach, tokens_in

Verdict = tuple[FinishReason, Candidate | None]


async def gain_gate(trial: Trial, effects: tuple[Effect, ...] = (), *, met_first: Sequence[tuple[float, float]] = ()) -> Verdict:
    """Better on validation, with p ≤ confirm_p one-sided, and no anchor lost.

    `met_first`: what incumbent and leader of the moment scored on train items that neither had met before. Where a proof follows
    (`confirms_by_train`), validation and these together may be as sure (decision 54); without more right answers on validation nothing is.
    """
    found = await _both(trial)
    if found is None:
        return "nothing_found", None
    baseline, scores = found
    if sum(scores) <= sum(baseline) or not _is_sure(trial, baseline, scores, met_first):
        return "not_confirmed", None
    luck = optimism(trial.memo.answered(trial.task.validation), rng=np.random.Generator(np.random.PCG64(0)))
    return await _anchored(trial, Candidate(trial.champion.prompt, effects, baseline, scores, luck))


async def shorter_gate(trial: Trial, *, margin: float) -> Verdict:
    """Fewer tokens, and with 95 % confidence not worse on validation by more than the margin."""
    found = await _both(trial)
    if found is None or tokens_in(trial.champion.prompt) >= tokens_in(trial.task.prompt):
        return "nothing_found", None
    baseline, scores = found
    if interval(baseline, scores).low <= -margin:
        return "not_confirmed", None
    return await _anchored(trial, Candidate(trial.champion.prompt, (), baseline, scores))


def p_value(baseline: tuple[float, ...], scores: tuple[float, ...]) -> float:
    """McNemar for right and wrong, a sign-flip test for scores in between."""
    if all(score in (0.0, 1.0) for score in (*baseline, *scores)):
        cells = discordance([score >= 1 for score in baseline], [score >= 1 for score in scores])
        return mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken)
    return sign_flip_one_sided(baseline, scores, rng=np.random.Generator(np.random.PCG64(0)))


def interval(baseline: tuple[float, ...], scores: tuple[float, ...]) -> Interval:
    """Of the difference, at 95 %, for who asks whether nothing was lost: Newcombe's for right and wrong, else `steadied_interval`."""
    if all(score in (0.0, 1.0) for score in (*baseline, *scores)):
        return newcombe_interval(discordance([score >= 1 for score in baseline], [score >= 1 for score in scores]))
    return steadied_interval(baseline, scores, rng=np.random.Generator(np.random.PCG64(0)))


def _is_sure(trial: Trial, baseline: tuple[float, ...], scores: tuple[float, ...], met_first: Sequence[tuple[float, float]]) -> bool:
    """By validation alone, or by it and the train items that no leader had been chosen by."""
    most = trial.settings.confirm_p
    if p_value(baseline, scores) <= most:
        return True
    if not trial.settings.confirms_by_train:
        return False
    return p_value((*baseline, *(old for old, _ in met_first)), (*scores, *(new for _, new in met_first))) <= most


async def _both(trial: Trial) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    prompt, task = trial.champion.prompt, trial.task
    if prompt == task.prompt or breach(task.contract, task.prompt, prompt) is not None:
        return None
    try:
        answers = await trial.memo.score([(text, item) for item in task.validation for text in (task.prompt, prompt)])
    except OutOfBudget:
        return None
    return tuple(one.score for one in answers[::2]), tuple(one.score for one in answers[1::2])


async def _anchored(trial: Trial, candidate: Candidate) -> Verdict:
    """Anchors that the incumbent gets right stay right, in train and validation."""
    anchors = [item for item in (*trial.task.train, *trial.task.validation) if item.is_anchor]
    try:
        answers = await trial.memo.score([(text, item) for item in anchors for text in (trial.task.prompt, candidate.prompt)])
    except OutOfBudget:
        return "not_confirmed", None
    lost = [item.id for item, old, new in zip(anchors, answers[::2], answers[1::2], strict=True) if new.score < old.score]
    if lost:
        trial.notes.append(f"the best candidate loses {len(lost)} anchor items, the first is {lost[0]}")
        return "not_confirmed", None
    return "confirmed", candidate
