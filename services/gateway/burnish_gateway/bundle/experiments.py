"""Moves experiments in and out: drafts as drafts, those that are over with their verdict. One that ran comes in as a draft, and is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle.experiment_form import ExperimentForm
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.experiments import draft, store
from burnish_gateway.experiments.experiment import Experiment
from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.experiments.assign import share_of

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """`refused`: what it names is not here, or something else; a note says what."""

    name: str
    outcome: Literal["created", "unchanged", "refused"]


async def import_experiments(
    tx: Tx,
    principal: Principal,
    forms: Sequence[ExperimentForm],
    *,
    at: datetime,
    dry_run: bool,
    coming: Sequence[str],
    others: Mapping[str, int],
) -> tuple[list[ExperimentResult], Notes]:
    """What became of each, or would, and notes. `coming`: slugs of the same file, which a dry run does not have yet; `others`: from which
    version on a slug says something else here, so that its arms, and what became of them, would be about other texts."""
    results: list[ExperimentResult] = []
    notes = Notes()
    for form in forms:
        name, slug = form.experiment.name, form.experiment.prompt
        known = await store.is_known(tx, principal.workspace_id, slug, name, created_at=form.created_at)
        if known:
            results.append(ExperimentResult(name, "unchanged"))
            continue
        if _is_of_others(form, others):
            notes.lose(f"The experiment '{name}' is left out: versions of '{slug}' say something else here than in the file.")
            results.append(ExperimentResult(name, "refused"))
            continue
        if form.status in ("running", "paused"):
            notes.tell(f"The experiment '{name}' was {form.status}; it is a draft here, and nobody gets anything of it.")
        if dry_run and slug in coming:
            results.append(ExperimentResult(name, "created"))
            continue
        results.append(await _bring(tx, principal, form, notes, at=at, dry_run=dry_run))
    return results, notes


def _is_of_others(form: ExperimentForm, others: Mapping[str, int]) -> bool:
    """An arm by label counts: labels of what was left alone stay at versions of here."""
    first = others.get(form.experiment.prompt)
    return first is not None and any(arm.version is None or arm.version >= first for arm in form.experiment.arms)


async def _bring(tx: Tx, principal: Principal, form: ExperimentForm, notes: Notes, *, at: datetime, dry_run: bool) -> ExperimentResult:
    name = form.experiment.name
    try:
        values = await draft.values_of(tx, principal, form.experiment, joins=not dry_run)
        if not dry_run:
            await draft.put(tx, principal, values, form.experiment, extra=_kept(form, principal, at=at))
    except Unavailable:
        raise
    except BurnishError as error:
        notes.lose(f"The experiment '{name}' is left out: {error.message}")
        return ExperimentResult(name, "refused")
    return ExperimentResult(name, "created")


def _kept(form: ExperimentForm, principal: Principal, *, at: datetime) -> dict[str, Any]:
    """Who made it and when; of one that is over, how it ended."""
    told: dict[str, Any] = {"created_by": form.created_by or principal.actor, "created_at": form.created_at or at}
    if form.status != "completed":
        return told
    verdict = form.verdict
    return told | {
        "status": "completed", "started_at": form.started_at, "completed_at": form.completed_at or at,
        "verdict": None if verdict is None else verdict.model_dump(mode="json"), "winner": verdict.winner if verdict else None,
        "decided_by": verdict.decided_by if verdict else None,
    }  # fmt: skip


async def experiments_of(db: Database, workspace_id: Any) -> list[dict[str, Any]]:
    """All of a workspace, oldest first, as forms. There are few: they are read at once, a page a transaction."""
    found: list[Experiment] = []
    before = None
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            page = await store.list_page(tx, workspace_id, slug=None, status=None, kind=None, before=before, limit=PAGE)
        found += page
        if len(page) < PAGE:
            return [form_of(one) for one in reversed(found)]
        before = page[-1].experiment_id


def form_of(one: Experiment) -> dict[str, Any]:
    """As `ExperimentForm` reads it."""
    said: dict[str, Any] = {
        "experiment": _body(one), "status": one.status, "created_by": one.created_by, "created_at": one.created_at,
        "started_at": one.started_at, "completed_at": one.completed_at,
        "verdict": None if one.verdict is None else one.verdict.model_dump(mode="json"),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def _body(one: Experiment) -> dict[str, Any]:
    settings, is_rollout = one.settings, one.rollout is not None
    deciding = {
        "method": one.method, "planned_units": settings.planned_units, "looks": settings.looks, "smallest_effect": settings.smallest_effect,
        "equivalence_margin": settings.equivalence_margin, "max_days": settings.max_days,
    }  # fmt: skip
    arms = []
    for arm in one.arms:
        named = {"version": arm.version} if arm.version is not None else {"label": arm.label}
        share = None if is_rollout and arm.mode == "live" else share_of(min(arm.buckets, BUCKETS))
        arms.append(_said({"name": arm.arm, "mode": arm.mode, "control": arm.is_control, "model": arm.model, "share": share} | named))
    return _said({
        "name": one.name, "prompt": one.slug, "description": one.description, "kind": one.kind, "label": one.label, "unit": one.unit,
        "metric": one.metric, "direction": one.direction, "targeting": one.targeting, "namespace": one.namespace,
        "namespace_share": settings.namespace_share if one.namespace else None, "allocation": one.allocation, "on_winner": one.on_winner,
        "arms": arms, "rollout": one.rollout.model_dump() if one.rollout is not None else None,
        "guardrails": [guardrail.model_dump() for guardrail in one.guardrails], "deciding": _said(deciding),
        "min_samples": settings.min_samples, "confidence": settings.confidence, "shadow_budget_nusd": one.shadow_budget_nusd,
    })  # fmt: skip


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
