"""Histories of other systems in one file: what was called becomes executions, and what people said of it feedback (P10, F1)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded.stack import Caller
from tests.integration.feedback_api.test_feedback_api import feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P10", "F1")]

NOW = datetime.now(UTC).replace(microsecond=0)
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def bring(caller: Caller, file: Any, query: str) -> Any:
    answer = await caller("POST", f"/v1/import?{query}", raw=json.dumps(file).encode())
    assert answer.status == 200, answer.body
    return answer.body


async def brought(caller: Caller) -> dict[str, Any]:
    """Whole executions by the ids of their source."""
    listed = (await caller("GET", "/v1/executions?lane=imported&limit=50")).body["data"]
    whole = [(await caller("GET", f"/v1/executions/{row['id']}")).body for row in listed]
    return {one["imported"]["id"]: one for one in whole}


async def said_of(caller: Caller, execution_id: str, *, most: int) -> dict[str, Any]:
    async def all_here() -> dict[str, Any] | None:
        shown = await feedback_shown(caller, execution_id)
        return {one["kind"]: one for one in shown} if len(shown) >= most else None

    return dict(await until(all_here))


def at(minutes: int) -> str:
    return (NOW - timedelta(hours=2) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def generation(their_id: str, begin: int, **more: Any) -> dict[str, Any]:
    return {
        "id": their_id, "traceId": TRACE, "type": "GENERATION", "name": "answer", "startTime": at(begin), "endTime": at(begin + 1),
        "model": "gpt-4o", "input": [{"role": "user", "content": "Where is it?"}], "output": {"role": "assistant", "content": "In Kiel."},
        "usage": {"input": 12, "output": 3, "unit": "TOKENS"}, "calculatedTotalCost": 0.0015, "promptName": "Support/Finder",
        "promptVersion": 2, "level": "DEFAULT", "metadata": {"region": "eu"},
    } | more  # fmt: skip


FILE: dict[str, Any] = {
    "prompts": [
        {"name": "Support/Finder", "type": "text", "version": number, "prompt": f"{number}: find {{{{what}}}}", "labels": [], "config": {}}
        for number in (1, 2)
    ],
    "traces": [
        {"id": TRACE, "timestamp": at(0), "name": "chat", "userId": "ada", "sessionId": "s-9", "metadata": {"plan": "pro"}},
        {"id": "bare", "timestamp": at(0), "name": "no model", "input": "x"},
    ],
    "observations": [
        generation("g-1", 0), generation("g-2", 2, level="ERROR", statusMessage="It broke", output=None),
        generation("span", 0, type="SPAN"),
    ],
    "scores": [
        {"id": "s-1", "traceId": TRACE, "observationId": "g-1", "name": "user-feedback", "value": 1, "dataType": "BOOLEAN",
         "comment": "just right", "source": "API", "timestamp": at(5)},
        {"id": "s-2", "traceId": TRACE, "observationId": "g-1", "name": "faithfulness!", "value": 0.75, "dataType": "NUMERIC",
         "source": "EVAL", "timestamp": at(5)},
        {"id": "s-3", "traceId": TRACE, "name": "quality", "value": 0.25, "dataType": "NUMERIC", "source": "ANNOTATION",
         "timestamp": at(6)},
        {"id": "s-4", "traceId": TRACE, "name": "topic", "value": 0, "stringValue": "billing",
         "dataType": "CATEGORICAL", "source": "API"},
        {"id": "s-5", "traceId": "elsewhere", "name": "user-feedback", "value": 1, "dataType": "BOOLEAN", "source": "API"},
    ],
}  # fmt: skip


async def test_traces_and_scores_of_langfuse_become_executions_with_feedback(caller: Caller) -> None:
    planned = await bring(caller, FILE, "format=langfuse&model=simulated/chat&dry_run=true")
    told = await bring(caller, FILE, "format=langfuse&model=simulated/chat")
    assert planned == told | {"dry_run": True}
    assert (told["executions"], told["feedback"]) == ({"found": 2, "added": 2}, {"found": 4})
    assert [any(word in note for note in told["notes"]) for word in ("1 observations", "1 traces", "scores[4]")] == [True] * 3
    assert told["left_out"] == 2, "a span is no loss"

    runs = await brought(caller)
    first, second = runs["g-1"], runs["g-2"]
    assert (first["prompt"], first["version"], first["model"], first["output"]) == ("support-finder", 2, "gpt-4o", "In Kiel.")
    assert (first["user_id"], first["session_id"], first["latency_ms"]) == ("ada", "s-9", 60_000)
    assert (first["usage"]["input_tokens"], first["imported"]["reported_cost_nusd"], first["cost_nusd"]) == (12, 1_500_000, 0)
    assert first["metadata"] == {"trace_name": "chat", "observation_name": "answer", "plan": "pro", "region": "eu"}
    assert (second["status"], second["error"]["message"]) == ("error", "It broke")

    said = await said_of(caller, first["id"], most=2)
    assert (said["thumb"]["thumb"], said["thumb"]["comment"], said["thumb"]["user_id"]) == ("up", "just right", "ada")
    assert said["metric"]["metric"] == {"name": "faithfulness", "value": 0.75}
    of_trace = await said_of(caller, second["id"], most=2)
    assert of_trace["score"]["score"] == 0.25, "of a whole trace: its last generation"
    assert of_trace["metric"]["metric"] == {"name": "topic.billing", "value": 1.0}

    later = await caller("POST", "/v1/feedback", {"execution_id": first["id"], "thumb": "down", "user_id": "ada"})
    assert later.status == 202
    again = await bring(caller, FILE, "format=langfuse&model=simulated/chat")
    assert (again["executions"], again["feedback"]) == ({"found": 2, "added": 0}, {"found": 4})

    async def counted() -> dict[str, Any] | None:
        found = (await caller("GET", "/v1/analytics/summary?prompt=support-finder")).body
        return found if (found["executions"], found["thumbs_down"]) == (2, 1) else None

    found = await until(counted)
    assert (found["thumbs_up"], found["mean_score"]) == (0, 0.25), "what she said here since then stands, and nothing counts twice"


async def test_a_generation_counts_for_its_version_where_the_prompts_came_in_by_another_file(caller: Caller) -> None:
    """Prompts and months of history are files of their own. It counted for whatever `production` was."""
    await bring(caller, FILE["prompts"], "format=langfuse&model=simulated/chat")
    told = await bring(caller, [generation("g-1", 0, promptVersion=1), generation("g-2", 2, promptVersion=None)], "format=langfuse")
    assert told["executions"] == {"found": 2, "added": 2}
    runs = await brought(caller)
    assert [(runs[one]["prompt"], runs[one]["version"], runs[one]["label"]) for one in ("g-1", "g-2")] == [
        ("support-finder", 1, None),
        ("support-finder", None, "production"),
    ]


async def test_ratings_of_the_source_systems_become_feedback(caller: Caller) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "r-1", "rating": 5, "feedback_comment": "great", "user_id": "ada"}, {"id": "r-2", "rating": 2},
        {"id": "r-3", "feedback": "thumbs_down"}, {"id": "r-4", "user_feedback": "I asked for tea"}, {"id": "r-6"},
    ]  # fmt: skip
    rest = {"prompt_name": "route", "model": "gpt-4o", "response": "x", "created_at": at(0)}
    told = await bring(caller, {"ai_prompt_executions": [rest | one for one in rows]}, "format=source&model=simulated/chat")
    assert (told["executions"]["added"], told["feedback"], told["notes"]) == (5, {"found": 4}, [])
    runs = await brought(caller)
    great = (await said_of(caller, runs["r-1"]["id"], most=1))["score"]
    assert (great["score"], great["comment"], great["user_id"]) == (1.0, "great", "ada")
    assert (await said_of(caller, runs["r-2"]["id"], most=1))["score"]["score"] == 0.25
    assert (await said_of(caller, runs["r-3"]["id"], most=1))["thumb"]["thumb"] == "down"
    assert (await said_of(caller, runs["r-4"]["id"], most=1))["comment"]["comment"] == "I asked for tea"
    assert await feedback_shown(caller, runs["r-6"]["id"]) == []


async def test_marks_of_a_scale_that_nobody_named_are_left_out_and_said(caller: Caller) -> None:
    rows = [{"id": "m-1", "rating": 9, "feedback_comment": "fine"}, {"id": "m-2", "rating": 5}, {"id": "m-3", "feedback": "thumbs_up"}]
    rest = {"prompt_name": "route", "model": "gpt-4o", "response": "x", "created_at": at(0)}
    told = await bring(caller, {"ai_prompt_executions": [rest | one for one in rows]}, "format=source&model=simulated/chat")
    assert (told["executions"]["added"], told["feedback"]) == (3, {"found": 2}), "the 5 of ten is not the 5 of five"
    assert [[mark for mark in ("'9'", "'5'") if mark in note] for note in told["notes"]] == [["'9'"], ["'5'"]]
