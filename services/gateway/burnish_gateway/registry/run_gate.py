"""What the test run of a version must show before a protected label may name it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.evaluators import store as evaluators
from burnish_gateway.registry import review_store, store
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.prompt_settings import DEFAULT_QUALITY_THRESHOLD


@dataclass(frozen=True, slots=True)
class Asked:
    """`least`: fewer items prove nothing. `evaluator_id`: whose mean score, 0..1, must reach `min_score` where items have no right answer;
    None: nobody's, and such items open nothing."""

    least: int
    evaluator_id: UUID | None
    min_score: float


@dataclass(frozen=True, slots=True)
class RunProblem:
    """Why the gate stays shut. `run`: the test run that was looked at, None where none counts."""

    said: str
    run: dict[str, Any] | None = None


async def problem_of_run(tx: Tx, prompt: Prompt, version: int, *, asked: Asked) -> RunProblem | None:
    """What keeps the newest test run of the version that counts from opening the gate; None: nothing.

    One by another model, over train items, or over fewer items than `least` counts neither for nor against it. Routing gives a version
    whose model is `auto` no model of its own: a run by any model counts.
    """
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    if found is None:
        return RunProblem(f"there is no version {version}")
    model = None if found.content.model == "auto" else found.content.model
    is_open_counted = asked.evaluator_id is not None
    run = await review_store.newest_run(tx, prompt, version, model=model, least=asked.least, is_open_counted=is_open_counted)
    if run is None:
        return await _no_run(tx, prompt, version, model=model, asked=asked)
    threshold = found.content.spec.get("quality_threshold", DEFAULT_QUALITY_THRESHOLD)
    told = {name: run[name] for name in ("split", "model", "items", "accuracy")}
    told |= {"test_run_id": str(run["test_run_id"]), "dataset_id": str(run["dataset_id"]), "threshold": threshold}
    short = [] if _is_open_alone(run) else _short_of_accuracy(run, threshold)
    if asked.evaluator_id is not None and run["open_answers"]:
        score, scored = _score(run, asked.evaluator_id)
        told |= {"open_answers": run["open_answers"], "evaluator_id": str(asked.evaluator_id), "score": score, "scored": scored}
        told |= {"answers": run["answers"], "min_score": asked.min_score}
        short += await _short_of_score(tx, asked, score=score)
    return RunProblem(f"its newest test run {' and '.join(short)}", told) if short else None


async def _no_run(tx: Tx, prompt: Prompt, version: int, *, model: str | None, asked: Asked) -> RunProblem:
    """Says so, too, where a run would be enough if only its items had a right answer."""
    by = "" if model is None else f" by its model '{model}'"
    said = f"version {version} has no completed test run{by} over {asked.least} validation or test items or more"
    if asked.evaluator_id is None:
        run = await review_store.newest_run(tx, prompt, version, model=model, least=asked.least, is_open_counted=True)
        if run is not None and run["open_answers"]:
            return RunProblem(
                f"{said} that have a right answer, and the workspace names no evaluator by which the others are judged. An admin can name "
                "one in the settings of the workspace or of the prompt (gate_evaluator_id, gate_min_score); then run the test with this "
                "evaluator",
                {"test_run_id": str(run["test_run_id"]), "dataset_id": str(run["dataset_id"]), "items": run["items"],
                 "open_answers": run["open_answers"]},
            )  # fmt: skip
    return RunProblem(said)


def _is_open_alone(run: Record) -> bool:
    """Nothing of it has a right answer, so that it has no accuracy."""
    return bool(run["open_answers"]) and run["open_answers"] == run["answers"]


def _short_of_accuracy(run: Record, threshold: float) -> list[str]:
    accuracy = run["accuracy"]
    if accuracy is not None and accuracy >= threshold:
        return []
    return [f"reached {'nothing' if accuracy is None else f'{accuracy:.1%}'} of the {threshold:.1%} that it must"]


def _score(run: Record, evaluator_id: UUID) -> tuple[float | None, int]:
    """The mean score over all answers of the run, in which an answer without one counts as 0, and how many have one.

    None: the run did not ask the evaluator.
    """
    said = next((one for one in run["evaluators"] if one["id"] == str(evaluator_id)), None)
    if said is None:
        return None, 0
    return (round(said["mean_score"] * said["n"] / run["answers"], 6) if said["n"] else 0.0), said["n"]


async def _short_of_score(tx: Tx, asked: Asked, *, score: float | None) -> list[str]:
    if asked.evaluator_id is None or (score is not None and score >= asked.min_score):
        return []
    found = await evaluators.find(tx, asked.evaluator_id)
    name = str(asked.evaluator_id) if found is None else found["name"]
    if score is not None:
        return [f"reached a mean score of {score:.3f} by the evaluator '{name}', of the {asked.min_score:.3f} that it must"]
    if found is None or found["archived_at"] is not None:
        return [f"was not scored by the evaluator '{name}', which is archived: an admin must name another one (gate_evaluator_id)"]
    return [f"has items without a right answer and was not scored by the evaluator '{name}': run it with this evaluator"]
