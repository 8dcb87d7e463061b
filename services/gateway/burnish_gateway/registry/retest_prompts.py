"""Begins the newest test runs again of prompts that changed with a snippet (PRODUCT P2)."""

from collections.abc import Sequence
from typing import Any, Final

from burnish_gateway.access.principal import Principal
from burnish_gateway.optimization.run_again import body_again
from burnish_gateway.optimization.start_run import start_test_run
from burnish_gateway.registry import uses_store
from burnish_gateway.registry.prompt import Affected
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError

RUNS_MOST: Final = 50


async def retest(tx: Tx, principal: Principal, effects: Sequence[Affected]) -> dict[str, list[dict[str, Any]]]:
    """`retested` and `not_retested`, one entry for each. By the ordinary way of test runs: each sets its own credit aside.

    One that cannot begin is named with the reason, and stops nothing else.
    """
    runs = await uses_store.newest_runs(tx, principal.workspace_id, [(one.slug, one.version) for one in effects])
    retested: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for one in effects:
        named = {"prompt": one.slug, "version": one.version}
        own = [run for run in runs if (run["slug"], run["version"]) == (one.slug, one.version)]
        if not own:
            left.append(named | {"because": "There is no completed test run of this version."})
        for run in own:
            before = named | {"dataset_id": str(run["dataset_id"]), "split": run["split"], "model": run["model"]}
            if len(retested) >= RUNS_MOST:
                left.append(before | {"because": f"More than {RUNS_MOST} test runs at once; start it with POST /v1/test-runs."})
                continue
            try:
                started = await start_test_run(tx, principal, await body_again(tx, principal, run["test_run_id"], model=run["model"]))
            except BurnishError as error:
                left.append(before | {"because": error.message})
            else:
                retested.append(before | {"test_run_id": str(started.id), "replaces": str(run["test_run_id"])})
    return {"retested": retested, "not_retested": left}
