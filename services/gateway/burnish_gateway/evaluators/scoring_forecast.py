"""What it will about cost to score so many past executions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_gateway.evaluators import scoring_store
from burnish_gateway.optimization.forecast import JUDGEMENT_TOKENS_USUAL, Judging
from burnish_shared.contracts.evaluators import EvaluatorSettings, Jury, LlmJudge, Toxicity, models_of
from burnish_shared.contracts.executions import Route, Usage
from burnish_shared.db import model_store, route_store
from burnish_shared.db.session import Tx
from burnish_shared.evaluators.judges import as_judge
from burnish_shared.evaluators.judging import JUDGED_MOST
from burnish_shared.pricing import plain_cost_nusd, with_markup
from burnish_shared.tokens import BYTES_PER_TOKEN

MEASURED_MOST: Final = 100
"""So many of the newest are measured, where nothing is known of what scores cost."""


@dataclass(frozen=True, slots=True)
class Expected:
    nusd: int
    basis: Literal["free", "scores", "texts"]
    simulated: bool


async def expected_cost(
    tx: Tx, workspace_id: UUID, settings: EvaluatorSettings, *, evaluator_id: UUID, version: int, to_score: Sequence[Record]
) -> Expected:
    """By what scores of this version cost, else by the length of the texts. A model that nobody can call costs nothing."""
    routes = [route for name in models_of(settings) if (route := await _route(tx, workspace_id, name)) is not None]
    simulated = any(one.simulated for one in routes) or any(one["simulated"] for one in to_score)
    if not models_of(settings) or not to_score:
        return Expected(0, "free" if not models_of(settings) else "texts", simulated)
    mean = await scoring_store.cost_of_score(tx, evaluator_id, version)
    if mean is not None:
        return Expected(ceil(mean * len(to_score)), "scores", simulated)
    lengths = await scoring_store.lengths_of(tx, [one["execution_id"] for one in to_score[:MEASURED_MOST]])
    if lengths is None:
        raise RuntimeError("an average returned no row")
    return Expected(sum(_each_nusd(settings, one, lengths) for one in routes) * len(to_score), "texts", simulated)


def _each_nusd(settings: EvaluatorSettings, route: Route, lengths: Record) -> int:
    """What one answer of this length costs to judge, with an answer of the judge as it usually is."""
    judge = as_judge(settings, model=route.model) if isinstance(settings, Toxicity) else settings
    sees = judge.sees if isinstance(judge, LlmJudge | Jury) else []
    read = lengths["output"] + (lengths["messages"] if "input" in sees else 0) + (lengths["variables"] if "variables" in sees else 0)
    price = with_markup(route.price, percent=route.markup_percent if route.keys == "platform" else 0)
    input_tokens = Judging.of(judge, price=price).rubric_tokens + min(read, JUDGED_MOST) // BYTES_PER_TOKEN
    return plain_cost_nusd(Usage(input_tokens=input_tokens, output_tokens=JUDGEMENT_TOKENS_USUAL, source="estimated"), price)


async def _route(tx: Tx, workspace_id: UUID, name: str) -> Route | None:
    facts = await model_store.find_model(tx, name)
    return None if facts is None else await route_store.find_route(tx, workspace_id, facts)
