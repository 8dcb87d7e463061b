"""Named metrics with a declared type and direction (F1)."""

import asyncio
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F1")]


async def send(caller: Caller, name: str, value: Any) -> int:
    return (await caller("POST", "/v1/feedback", {"execution_id": str(new_uuid()), "metric": {"name": name, "value": value}})).status


@pytest.mark.promise("A-07")
async def test_values_are_held_to_what_was_declared_and_an_undeclared_name_takes_any_number(caller: Caller) -> None:
    assert await send(caller, "converted", 7) == 202
    for name, body in {
        "converted": {"type": "binary", "direction": "higher"},
        "waited": {"type": "duration_ms", "direction": "lower", "max": 1000},
        "basket": {"type": "money", "direction": "higher", "min": -5.5},
    }.items():
        assert (await caller("PUT", f"/v1/metrics/{name}", body)).status == 200
    async with asyncio.timeout(60):
        while await send(caller, "converted", 7) == 202:
            await asyncio.sleep(0.02)
    tried = {(name, value): await send(caller, name, value) for name, value in (
        ("converted", 1), ("converted", 0), ("converted", 0.5), ("waited", 0), ("waited", 1000.5), ("waited", -1), ("basket", -5.5),
        ("basket", -6), ("other", 10**9),
    )}  # fmt: skip
    assert [one for one, status in tried.items() if status == 422] == [
        ("converted", 0.5),
        ("waited", 1000.5),
        ("waited", -1),
        ("basket", -6),
    ]
    listed = (await caller("GET", "/v1/metrics")).body["data"]
    assert [(one["name"], one["type"], one["direction"]) for one in listed] == [
        ("basket", "money", "higher"), ("converted", "binary", "higher"), ("waited", "duration_ms", "lower"),
    ]  # fmt: skip
    assert (await caller("DELETE", "/v1/metrics/waited")).status == 200
    assert (await caller("DELETE", "/v1/metrics/waited")).status == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"type": "binary", "direction": "higher", "max": 1}, "min"),
        ({"type": "number", "direction": "higher", "min": 2, "max": 1}, "min"),
        ({"type": "number", "direction": "up"}, "direction"),
        ({"type": "number"}, "direction"),
    ],
)
async def test_a_declaration_that_contradicts_itself_is_refused(caller: Caller, body: dict[str, Any], param: str) -> None:
    answer = await caller("PUT", "/v1/metrics/odd", body)
    assert (answer.status, answer.body["error"]["param"]) == (422, param)
