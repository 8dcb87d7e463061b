"""A dataset with planted instructions, secrets and copied rows changes nothing that it should not (PROMISES O-03, O-06)."""

from typing import Any

import pytest
from benchmarks.optimizer.proof import ORDERS, PLANTED

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import make_desk
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1", "O4"), pytest.mark.promise("O-03", "O-06")]

COPIED = 4


async def test_planted_orders_secrets_and_copied_rows_reach_no_prompt_and_no_proposer(stack: Stack, start_optimizer: Any) -> None:
    clean = tickets(train=12, validation=6, test=10)
    tests = [one for one in clean if one["split"] == "test"]
    sown = [
        one | {"input": f"{one['input']} {ORDERS[n // 4 % len(ORDERS)]}"} if n % 4 == 0 and one["split"] != "test" else one
        for n, one in enumerate(clean)
    ]
    copied = [one | {"split": "train", "expected": "hardware"} for one in tests[:COPIED]]
    nearly = [one | {"split": "train", "input": f"{one['input']} thank you very much"} for one in tests[COPIED : 2 * COPIED]]
    desk = await make_desk(await stack.caller(), items=[*sown, *copied, *nearly])
    kept = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}")).body
    assert kept["counts"] == {"train": 48 + COPIED, "validation": 24, "test": 40}, "a row that stands in test is not taken a second time"
    leaks = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/leaks")).body
    assert leaks["is_clean"] is False and len(leaks["pairs"]) >= COPIED, leaks["in_words"]

    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk, budget={'evaluations': 600})}", timeout_s=100)
    assert job["status"] == "completed" and job["test"]["n"] == 40, job
    candidates = await books(stack, "SELECT text FROM optimization_candidates WHERE job_id = $1::text::uuid", job["id"])
    shown = await books(
        stack,
        """SELECT c.messages::text AS text FROM evaluations e JOIN execution_contents c USING (execution_id)
            WHERE e.owner_id = $1::text::uuid AND e.item_id = '00000000-0000-0000-0000-000000000000'""",
        job["id"],
    )
    assert len(candidates) > 2 and len(shown) > 2
    texts = [row["text"].lower() for row in (*candidates, *shown)]
    assert not [(planted, text) for planted in PLANTED for text in texts if planted in text]
    assert not [one["input"] for one in tests if any(one["input"].lower() in row["text"].lower() for row in candidates)]
    exact = [one["input"].lower() for one in tests if one not in tests[COPIED : 2 * COPIED]]
    assert not [text for text in exact if any(text in row["text"].lower() for row in shown)], "no test item is shown to who proposes"
    await assert_books_are_in_order(stack, desk.caller)
