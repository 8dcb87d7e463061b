"""The whole loop once: serve, listen, notice, search, prove, accept, tell, serve better."""

import time
from contextlib import suppress
from typing import Any, Final

from burnish.demo import leaving, noticing, proving, rollout
from burnish.demo.failure import DemoFailed
from burnish.demo.stage import Stage

TRAFFIC: Final = 120
"""Tickets before, and as many after: the interval of satisfaction is then about 20 points wide."""


async def drive_loop(stage: Stage) -> dict[str, Any]:
    """Step by step; the result is what `--json` prints. Raises DemoFailed. `clean_up` is the caller's, whatever happens."""
    began = time.monotonic()
    stage.result["seed"] = stage.plan.seed
    queue = stage.tickets.for_traffic(stage.plan.seed)
    now, later = queue[:TRAFFIC], queue[TRAFFIC : 2 * TRAFFIC]
    with stage.step("prompt", "A prompt goes live, and somebody wants to hear of it"):
        await noticing.publish(stage)
    with stage.step("traffic", f"{len(now)} tickets arrive, and people react to the answers"):
        served = await noticing.serve(stage, now, version=1, key="before", first=1)
        noticing.show_complaints(stage, served, most=3)
    with stage.step("alert", "Burnish notices"):
        await noticing.await_alert(stage, served)
    with stage.step("test_run", "How weak is it? A test run on labelled tickets"):
        dataset_id = await proving.upload(stage)
        await proving.run_test(stage, dataset_id)
    with stage.step("optimization", "Search a better prompt (Ctrl-C cancels it)"):
        job = await proving.optimize(stage, dataset_id)
    with stage.step("proof", "Is it better? One paired measurement on tickets that the search never saw"):
        counted = await proving.show_proof(stage, job)
        if counted is not None:
            await proving.show_upper_mark(stage, dataset_id)
    if job["suggestion_id"] is not None:
        with stage.step("accept", "Accept it: the label moves, and everybody is told"):
            version = await rollout.accept(stage, job["suggestion_id"])
        with stage.step("after", f"{len(later)} more tickets, now with version {version}"):
            await noticing.serve(stage, later, version=version, key="after", first=1 + len(now))
            await rollout.compare_satisfaction(stage, version)
    await rollout.settle(stage)
    await leaving.leave(stage)
    rollout.close(stage, counted, total_s=time.monotonic() - began)
    return stage.result


async def clean_up(stage: Stage) -> None:
    """Cancels the job that still runs, and pauses the endpoint, whose receiver ends with the demo: its deliveries stay to look at.
    Raises nothing."""
    with suppress(DemoFailed):
        if stage.open_job:
            await stage.api.post(f"/v1/optimizations/{stage.open_job}/cancel")
    with suppress(DemoFailed):
        if stage.endpoint_id:
            await leaving.pause(stage)
