"""Whether scores come for what an experiment is decided or guarded by: of the version that is meant, and of all arms alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.evaluators import live_store
from burnish_gateway.evaluators import store as evaluators_store
from burnish_gateway.experiments.experiment import Experiment
from burnish_shared.contracts.live_filters import TELLS_ARMS_APART
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.experiments.scored import Scored, scored_of


@dataclass(frozen=True, slots=True)
class Scoring:
    """An evaluator in use, and the live evaluations in use that may take calls of one prompt: their labels and filters."""

    name: str
    version: int
    rules: Sequence[tuple[Sequence[str], dict[str, Any]]]


async def pinned(tx: Tx, metric: str, *, place: str) -> str:
    """The metric with the version of its evaluator written down, so that what counts does not change under way; another metric as it is.
    `place`: the field. Raises InvalidField."""
    scored = scored_of(metric)
    if scored is None:
        return metric
    evaluator = await evaluators_store.find(tx, scored.evaluator_id)
    if evaluator is None or evaluator["archived_at"] is not None:
        raise InvalidField(f"{place}: there is no evaluator {scored.evaluator_id}, or it is archived.", param=place)
    version = evaluator["version"] if scored.version is None else scored.version
    if version > evaluator["version"]:
        raise InvalidField(f"{place}: there is no version {version}; the newest is {evaluator['version']}.", param=place)
    return Scored(scored.evaluator_id, version).metric


async def why_unscored(tx: Tx, metric: str, slug: str, *, experiment_id: UUID | None) -> str:
    """Why no scores come of this metric, or not of all arms alike, as sentences; empty: they come, or it is another metric.

    `experiment_id`: None for one that is not there yet, which no live evaluation can name.
    """
    scored = scored_of(metric)
    if scored is None:
        return ""
    found = await live_store.scoring_of(tx, scored.evaluator_id, slug)
    if not found:
        return f"There is no evaluator {scored.evaluator_id} any more, so no score comes."
    rules = [(row["labels"], row["filters"]) for row in found if row["filters"] is not None]
    return _why(scored, Scoring(found[0]["name"], found[0]["version"], rules), slug, experiment_id=experiment_id)


def _why(scored: Scored, scoring: Scoring, slug: str, *, experiment_id: UUID | None) -> str:
    own = [rule for rule in scoring.rules if rule[1].get("experiment_id") in (None, str(experiment_id))]
    if not own:
        return (
            f"No live evaluation in use of the evaluator '{scoring.name}' takes '{slug}', so no score comes. Make one "
            "(POST /v1/live-evaluations), or let it go on."
        )
    if scored.version not in (None, scoring.version):
        return (
            f"Live evaluations score with version {scoring.version} of '{scoring.name}', and version {scored.version} is meant, of which "
            "no score comes any more. Name the newest."
        )
    apart = next(filter(None, (_apart(labels, filters) for labels, filters in own)), None)
    if apart is not None:  # one is enough: the scores of all of them are added up, whichever rule drew an answer
        return (
            f"A live evaluation of '{scoring.name}' over '{slug}' goes by {' and '.join(apart)}, so that arms are not scored "
            "alike (an answer of an arm has the label only where the label names its version). Take that out of it."
        )
    return ""


def _apart(labels: Sequence[str], filters: dict[str, Any]) -> list[str]:
    return (["labels"] if labels else []) + [name for name in TELLS_ARMS_APART if name in filters]


async def unscored(tx: Tx, experiment: Experiment) -> list[str]:
    """Of what decides and what guards, why no scores come, each once."""
    metrics = dict.fromkeys([experiment.metric, *(one.metric for one in experiment.guardrails)])
    whys = [await why_unscored(tx, one, experiment.slug, experiment_id=experiment.experiment_id) for one in metrics]
    return list(dict.fromkeys(filter(None, whys)))
