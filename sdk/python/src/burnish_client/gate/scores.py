"""What evaluators say of the answers of a gate: which ones a test names, and whether what they say is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from burnish_client.cli.given import NAMED_MOST, BadGiven
from burnish_client.cli.shown import clean
from burnish_client.errors import ApiError
from burnish_client.gate.config import GATE, OF_THE_GATE, Scored

if TYPE_CHECKING:
    from burnish_client import Burnish
    from burnish_client.gate.config import Test


def as_the_gate_says(burnish: Burnish, test: Test) -> Test:
    """With the evaluator of the prompt's gate and the mean score that it asks for, where the test says `evaluators: gate`; else as it is.

    Raises BadGiven where the gate names none, or the prompt is not there yet."""
    if test.evaluators != OF_THE_GATE:
        return test
    if test.chain:
        raise BadGiven(f"`evaluators: {GATE}`: a gate is of prompts, and '{test.chain}' is a chain; name an evaluator.")
    try:
        asked = burnish.request("GET", f"/v1/prompts/{test.prompt}/gate")["asked"]
    except ApiError as error:
        if error.status != 404:
            raise
        raise BadGiven(f"`evaluators: {GATE}`: Burnish has no prompt '{test.prompt}' yet, or is too old; name an evaluator.") from error
    if asked["gate_evaluator_id"] is None:
        raise BadGiven(f"`evaluators: {GATE}`: neither the gate of '{test.prompt}' nor that of the workspace names an evaluator.")
    return replace(test, evaluators=(Scored(asked["gate_evaluator"] or asked["gate_evaluator_id"], float(asked["gate_min_score"])),))


def ids_of(burnish: Burnish, test: Test) -> dict[str, str]:
    """The id of each evaluator, by the word that the test has for it. Raises BadGiven where none in use has this name or id."""
    if not test.evaluators:
        return {}
    there = list(burnish.list("/v1/evaluators", limit=200))
    known = {str(one["name"]).casefold(): str(one["id"]) for one in there} | {str(one["id"]): str(one["id"]) for one in there}
    found: dict[str, str] = {}
    for one in test.evaluators:
        if (evaluator_id := known.get(one.evaluator.casefold())) is None:
            names = ", ".join(f"'{clean(other['name'])}'" for other in there[:NAMED_MOST]) + (", …" if len(there) > NAMED_MOST else "")
            raise BadGiven(f"No evaluator of this workspace has the name or id '{one.evaluator}'. There are: {names or 'none'}.")
        if evaluator_id in found.values():
            raise BadGiven(f"`evaluators` names the evaluator '{one.evaluator}' twice.")
        found[one.evaluator] = evaluator_id
    return found


def scores_of(run: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """By word of the test: `id`, `mean_score` from 0 to 1 over all answers, where one without a score counts as 0, `scored`, `answers`."""
    metrics = run["metrics"]
    answers = int(metrics["total"]) + int(metrics.get("without_right_answer") or 0)
    said = {one["id"]: one for one in run["evaluators"] or ()}
    found: dict[str, dict[str, Any]] = {}
    for word, evaluator_id in ids.items():
        one = said.get(evaluator_id) or {"n": 0, "mean_score": None}
        scored = int(one["n"])
        mean = float(one["mean_score"]) * scored / answers if scored else 0.0
        found[word] = {"id": evaluator_id, "mean_score": round(mean, 6), "scored": scored, "answers": answers}
    return found


def in_words(word: str, score: Mapping[str, Any]) -> str:
    """The mean score, and how many answers have one where some have none."""
    some = "" if score["scored"] == score["answers"] else f", {score['answers'] - score['scored']} of them without a score"
    return f"mean score {score['mean_score']:.3f} by '{word}' over {score['answers']} answers{some}"


def against(said: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """By word of the test: what a comparison of two runs says of the mean score: `value`, `low`, `high`."""
    by_id = {one["id"]: one["difference"] for one in said["evaluators"]}
    return {word: by_id[evaluator_id] for word, evaluator_id in ids.items() if evaluator_id in by_id}
