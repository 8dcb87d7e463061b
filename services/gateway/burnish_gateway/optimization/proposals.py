"""What a search proposed, as it is listed: of each model its own, counted by what became of them (PRODUCT O6, P6). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_shared.proposals import STATES, counts_of

EDITS_TOLD: Final = 50
"""Of a job's own proposals, in one answer with it."""

Edits = Sequence[Mapping[str, Any]]


def ranked(edits: Edits) -> list[Mapping[str, Any]]:
    """By state, and within one those whose effect is the largest first; those that were never tried last."""
    return sorted(edits, key=lambda one: (STATES.index(one["state"]), -one.get("effect", -1), one["text"]))


def first_of(edits: Edits | None) -> list[Mapping[str, Any]] | None:
    """The EDITS_TOLD that rank first, in the order in which they were proposed; all of them are listed page by page. None: not ended."""
    if edits is None or len(edits) <= EDITS_TOLD:
        return None if edits is None else list(edits)
    told = {id(one) for one in ranked(edits)[:EDITS_TOLD]}
    return [one for one in edits if id(one) in told]


def report_told(report: Mapping[str, Any], edits: Edits | None) -> dict[str, Any]:
    """A job's report without what is listed beside it: of each model the counts of its proposals, and `main` of the one that `edits` of the
    job are about. Jobs of before kept all proposals of each model there, those of the main one twice."""
    if not report.get("models"):
        return dict(report)
    models = list(report["models"])
    main = next((one for one in models if "edits" not in one), None) or next((one for one in models if one["edits"] == edits), models[0])
    return {**report, "models": [_counted(one) | {"main": one is main} for one in models]}


def evidence_told(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """A suggestion's evidence with the counts of the further models' proposals; suggestions of before kept the proposals themselves."""
    if not evidence.get("variants"):
        return dict(evidence)
    return {**evidence, "variants": [_counted(one) for one in evidence["variants"]]}


def _counted(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of one model, with `counts` in place of its proposals."""
    rest = {name: value for name, value in told.items() if name != "edits"}
    return rest if "counts" in told else rest | {"counts": counts_of(told.get("edits", ()))}
