"""Saved views: filters of a page under a name that all members find."""

from typing import Any

import pytest

from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("U1", "A2")]

SLOW = {"place": "runs", "name": "Slow ones", "filters": {"status": "timeout", "tag": ["a", "b"]}}


async def kept(caller: Caller, place: str = "") -> list[dict[str, Any]]:
    answer = await caller("GET", f"/v1/views?place={place}" if place else "/v1/views")
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


async def test_a_view_is_kept_found_changed_and_removed_and_the_audit_log_tells(caller: Caller) -> None:
    made = await caller("POST", "/v1/views", SLOW)
    assert made.status == 201 and {name: made.body[name] for name in SLOW} == SLOW, made.body
    other = await caller("POST", "/v1/views", {"place": "costs", "name": "slow ones", "filters": {"range": "90d"}})
    assert other.status == 201, other.body  # Another page's names are its own.
    assert [one["name"] for one in await kept(caller)] == ["slow ones", "Slow ones"]
    assert [one["id"] for one in await kept(caller, "runs")] == [made.body["id"]]

    path = f"/v1/views/{made.body['id']}"
    renamed = await caller("PATCH", path, {"name": "Timeouts"})
    assert (renamed.status, renamed.body["name"], renamed.body["filters"]) == (200, "Timeouts", SLOW["filters"])
    narrowed = await caller("PATCH", path, {"filters": {}})
    assert (narrowed.body["name"], narrowed.body["filters"]) == ("Timeouts", {})
    assert (await caller("DELETE", path)).status == 204
    assert await kept(caller, "runs") == []
    told = (await caller("GET", "/v1/audit?object_kind=view")).body["data"]
    mine = [one for one in told if one["object_id"] == made.body["id"]]
    assert [one["action"] for one in mine] == ["view.removed", "view.changed", "view.changed", "view.saved"]
    assert mine[0]["before"]["name"] == "Timeouts" and mine[0]["after"] is None
    assert mine[-1]["after"]["filters"] == ["status", "tag"], "the log outlives the view: names of filters, no values"


async def test_blanks_around_a_name_are_no_part_of_it_and_what_says_nothing_new_changes_nothing(caller: Caller) -> None:
    made = await caller("POST", "/v1/views", SLOW | {"place": "failures", "name": "  Late ones "})
    assert (made.status, made.body["name"]) == (201, "Late ones"), made.body
    again = await caller("POST", "/v1/views", SLOW | {"place": "failures", "name": "late ONES  "})
    assert (again.status, again.body["error"]["param"]) == (409, "name"), again.body
    path = f"/v1/views/{made.body['id']}"
    for change in ({}, {"name": None}, {"name": "Late ones ", "filters": SLOW["filters"]}):
        same = await caller("PATCH", path, change)
        assert (same.status, same.body) == (200, made.body), change
    told = (await caller("GET", "/v1/audit?object_kind=view")).body["data"]
    assert [one["action"] for one in told if one["object_id"] == made.body["id"]] == ["view.saved"]
    assert (await caller("DELETE", path)).status == 204


@pytest.mark.promise("G-10")
@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"filters": {"user": "ann"}}, "filters.user"),
        ({"filters": {"session_id": "chat-1"}}, "filters.session_id"),
        ({"filters": {"Odd name": "x"}}, "filters.Odd name"),
        ({"filters": {"tag": []}}, "filters.tag"),
        ({"filters": {"status": "x" * 501}}, "filters.status"),
        ({"filters": {f"f{n}": "x" for n in range(41)}}, "filters"),
        ({"filters": {f"f{n}": "x" * 500 for n in range(8)}}, "filters"),
        ({"filters": {"tag": ["x" * 400] * 10}}, "filters"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"place": "elsewhere"}, "place"),
    ],
)
async def test_what_no_view_can_be_is_refused_and_changes_nothing(caller: Caller, changed: dict[str, Any], param: str) -> None:
    before = await kept(caller)
    refused = await caller("POST", "/v1/views", SLOW | {"name": "Refused"} | changed)
    assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    assert await kept(caller) == before


async def test_what_changes_nothing_of_a_view_is_no_change_of_anybody(caller: Caller) -> None:
    made = (await caller("POST", "/v1/views", SLOW | {"name": "Steady"})).body
    path = f"/v1/views/{made['id']}"
    for body in ({}, {"name": None}, {"name": "Steady"}, {"filters": SLOW["filters"]}):
        same = await caller("PATCH", path, body)
        assert (same.status, same.body) == (200, made)
    wider = {"filters": {f"f{n}": "x" * 500 for n in range(8)}}
    assert (await caller("PATCH", path, wider)).body["error"]["param"] == "filters"
    told = (await caller("GET", "/v1/audit?object_kind=view")).body["data"]
    assert [one["action"] for one in told if one["object_id"] == made["id"]] == ["view.saved"]


async def test_a_name_that_is_taken_on_the_page_is_refused_in_whatever_case(caller: Caller) -> None:
    await caller("POST", "/v1/views", SLOW | {"name": "Taken"})
    free = await caller("POST", "/v1/views", SLOW | {"name": "Free"})
    for answer in (
        await caller("POST", "/v1/views", SLOW | {"name": "TAKEN"}),
        await caller("PATCH", f"/v1/views/{free.body['id']}", {"name": "taken"}),
    ):
        assert (answer.status, answer.body["error"]["param"]) == (409, "name"), answer.body
    same = await caller("PATCH", f"/v1/views/{free.body['id']}", {"name": "FREE"})
    assert (same.status, same.body["name"]) == (200, "FREE")


async def test_a_workspace_keeps_so_many_and_no_more(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_gateway.views.keep_views.VIEWS_MOST", len(await kept(caller)) + 1)
    assert (await caller("POST", "/v1/views", SLOW | {"name": "The last"})).status == 201
    refused = await caller("POST", "/v1/views", SLOW | {"name": "One too many"})
    assert refused.status == 409 and "remove one first" in refused.body["error"]["message"]
