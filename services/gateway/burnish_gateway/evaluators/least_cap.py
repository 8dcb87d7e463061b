"""What a cap must hold at least, so that a judge can be asked at all."""

from typing import Any
from uuid import UUID

from burnish_shared.contracts.evaluators import EvaluatorSettings, Jury, LlmJudge, Toxicity, models_of
from burnish_shared.db import model_store, route_store
from burnish_shared.db.session import Tx
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.evaluators.judges import as_judge
from burnish_shared.evaluators.judging import grading
from burnish_shared.evaluators.verdict import Case


async def least_cap_nusd(tx: Tx, workspace_id: UUID, settings: EvaluatorSettings) -> int:
    """What is held while a judge reads the shortest answer: the dearest judge, where there are several. 0: none that has a price."""
    most = 0
    for name in models_of(settings):
        facts = await model_store.find_model(tx, name)
        route = await route_store.find_route(tx, workspace_id, facts) if facts is not None else None
        if route is not None:
            messages, output_tokens = _shortest(settings)
            most = max(most, hold_nusd(messages, {"max_tokens": output_tokens}, route))
    return most


def _shortest(settings: EvaluatorSettings) -> tuple[list[dict[str, Any]], int]:
    """What a judge is asked of an empty answer, and the most that it may say."""
    judge = as_judge(settings, model=settings.judge) if isinstance(settings, Toxicity) and settings.judge else settings
    if not isinstance(judge, LlmJudge | Jury):
        raise TypeError(f"{settings.kind} asks no judge of one answer")
    return grading(Case(output=""), rubric=judge.rubric, scale=judge.scale, sees=judge.sees), judge.max_tokens
