"""Second half of the loop: how weak the prompt is, a search for a better one, and the proof."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from rich.markup import escape

from burnish.demo.api import Refused
from burnish.demo.failure import DemoFailed
from burnish.demo.recount import Recount, recount
from burnish.demo.screen import percent, points, shortened
from burnish.demo.stage import Stage, reason_of
from burnish_shared.proposals import STATES

TEST_RUN_PATIENCE_S: Final = 60.0
JOB_PATIENCE_S: Final = 300.0
SILENCE_MOST_S: Final = 60.0
ASK_AGAIN_S: Final = 0.5
MATRIX_LABELS_MOST: Final = 12
FAILED_SHOWN: Final = 5
DIFF_LINES_SHOWN: Final = 26
MEASURED: Final = ("n", "delta", "ci_low", "ci_high", "confidence", "p_value", "fixed", "broken", "look")


async def upload(stage: Stage) -> str:
    """The labelled tickets as a dataset of this run, with the splits of the file. Returns its id."""
    tickets = stage.tickets
    name = f"{tickets.name} ({stage.slug})"
    made = await stage.api.upload("/v1/datasets", tickets.jsonl, content_type="application/x-ndjson", name=name)
    counts = {split: made["counts"][split] for split in ("train", "validation", "test")}
    stage.result |= {"dataset_id": made["id"], "dataset": {"name": tickets.name, "counts": counts, "weak_prompt": tickets.weak_is_from}}
    shown = ", ".join(f"{count} {split}" for split, count in counts.items())
    stage.screen.say(f"dataset {escape(name)}: {shown}; {made['duplicates']} duplicates left out")
    return str(made["id"])


async def run_test(stage: Stage, dataset_id: str) -> None:
    """Version 1 on the validation split. Raises DemoFailed when the run does not complete in time."""
    run = await _test_run(stage, {"prompt": stage.slug, "version": 1, "dataset_id": dataset_id, "split": "validation"})
    metrics, interval = run["metrics"], run["metrics"]["interval"]
    stage.result |= {"test_run_id": run["id"], "validation_accuracy": metrics["overall_accuracy"]}
    stage.result["executions"]["test_run"] = metrics["total"]
    stage.screen.say(
        f"validation: [bold]{metrics['correct']} of {metrics['total']}[/bold] right, {percent(metrics['overall_accuracy'])} "
        f"(95 % interval {percent(interval['low'])} to {percent(interval['high'])})"
    )
    if run["confusion_matrix"] and len(run["confusion_matrix"]) <= MATRIX_LABELS_MOST:
        stage.screen.confusion(run["confusion_matrix"], stats=metrics["category_stats"])
    stage.screen.say("some of the failed cases:")
    rows = [
        (shortened(_text(case["input"]), 48), case["expected"], shortened(case["output"] or "", 34))
        for case in run["failed_cases"][:FAILED_SHOWN]
    ]
    stage.screen.table(("ticket", "expected", "answered"), rows, left=3)


async def show_upper_mark(stage: Stage, dataset_id: str) -> None:
    """What a careful person's prompt reaches on the test split, measured after the look that counts. Nothing else uses it."""
    handwritten = stage.tickets.handwritten
    if handwritten is None:
        return
    slug = f"{stage.tickets.slug}-handwritten"
    try:
        await stage.api.get(f"/v1/prompts/{slug}")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        await stage.api.post("/v1/prompts", {**handwritten, "slug": slug, "name": "Demo: written by hand", "label": None})
    run = await _test_run(stage, {"prompt": slug, "version": 1, "dataset_id": dataset_id, "split": "test"})
    accuracy = run["metrics"]["overall_accuracy"]
    stage.result["handwritten"] = {"prompt": slug, "test_run_id": run["id"], "accuracy": accuracy}
    stage.screen.say(f"for comparison, a prompt with definitions that a careful person wrote by hand: {percent(accuracy)}")


async def _test_run(stage: Stage, body: Mapping[str, Any]) -> dict[str, Any]:
    started = await stage.api.post("/v1/test-runs", body)
    run: dict[str, Any] = await stage.api.until(
        f"/v1/test-runs/{started['id']}",
        lambda one: one if one["status"] not in ("pending", "running") else None,
        what="the test run to end",
        patience_s=TEST_RUN_PATIENCE_S,
    )
    if run["status"] != "completed":
        raise DemoFailed(f"The test run {started['id']} ended {run['status']}: {reason_of(run)}")
    return run


async def optimize(stage: Stage, dataset_id: str) -> dict[str, Any]:
    """The finished job. Raises DemoFailed when it does not complete in time; it is then cancelled."""
    budget, seed = stage.plan.evaluations, stage.plan.seed
    body = {"prompt": stage.slug, "version": 1, "dataset_id": dataset_id, "budget": {"evaluations": budget}, "seed": seed}
    started = await stage.api.post("/v1/optimizations", body)
    stage.open_job = job_id = str(started["id"])
    stage.screen.say(f"job {job_id}: at most {budget} evaluations, at most {started['forecast']['credits']} play credits")
    try:
        async with asyncio.timeout(JOB_PATIENCE_S):
            job = await _watch(stage, job_id)
    except TimeoutError:
        raise DemoFailed(f"The optimization {job_id} did not end within {JOB_PATIENCE_S:.0f} s; it was cancelled.") from None
    stage.open_job = ""
    if job["status"] != "completed":
        raise DemoFailed(f"The optimization {job_id} ended {job['status']}: {reason_of(job)}")
    stage.result |= {"optimization_id": job_id, "spent_nusd": job["progress"]["spent_nusd"]}
    stage.result |= {name: job[name] for name in ("outcome", "finish_reason", "suggestion_id")}
    stage.result["executions"]["evaluations"] = job["progress"]["evaluations"]
    counts = job["edit_counts"] or dict.fromkeys(STATES, 0)
    stage.screen.say(
        f"{job['progress']['evaluations']} evaluations; {sum(counts.values())} edits proposed, {counts['rejected']} refused before they "
        f"were tried, {counts['chosen']} chosen: [bold]{job['outcome']}[/bold] ({job['finish_reason']})"
    )
    return job


async def show_proof(stage: Stage, job: Mapping[str, Any]) -> Recount | None:
    """The one measurement on the test split, counted once more from the executions. None when the job took no look at it."""
    test, screen = job["test"], stage.screen
    if test is None:
        stage.result |= dict.fromkeys(("accuracy_before", "accuracy_after", *MEASURED))
        screen.say("The search found nothing that was worth a look at the test tickets, so they stay unseen. Nothing is shipped.")
        return None
    counted, n = await recount(stage.api, job, stage.tickets), test["n"]
    stage.result |= {"accuracy_before": test["baseline"], "accuracy_after": test["candidate"]} | {name: test[name] for name in MEASURED}
    stage.result["recounted_from_executions"] = counted.as_json()
    screen.say(
        f"before [bold]{percent(test['baseline'])}[/bold] ({counted.before} of {n})   "
        f"after [bold]{percent(test['candidate'])}[/bold] ({counted.after} of {n})   gain [bold]{points(test['delta'])} points[/bold]"
    )
    screen.say(
        f"{100 * test['confidence']:.0f} % interval of the gain {points(test['ci_low'])} to {points(test['ci_high'])}; "
        f"{test['fixed']} tickets won, {test['broken']} lost, p = {test['p_value']:.1g}"
    )
    screen.say(f"[dim]counted once more from the {2 * n} executions that are stored under the job: the same[/dim]")
    if job["suggestion_id"] is None:
        screen.say("That is no proof. The prompt stays as it is; this, too, is an honest result.")
    else:
        await _show_changes(stage, job["suggestion_id"], test)
    return counted


async def _watch(stage: Stage, job_id: str) -> dict[str, Any]:
    """The job when it has ended; its progress is shown as it comes. The server may end the stream and be asked again."""
    began = time.monotonic()
    while True:
        async for name, data in stage.api.follow(f"/v1/optimizations/{job_id}/events", patience_s=SILENCE_MOST_S):
            if name == "done":
                stage.screen.progress_ends()
                return dict(data)
            if name != "progress":
                continue  # Its gateway is stopped; the next one is asked.
            progress = data.get("progress") or {}
            done, best = progress.get("evaluations") or 0, progress.get("best")
            believed = "" if best is None else f"; best so far {points(best)} points on train, which proves nothing yet"
            stage.screen.progress(f"{done:>5} of {stage.plan.evaluations} evaluations, {time.monotonic() - began:.0f} s{believed}")
        await asyncio.sleep(ASK_AGAIN_S)


async def _show_changes(stage: Stage, suggestion_id: str, test: Mapping[str, Any]) -> None:
    suggestion = await stage.api.get(f"/v1/suggestions/{suggestion_id}")
    validation = suggestion["evidence"]["validation"]
    over = validation["candidate"] - test["candidate"]
    stage.result["validation"] = validation | {"minus_test": round(over, 6)}
    stage.screen.say(
        f"[dim]on validation, where it was chosen: {percent(validation['baseline'])} → {percent(validation['candidate'])}; "
        f"validation − test {points(over)} points[/dim]"
    )
    stage.screen.say("what changed:")
    stage.screen.diff(suggestion["evidence"]["diff"], most=DIFF_LINES_SHOWN)


def _text(given: Any) -> str:
    return given if isinstance(given, str) else " ".join(str(value) for value in given.values())
