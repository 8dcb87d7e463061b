"""What people say of answers is kept as the workspace wants its texts kept: a correction carries nothing that the execution masks."""

import json
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.feedback_api.test_inbound import endpoint, post, rating, signed
from tests.integration.review.conftest import Team
from tests.integration.review.test_intake import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13", "F1", "F5"), pytest.mark.promise("P-08")]

SAID = "ann@example.com asked"
MASKED = "[EMAIL] asked"


async def _masking(team: Team) -> None:
    put = await team.admin("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})
    assert put.status == 200, put.body


async def _reactions(team: Team, execution_id: str, kinds: set[str]) -> dict[str, dict[str, Any]]:
    async def shown() -> dict[str, dict[str, Any]]:
        feedback = (await team.viewer("GET", f"/v1/executions/{execution_id}")).body["feedback"]
        found = {one["kind"]: one for one in feedback}
        return found if set(found) >= kinds else {}

    return dict(await until(shown))


async def _kept(stack: Stack, team: Team) -> str:
    """All rows of the workspace that hold such words, as PostgreSQL has them."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        tables = ("feedback", "feedback_history", "review_items", "dataset_items")
        found = [
            await connection.fetch(f"SELECT t::text FROM {one} t WHERE workspace_id = $1", team.admin.workspace.workspace_id)
            for one in tables
        ]
        return "\n".join(str(row[0]) for rows in found for row in rows)


async def test_a_reaction_is_masked_also_where_its_correction_is_json(team: Team, stack: Stack) -> None:
    await _masking(team)
    execution_id = await team.answer("hello")
    held_json = json.dumps({"from": "ann\\u0040example.com"}).replace("\\\\", "\\")
    body = {
        "execution_id": execution_id, "thumb": "down", "comment": SAID, "correction": held_json, "context": {"page": [SAID]},
        "user_id": "user 1",
    }  # fmt: skip
    assert (await team.ann("POST", "/v1/feedback", body)).status == 202
    shown = await _reactions(team, execution_id, {"thumb", "correction"})
    assert shown["thumb"]["comment"] == MASKED and shown["thumb"]["context"] == {"page": [MASKED]} and shown["thumb"]["user_id"] == "user 1"
    assert json.loads(shown["correction"]["correction"]) == {"from": "[EMAIL]"}
    kept = await _kept(stack, team)
    assert "ann@" not in kept and "u0040" not in kept


async def test_lines_of_a_batch_and_messages_of_other_systems_are_masked(team: Team, stack: Stack) -> None:
    await _masking(team)
    first, second = await team.answer("first"), await team.answer("second")
    lines = [{"execution_id": first, "comment": SAID}, {"execution_id": first, "correction": SAID, "user_id": "user 2"}]
    raw = "\n".join(json.dumps(one) for one in lines)
    taken = await team.ann("POST", "/v1/feedback/batch", raw=raw.encode())
    assert taken.status == 202, taken.body
    inbound = await endpoint(team.admin)
    told = rating(second, words=SAID)
    assert (await post(team.admin, inbound["path"], told, signed(inbound["secret"], told))).status == 202
    shown = await _reactions(team, first, {"comment", "correction"})
    assert (shown["comment"]["comment"], shown["correction"]["correction"]) == (MASKED, MASKED)
    assert (await _reactions(team, second, {"score"}))["score"]["comment"] == MASKED
    assert "example.com" not in await _kept(stack, team)


async def test_notes_and_corrections_of_reviewers_are_masked(team: Team, stack: Stack) -> None:
    await _masking(team)
    executions = [await team.answer(f"text {n}") for n in range(3)]
    picked = [await team.admin("POST", "/v1/review", {"execution_id": one, "note": SAID}) for one in executions]
    assert [one.body["note"] for one in picked] == [MASKED] * 3
    corrected, labelled, skipped = [one.body["id"] for one in picked]
    right = (await team.ann("POST", f"/v1/review/{corrected}/correct", {"expected": SAID, "note": f"why: {SAID}"})).body
    assert (right["item"]["expected"], right["item"]["note"]) == (MASKED, f"why: {MASKED}")
    assert right["dataset_item"]["expected"] == MASKED
    bad = (await team.ann("POST", f"/v1/review/{labelled}/label", {"verdict": "bad", "note": f"bad: {SAID}"})).body
    assert bad["item"]["note"] == f"bad: {MASKED}"
    assert (await team.ann("POST", f"/v1/review/{skipped}/skip", {"note": f"skip: {SAID}"})).body["item"]["note"] == f"skip: {MASKED}"
    assert "example.com" not in await _kept(stack, team)


async def test_without_masking_words_stay_as_they_were_said(team: Team) -> None:
    review = await team.pick("plain")
    right = (await team.ann("POST", f"/v1/review/{review}/correct", {"expected": SAID})).body
    assert (right["item"]["expected"], right["dataset_item"]["expected"]) == (SAID, SAID)


async def test_a_workspace_that_stores_no_text_stores_none_of_what_people_say_either(team: Team, stack: Stack) -> None:
    """Their verdicts count; words alone are refused, because nothing of them would be left."""
    changed = await team.admin("PATCH", f"/v1/workspaces/{team.admin.workspace.workspace_id}", {"store_content": False})
    assert changed.status == 200, changed.body

    async def stores_none() -> bool:
        alone = await team.ann("POST", "/v1/feedback", {"execution_id": str(new_uuid()), "comment": SAID})
        return alone.status == 422 and bool(alone.body["error"]["param"] == "comment")

    await until(stores_none)
    first, second = await team.answer("first"), await team.answer("second")
    words = {"comment": SAID, "correction": SAID, "context": {"page": SAID}}
    assert (await team.ann("POST", "/v1/feedback", {"execution_id": first, "thumb": "down", **words})).status == 202
    lines = [{"execution_id": first, "score": 0.25, **words}, {"execution_id": first, "correction": SAID}]
    taken = await team.ann("POST", "/v1/feedback/batch", raw="\n".join(json.dumps(one) for one in lines).encode())
    assert (taken.status, [one.get("error", {}).get("param") for one in taken.body["results"]]) == (200, [None, "correction"])
    inbound = await endpoint(team.admin)
    told = rating(second, words=SAID)
    assert (await post(team.admin, inbound["path"], told, signed(inbound["secret"], told))).status == 202
    shown = await _reactions(team, first, {"thumb", "score"})
    assert shown["thumb"]["context"] == {} and shown.keys() == {"thumb", "score"}
    assert not any("comment" in one for one in (*shown.values(), (await _reactions(team, second, {"score"}))["score"]))
    assert "example.com" not in await _kept(stack, team)
