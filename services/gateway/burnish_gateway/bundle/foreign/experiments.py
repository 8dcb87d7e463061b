"""Rows of `ai_prompt_experiments` of the source systems: two versions of one prompt that shared its traffic. They come in as drafts.

What they measured does not come along: verdicts rest on what was counted here, by units. Shapes: docs/guides/moving.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_gateway.bundle.experiment_form import ExperimentForm
from burnish_gateway.bundle.foreign.draft import Drafts
from burnish_shared.errors import InvalidField

CONTROLS: Final = ("control_prompt_id", "prompt_a_id", "variant_a_id", "control_id", "baseline_prompt_id")
CANDIDATES: Final = ("treatment_prompt_id", "variant_prompt_id", "prompt_b_id", "variant_b_id", "treatment_id", "candidate_prompt_id")
SHARES: Final = ("traffic_split", "traffic_percentage", "treatment_share", "split")
"""Of the candidate: 0 to 1, or 1 to 100 percent."""

METRICS: Final = {
    "success_rate": "success",
    "latency": "latency_ms",
    "cost": "cost_nusd",
    "rating": "satisfaction",
    "thumbs": "satisfaction",
}
OURS: Final = frozenset({"success", "latency_ms", "cost_nusd", "satisfaction"})


def experiments_in(drafts: Drafts) -> list[ExperimentForm]:
    """Those whose two versions stand in the file, as versions of one prompt; a note for each other."""
    found = []
    for row in drafts.experiments:
        name = str(row.get("name") or row.get("experiment_name") or row.get("id") or "Experiment")[:200]
        try:
            found.append(_form(row, drafts, name))
        except (InvalidField, LookupError) as error:
            drafts.notes.lose(f"The experiment '{name}' is left out: {error.message if isinstance(error, InvalidField) else error.args[0]}")
    return found


def _form(row: Mapping[str, Any], drafts: Drafts, name: str) -> ExperimentForm:
    control, candidate = _version(row, CONTROLS, drafts), _version(row, CANDIDATES, drafts)
    if control[0] != candidate[0]:
        raise LookupError("its two versions belong to two prompts; save one of them as a version of the other.")
    share = _share(row)
    metric = METRICS.get(str(row.get("metric") or row.get("primary_metric")), str(row.get("metric") or "satisfaction"))
    body = {
        "name": name, "prompt": control[0], "description": str(row.get("description") or row.get("hypothesis") or "")[:10_000],
        "metric": metric if metric in OURS else "satisfaction",
        "arms": [
            {"name": "control", "version": control[1], "share": round(1 - share, 4), "control": True},
            {"name": "candidate", "version": candidate[1], "share": share},
        ],
    }  # fmt: skip
    if row.get("winner") or row.get("status") in ("completed", "running", "active"):
        drafts.notes.lose(f"The experiment '{name}' is a draft here: what it measured is not taken, because verdicts rest on units.")
    return ExperimentForm.model_validate({"experiment": body})


def _version(row: Mapping[str, Any], names: Sequence[str], drafts: Drafts) -> tuple[str, int]:
    """The slug and our number of the version whose id a field holds. Raises LookupError."""
    their_id = next((str(row[name]) for name in names if row.get(name)), None)
    if their_id is None:
        raise LookupError(f"it names no version in any of {', '.join(names)}.")
    known = drafts.ids.get(their_id)
    slug = None if known is None else drafts.names.slugs.get(known[0])
    if known is None or slug is None:
        raise LookupError(f"the version {their_id!r} is not in the file.")
    return slug, drafts.names.numbers.get(slug, {}).get(known[1], known[1])


def _share(row: Mapping[str, Any]) -> float:
    """A half where nothing is said, or nothing that is a share."""
    value = next((row[name] for name in SHARES if isinstance(row.get(name), int | float)), 0.5)
    share = value / 100 if value > 1 else value
    return round(float(share), 4) if 0 < share < 1 else 0.5
