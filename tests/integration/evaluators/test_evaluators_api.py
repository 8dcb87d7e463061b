"""Evaluators over the API: made, tried, listed, archived (PRODUCT O3)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from burnish_gateway.models.book import ModelBook
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.evaluators.patient import patient_caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3")]

POLITE = {
    "kind": "code",
    "code": "words = len(output.split())\n{'score': 1 if 'please' in output.lower() else 0, 'reason': f'{words} words'}",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0, gateway={"sandbox_wasm": True}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await patient_caller(stack, role="editor")


async def test_an_evaluator_is_made_tried_listed_and_archived(caller: Caller) -> None:
    made = await caller("POST", "/v1/evaluators", {"name": "polite", "settings": POLITE})
    assert made.status == 201 and made.body["settings"] == {**POLITE, "language": "python"}
    tried = await caller("POST", f"/v1/evaluators/{made.body['id']}/try", {"output": "Please send the order number."})
    assert (tried.status, tried.body["score"], tried.body["passed"], tried.body["reason"]) == (200, 1.0, True, "5 words")
    assert (await caller("GET", f"/v1/evaluators/{made.body['id']}")).body == made.body
    assert [one["name"] for one in (await caller("GET", "/v1/evaluators")).body["data"]] == ["polite"]
    again = await caller("POST", "/v1/evaluators", {"name": "POLITE", "settings": {"kind": "exact"}})
    assert again.status == 409 and again.body["error"]["param"] == "name"
    gone = await caller("DELETE", f"/v1/evaluators/{made.body['id']}")
    assert gone.status == 200 and gone.body["archived_at"]
    assert (await caller("GET", "/v1/evaluators")).body["data"] == []
    assert len((await caller("GET", "/v1/evaluators?archived=true")).body["data"]) == 1
    assert (await caller("POST", "/v1/evaluators", {"name": "polite", "settings": {"kind": "exact"}})).status == 201


@pytest.mark.capability("U1")
async def test_nobody_makes_a_version_over_one_that_they_have_not_seen(caller: Caller) -> None:
    made = await caller("POST", "/v1/evaluators", {"name": "by two", "settings": POLITE})
    path = f"/v1/evaluators/{made.body['id']}/versions"
    of = {name: {**POLITE, "code": f"'{name}' in output"} for name in ("ada", "bob", "eve")}
    first = await caller("POST", path, {"settings": of["ada"], "base_version": 1})
    assert (first.status, first.body["version"]) == (201, 2)
    behind = await caller("POST", path, {"settings": of["bob"], "base_version": 1})
    assert (behind.status, behind.body["error"]["code"], behind.body["error"]["param"]) == (409, "newer_version", "base_version")
    assert behind.body["error"]["details"]["newer_version"] == 2
    assert (await caller("GET", f"/v1/evaluators/{made.body['id']}")).body["settings"]["code"] == of["ada"]["code"]
    assert (await caller("POST", path, {"settings": of["ada"], "base_version": 1})).body["version"] == 2, "it stands already"
    ahead = await caller("POST", path, {"settings": of["bob"], "base_version": 9})
    assert (ahead.status, ahead.body["error"]["param"]) == (422, "base_version")
    assert (await caller("POST", path, {"settings": of["bob"], "base_version": 2})).body["version"] == 3
    assert (await caller("POST", path, {"settings": of["eve"]})).body["version"] == 4, "whoever does not say takes what is there"


async def test_live_evaluations_are_archived_with_their_evaluator(caller: Caller) -> None:
    made = await caller("POST", "/v1/evaluators", {"name": "thanks", "settings": {"kind": "contains", "phrases": ["thank"]}})
    live = [
        await caller("POST", "/v1/live-evaluations", {"evaluator_id": made.body["id"], "labels": [label], "sample": 1, "active": active})
        for label, active in (("production", True), ("staging", False))
    ]
    assert [one.status for one in live] == [201, 201], live
    for _ in range(2):
        assert (await caller("DELETE", f"/v1/evaluators/{made.body['id']}")).status == 200
    assert (await caller("GET", "/v1/live-evaluations")).body["data"] == []
    for one in live:
        path = f"/v1/live-evaluations/{one.body['id']}"
        shown = (await caller("GET", path)).body
        assert shown["archived_at"] and not shown["active"]
        assert (await caller("PATCH", path, {"active": True})).status == 404


async def test_settings_are_tried_before_they_are_saved(caller: Caller) -> None:
    async def score(settings: dict[str, Any], **case: Any) -> Any:
        answer = await caller("POST", "/v1/evaluators/try", {"settings": settings, **case})
        assert answer.status == 200, answer.body
        return answer.body["score"]

    assert await score({"kind": "exact"}, output="a", expected="a") == 1
    assert await score({"kind": "expression", "expression": "variables.n > 2"}, output="", variables={"n": 3}) == 1
    assert await score({"kind": "json_schema", "schema": {"type": "array"}}, output="[1]") == 1
    assert await score({"kind": "numeric", "absolute": 1}, output="about 41", expected="42") == 1
    none = await caller("POST", "/v1/evaluators/try", {"settings": {"kind": "exact"}, "output": "a"})
    assert (none.body["score"], none.body["unavailable"]) == (None, "unavailable")
    failed = await caller("POST", "/v1/evaluators/try", {"settings": {"kind": "code", "code": "while True: pass"}, "output": "a"})
    assert (failed.body["score"], failed.body["unavailable"]) == (None, "failed") and "time" in failed.body["reason"]
    defined = {"kind": "code", "code": "def score(output):\n    return len(output) < 9"}
    uncalled = await caller("POST", "/v1/evaluators/try", {"settings": defined, "output": "a"})
    assert (uncalled.body["score"], uncalled.body["unavailable"]) == (None, "failed") and "call a function" in uncalled.body["reason"]
    assert await score(defined | {"code": defined["code"] + "\nscore(output)"}, output="a") == 1


JUDGED = [
    ({"kind": "llm_judge", "model": "nobodys/judge", "rubric": "Is it polite?"}, "settings.model"),
    ({"kind": "jury", "models": ["simulated/judge", "nobodys/judge"], "rubric": "Is it polite?"}, "settings.models[1]"),
    ({"kind": "toxicity", "judge": "nobodys/judge"}, "settings.judge"),
]


@pytest.mark.parametrize(("settings", "param"), JUDGED)
async def test_a_judge_that_cannot_be_called_is_refused_where_the_settings_name_it(
    caller: Caller, settings: dict[str, Any], param: str
) -> None:
    for path, body in (("/v1/evaluators", {"name": "judged"}), ("/v1/evaluators/try", {"output": "Hello."})):
        refused = await caller("POST", path, body | {"settings": settings})
        assert (refused.status, refused.body["error"]["param"]) == (404, param), refused.body


@pytest.mark.parametrize(("settings", "param"), JUDGED)
async def test_a_judge_that_was_removed_meanwhile_is_refused_where_the_settings_name_it(
    caller: Caller, settings: dict[str, Any], param: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = settings["kind"]
    known = {"model": "simulated/judge", "models": ["simulated/judge", "simulated/chat"], "judge": "simulated/judge"}
    was = await caller(
        "POST", "/v1/evaluators", {"name": f"was {kind}", "settings": settings | {x: known[x] for x in known if x in settings}}
    )
    assert was.status == 201, was.body

    async def callable_still(*_: Any, **__: Any) -> None:
        """As it was when somebody looked, a moment before."""

    monkeypatch.setattr(ModelBook, "route", callable_still)
    for path, body in (("/v1/evaluators", {"name": f"new {kind}"}), (f"/v1/evaluators/{was.body['id']}/versions", {})):
        refused = await caller("POST", path, body | {"settings": settings})
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body


@pytest.mark.parametrize(
    ("settings", "param", "line"),
    [
        ({"kind": "code", "code": "x = 1\ny = (\n"}, "settings.code", 3),
        ({"kind": "expression", "expression": "output >"}, "settings.expression", 1),
        ({"kind": "regex", "pattern": "("}, "settings.pattern", None),
        ({"kind": "json_schema", "schema": {"$ref": "http://127.0.0.1:9/x"}}, "settings.schema", None),
        ({"kind": "code", "language": "wasm", "code": "AAAA"}, "settings.code", None),
    ],
)
async def test_a_mistake_is_answered_with_its_place_and_saves_nothing(
    caller: Caller, settings: dict[str, Any], param: str, line: int | None
) -> None:
    answer = await caller("POST", "/v1/evaluators", {"name": "wrong", "settings": settings})
    assert (answer.status, answer.body["error"]["param"]) == (422, param)
    assert (answer.body["error"]["details"] or {}).get("line") == line
    assert (await caller("GET", "/v1/evaluators")).body["data"] == []


async def test_bad_settings_name_their_field(caller: Caller) -> None:
    unknown = await caller("POST", "/v1/evaluators", {"name": "x", "settings": {"kind": "magic"}})
    extra = await caller("POST", "/v1/evaluators", {"name": "x", "settings": {"kind": "exact", "more": 1}})
    assert unknown.status == extra.status == 422
    assert "settings" in unknown.body["error"]["param"] and "settings" in extra.body["error"]["param"]


async def test_another_workspace_knows_nothing_of_it(stack: Stack, caller: Caller) -> None:
    made = (await caller("POST", "/v1/evaluators", {"name": "own", "settings": {"kind": "exact"}})).body["id"]
    other = await stack.caller()
    for method, path, body in (("GET", "", None), ("POST", "/try", {"output": "x"}), ("DELETE", "", None)):
        assert (await other(method, f"/v1/evaluators/{made}{path}", body)).status == 404
