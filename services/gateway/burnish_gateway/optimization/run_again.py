"""The request that makes a completed test run again: of the same items, as often, judged by the same."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets import from_test_cases_store
from burnish_gateway.optimization import store
from burnish_gateway.optimization.bodies import TestRunBody
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound


async def body_again(tx: Tx, principal: Principal, run_id: UUID, *, model: str, ends: str | None = None) -> TestRunBody:
    """The run again with `model`. `ends`: a model that nobody calls afterwards. Raises NotFound.

    Its evaluators stay, but for those that were archived since; `pairwise` ones compare with the earlier run. Its judge stays, so that both
    runs are measured alike; one that ends, or that cannot be called any more, gives way to `model`.
    """
    run = await store.find_run(tx, principal.workspace_id, "test_run", run_id)
    if run is None:
        raise NotFound("The test run that would be made again is not there any more.", param="run_id")
    gone = set(await store.missing_evaluators(tx, run["evaluator_ids"]))
    evaluators = [one for one in run["evaluator_ids"] if one not in gone]
    place: dict[str, Any] = {"dataset_id": run["dataset_id"], "split": run["split"]}
    if await _is_of_its_cases(tx, principal.workspace_id, run):
        place = {"source": "test_cases"}
    return TestRunBody.model_construct(
        prompt=run["slug"],
        version=run["version"],
        models=[model],
        repeats=run["repeats"],
        evaluators=evaluators,
        judge=await _judge(tx, principal.workspace_id, run, model=model, ends=ends),
        compare_with=run_id if evaluators else None,
        **place,
    )


async def _judge(tx: Tx, workspace_id: UUID, run: Record, *, model: str, ends: str | None) -> str | None:
    """None where nothing is left to judge: items with criteria may have been taken out since."""
    was: str | None = run["judge_model"]
    if was is None or await from_test_cases_store.longest_criteria(tx, workspace_id, run["dataset_id"], split=run["split"]) is None:
        return None
    facts = None if was == ends else await model_store.find_model(tx, was)
    return was if facts is not None and facts.active else model


async def _is_of_its_cases(tx: Tx, workspace_id: UUID, run: Record) -> bool:
    """Whether it was of the version's test cases, and their dataset is as it was made."""
    if run["cases_digest"] is None:
        return False
    kept = await from_test_cases_store.dataset_of(tx, workspace_id, run["prompt_id"], digest=run["cases_digest"])
    return bool(kept == run["dataset_id"])
