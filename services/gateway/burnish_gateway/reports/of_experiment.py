"""What a report says of experiments: one that ended, in full, and those that ended in its time, in a line each."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.experiments import store as experiments_store
from burnish_gateway.experiments.experiment import Experiment, no_such_experiment
from burnish_gateway.experiments.figure_lines import figure_lines
from burnish_gateway.experiments.results import results_of
from burnish_gateway.insights.store import Filters
from burnish_gateway.reports import facts_store
from burnish_gateway.reports.answers import EndedExperiment, ReportedExperiment
from burnish_gateway.reports.target import Target
from burnish_shared.contracts.experiments import Verdict
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

ENDED_MOST: Final = 20


async def ended_experiment(tx: Tx, workspace_id: UUID, name: str | None) -> Experiment:
    """`name`: its id. Raises NotFound, and InvalidField for one that is not over: its figures are still on their way."""
    if not name:
        raise InvalidField("target: name the experiment that the report is about, by its id.", param="target")
    try:
        experiment_id = UUID(name)
    except ValueError as error:
        raise InvalidField("target: is no id of an experiment.", param="target") from error
    experiment = await experiments_store.find(tx, workspace_id, experiment_id)
    if experiment is None:
        raise NotFound(no_such_experiment().message, param="target")
    _ran(experiment)
    return experiment


def _ran(experiment: Experiment) -> tuple[datetime, datetime, Verdict]:
    """When it began, when it ended, and how. Raises InvalidField for one that did not."""
    if experiment.completed_at is None:
        raise InvalidField(f"target: '{experiment.name}' is not over; its page shows how it stands.", param="target")
    if experiment.started_at is None or experiment.verdict is None:
        raise InvalidField(f"target: '{experiment.name}' never ran here; it came as it is with a bundle.", param="target")
    return experiment.started_at, experiment.completed_at, experiment.verdict


def target_of_experiment(experiment: Experiment) -> Target:
    """The figures beside it are those of its prompt."""
    return Target("experiment", str(experiment.experiment_id), Filters(slug=experiment.slug), experiment.name)


def time_of(experiment: Experiment, *, longest: timedelta) -> tuple[datetime, datetime]:
    """When it ran; of one that ran longer than a report looks at, the last part."""
    started_at, completed_at, _ = _ran(experiment)
    end = max(completed_at, started_at + timedelta(seconds=1))
    return max(started_at, end - longest), end


async def told_of(tx: Tx, experiment: Experiment) -> ReportedExperiment:
    """As it was decided."""
    started_at, completed_at, verdict = _ran(experiment)
    days = (completed_at - started_at).total_seconds() / 86_400
    results = await results_of(tx, experiment.workspace_id, experiment, days=days)
    return ReportedExperiment(
        experiment_id=experiment.experiment_id, name=experiment.name, prompt=experiment.slug, label=experiment.label,
        metric=experiment.metric, method=experiment.method, confidence=experiment.settings.confidence, unit=experiment.unit,
        outcome=verdict.outcome, winner=verdict.winner, sentence=verdict.sentence, decided_by=verdict.decided_by, reason=verdict.reason,
        started_at=started_at, completed_at=completed_at, figures=figure_lines(experiment, results),
    )  # fmt: skip


async def ended_between(tx: Tx, start: datetime, end: datetime, *, slug: str | None) -> list[EndedExperiment]:
    """Newest first, at most `ENDED_MOST`."""
    rows = await facts_store.experiments(tx, start=start, end=end, slug=slug, at_most=ENDED_MOST)
    return [EndedExperiment(**dict(row)) for row in rows]
