"""What is stored of an execution: masked before its row is written, whoever made it."""

import json
from datetime import UTC, datetime

import pytest

from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.guardrails.conftest import Place

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13")]

TEXT = "ann@example.com calls customer C-1234567 from 192.168.1.77"
MASKED = "[EMAIL] calls customer [CUSTOMER] from 192.168.1.77"


async def _masking(place: Place) -> None:
    masking = {"kinds": ["email"], "patterns": [{"name": "customer", "pattern": "C-[0-9]{7}"}]}
    put = await place.caller("PUT", "/v1/masking", {"masking": masking})
    assert put.status == 200 and put.body["masking"]["kinds"] == ["email"], put.body
    read = (await place.caller("GET", "/v1/masking")).body
    assert read == put.body and read["updated_by"]


async def _everything(stack: Stack, place: Place) -> str:
    """All rows of the workspace that hold text, as PostgreSQL has them."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        tables = ("executions", "execution_contents")
        rows = [
            await connection.fetch(f"SELECT t::text FROM {one} t WHERE workspace_id = $1", place.caller.workspace.workspace_id)
            for one in tables
        ]
        return "\n".join(str(one[0]) for found in rows for one in found)


@pytest.mark.promise("P-08")
async def test_the_caller_is_told_all_and_the_row_holds_masks(stack: Stack, place: Place) -> None:
    await place.prompt()
    await _masking(place)
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": json.dumps({"text": TEXT})}}
    place.model.says = [TEXT, [call]]
    answer = await place.run(TEXT, metadata={"note": {"from": TEXT}}, user_id="ann@example.com")
    assert answer.body["output"] == TEXT and place.model.asked() == TEXT
    called = await place.run(TEXT)
    assert called.body["tool_calls"] == [call]
    kept = await place.stored(answer.body["id"])
    assert kept["output"] == MASKED and kept["messages"] == [{"role": "user", "content": MASKED}]
    assert kept["variables"] == {"text": MASKED} and kept["metadata"] == {"note": {"from": MASKED}} and kept["user_id"] == "ann@example.com"
    assert (await place.stored(called.body["id"]))["tool_calls"][0]["function"]["arguments"] == json.dumps({"text": MASKED})
    stored = await _everything(stack, place)
    assert "C-1234567" not in stored and stored.count("ann@example.com") == 1  # whom it was for, and nothing else


async def test_executions_made_elsewhere_are_masked_too(stack: Stack, place: Place) -> None:
    await _masking(place)
    line = {
        "id": "theirs", "model": "their/model", "finished_at": datetime.now(UTC).isoformat(),
        "messages": [{"role": "user", "content": TEXT}],
        "output": TEXT, "variables": {"a": [TEXT]}, "error": TEXT,
    }  # fmt: skip
    taken = await place.caller("POST", "/v1/executions/import", line)
    assert taken.status == 200 and taken.body["accepted"] == 1, taken.body
    stored = await _everything(stack, place)
    assert stored and "ann@example.com" not in stored and "C-1234567" not in stored and MASKED in stored


async def test_masking_of_nothing_stores_texts_as_they_are(place: Place) -> None:
    await place.prompt()
    put = await place.caller("PUT", "/v1/masking", {"masking": {}})
    assert put.status == 200
    place.model.says = [TEXT]
    answer = await place.run(TEXT)
    assert (await place.stored(answer.body["id"]))["output"] == TEXT
    wrong = await place.caller("PUT", "/v1/masking", {"masking": {"patterns": [{"name": "x", "pattern": "a*"}]}})
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "masking.patterns")
