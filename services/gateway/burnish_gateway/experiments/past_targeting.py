"""How many of the newest calls meet the condition of an experiment: who would have taken part (PRODUCT X1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from burnish_gateway.experiments import traffic_store
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.running import WORDS
from burnish_gateway.experiments.traffic import DAYS
from burnish_shared.db.session import Tx
from burnish_shared.expressions import ExpressionError, Node, holds, parse
from burnish_shared.sandbox.outcome import Plain

LOOKED_AT: Final = 500
"""The newest calls: a share of a tenth is then known to ±3 points."""

KEPT: Final = tuple(word for word in WORDS if word not in ("stream", "model", "language"))
"""What an execution's record knows of the words of a condition: not whether its answer was streamed, which model the caller named (it has
the one that answered), nor which of its messages the caller gave, whose language it is."""


@dataclass(frozen=True, slots=True)
class Targeted:
    """Of `calls` whose content is kept, `meet` meet the condition. `part`: of the units among them, those with such a call."""

    calls: int
    meet: int
    part: float


async def targeted(tx: Tx, experiment: Experiment, *, now: datetime) -> Targeted | None:
    """None: there is no condition, or the record of a call does not tell whether it holds."""
    if not experiment.targeting:
        return None
    try:
        tree = parse(experiment.targeting, names=KEPT)
    except ExpressionError:
        return None
    calls = traffic_store.Calls(
        experiment.workspace_id, experiment.slug, experiment.label, experiment.unit, since=now - timedelta(days=DAYS), most=LOOKED_AT
    )
    rows = await traffic_store.said(tx, calls)
    meet = [row["unit"] for row in rows if _meets(tree, dict(row))]
    units = {row["unit"] for row in rows if row["unit"] is not None}
    if not rows:
        return None
    return Targeted(len(rows), len(meet), len(units & set(meet)) / len(units) if units else 0.0)


def _meets(tree: Node, row: Mapping[str, Any]) -> bool:
    """As `take_part`: what cannot be told of a call does not hold."""
    words: dict[str, Plain] = {
        "variables": row["variables"], "metadata": row["metadata"], "user_id": row["end_user"], "session_id": row["session_id"],
        "app": row["app"], "background": row["lane"] == "background",
    }  # fmt: skip
    try:
        return holds(tree, words)
    except ExpressionError:
        return False
