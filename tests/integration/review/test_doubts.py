"""Answers that evaluators are not sure of, or disagree about, come into the review queue; verdicts count for agreement with people."""

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.review.conftest import Team
from tests.integration.review.test_intake import queue_of, react, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F5", "F4")]


async def write_score(stack: Stack, team: Team, execution_id: str, evaluator_id: str, **said: Any) -> None:
    """As the optimizer writes what an evaluator said."""
    row = {"score": 1.0, "passed": True, "uncertain": False, "disagreement": None} | said
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute(
        """INSERT INTO scores (workspace_id, execution_id, evaluator_id, evaluator_version, kind, slug, version, label, model, finished_at,
                               score, passed, uncertain, disagreement, reason, votes, simulated)
           VALUES ($1, $2, $3, 1, 'jury', 'route', 1, 'production', 'simulated/chat', clock_timestamp(), $4, $5, $6, $7, 'because', $8,
                   true)""",
        team.admin.workspace.workspace_id, UUID(execution_id), UUID(evaluator_id), row["score"], row["passed"], row["uncertain"],
        row["disagreement"], json.dumps([]),
    )  # fmt: skip
    await connection.close()


async def evaluator(team: Team) -> str:
    made = await team.admin("POST", "/v1/evaluators", {"name": "polite", "settings": {"kind": "contains", "phrases": ["please"]}})
    assert made.status == 201, made.body
    return str(made.body["id"])


async def test_uncertain_and_disagreeing_scores_are_queued_with_what_was_said(team: Team, stack: Stack) -> None:
    judge = await evaluator(team)
    sure, near, split, disputed = [await team.answer(f"answer {n}") for n in range(4)]
    await react(team.admin, disputed, thumb="up")

    async def heard() -> bool:
        return bool((await team.viewer("GET", f"/v1/executions/{disputed}")).body["feedback"])

    await until(heard)
    await write_score(stack, team, sure, judge)
    await write_score(stack, team, near, judge, score=0.52, uncertain=True)
    await write_score(stack, team, split, judge, score=0.5, uncertain=True, disagreement=1.0)
    await write_score(stack, team, disputed, judge, score=0.0, passed=False)
    expected = {near: ["uncertain"], split: ["disagreement"], disputed: ["disagreement"]}

    async def has_come() -> bool:
        return await queue_of(team.viewer) == expected

    await until(has_come)
    claimed = (await team.ann("POST", "/v1/review/claim", {"count": 3})).body["data"]
    assert [one["execution_id"] for one in claimed][2] == near, "what is disputed comes before what is uncertain"
    [said] = claimed[2]["scores"]
    assert (said["evaluator"], said["score"], said["reason"]) == ("polite", 0.52, "because")


async def test_doubts_can_be_left_out(team: Team, stack: Stack) -> None:
    judge = await evaluator(team)
    assert (await team.ann("PUT", "/v1/review/settings", {"uncertain": False})).status == 200
    near, down = await team.answer("near"), await team.answer("down")
    await write_score(stack, team, near, judge, score=0.52, uncertain=True)
    await react(team.admin, down, thumb="down")

    async def has_come() -> bool:
        return await queue_of(team.viewer) == {down: ["low_rated"]}

    await until(has_come)

    async def is_counted() -> bool:
        async with as_superuser(stack.urls["superuser"]) as connection:
            left = await connection.fetchval("SELECT count(*) FROM scores WHERE counted_at IS NULL")
        return left == 0

    await until(is_counted)
    assert await queue_of(team.viewer) == {down: ["low_rated"]}


async def test_a_reviewers_verdict_is_what_people_say(team: Team, stack: Stack) -> None:
    """Cohen's κ of a judge is computed over verdicts of reviewers too, and they come before what end users said."""
    judge = await evaluator(team)
    for n, (passed, verdict) in enumerate([(True, "good"), (True, "bad"), (False, "bad"), (False, "bad")]):
        execution_id = await team.answer(f"judged {n}")
        await write_score(stack, team, execution_id, judge, score=float(passed), passed=passed)
        picked = (await team.admin("POST", "/v1/review", {"execution_id": execution_id})).body["id"]
        await react(team.admin, execution_id, thumb="up", user_id="eve")
        assert (await team.ann("POST", f"/v1/review/{picked}/label", {"verdict": verdict})).status == 200
    agreement = (await team.viewer("GET", f"/v1/evaluators/{judge}/agreement?prompt=route")).body
    assert agreement["n"] == 4 and agreement["split"] == 0
    assert agreement["confusion"] == {"passed_good": 1, "passed_bad": 1, "failed_good": 0, "failed_bad": 2}
    assert abs(agreement["kappa"]["value"] - 0.5) < 1e-9
