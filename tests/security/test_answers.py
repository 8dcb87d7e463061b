"""Answers are what the OpenAPI document says they are."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from burnish_shared.contracts.event_catalogue import faults
from burnish_shared.contracts.events import Event
from tests.embedded.stack import Answer
from tests.embedded.superuser import as_superuser
from tests.security.conftest import World
from tests.security.world import Route, absent

GOLDEN = Path(__file__).resolve().parents[1] / "contracts/golden/v1"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-08")]


async def test_reads_answer_as_described(world: World) -> None:
    """Every GET about one's own things, and about things that nobody has: the status is documented, the body has its schema."""
    wrong: dict[str, Any] = {}
    checked = 0
    for route in world.routes:
        if route.method != "GET" or route.path in {"/metrics", "/"} or route.path.endswith("/events"):
            continue
        for answer in (await world.beta.call(route), await world.beta.call(route, own=absent())):
            problem = _problem(world, route, answer)
            checked += problem is None
            if problem:
                wrong[f"{route.name} {answer.status}"] = problem
    assert not wrong, json.dumps(wrong, indent=1)
    assert checked > 60


async def test_refusals_answer_as_described(world: World) -> None:
    """Every route with a body that is none, and without a key."""
    wrong: dict[str, Any] = {}
    for route in world.routes:
        if route.path.startswith("/v1/"):
            bad = b"{" if route.has_body else None
            for key in (world.beta.admin.key, "none"):
                answer = await world.beta.admin(route.method, route.url(absent()), raw=bad, headers={"authorization": f"Bearer {key}"})
                problem = _problem(world, route, answer) if answer.status >= 400 else None
                if problem:
                    wrong[f"{route.name} {answer.status}"] = problem
    assert not wrong, json.dumps(wrong, indent=1)


def _problem(world: World, route: Route, answer: Answer) -> str | None:
    """What contradicts the document; None where nothing does."""
    described = world.document["paths"][route.path][route.method.lower()]["responses"].get(str(answer.status))
    if described is None:
        return "this status is not documented"
    content = described.get("content", {})
    schema = content.get("application/json", {}).get("schema")
    is_text = answer.headers.get("content-type", "").partition(";")[0] in content.keys() - {"application/json"}
    if not schema or is_text:
        return None
    errors = [f"{list(error.instance_path)}: {error.message[:200]}" for error in _validator(world, schema).iter_errors(answer.body)]
    return "; ".join(errors[:3]) or None


def _validator(world: World, schema: dict[str, Any]) -> Any:
    """Made once for each schema: reading all components takes longer than a hundred answers."""
    said = json.dumps(schema, sort_keys=True)
    if said not in world.validators:
        world.validators[said] = jsonschema_rs.validator_for({**schema, "components": world.document["components"]})
    return world.validators[said]


@pytest.mark.promise("M-12")
async def test_events_that_left_have_the_fields_of_their_golden_files(world: World) -> None:
    """What the gateway told while the other tests ran, as it stands in the outbox."""
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        rows = await connection.fetch("SELECT body FROM outbox WHERE subject LIKE 'burnish.v1.%' AND service = 'gateway'")
    told: dict[str, list[Event]] = {}
    for row in rows:
        with contextlib.suppress(ValidationError):  # requests of background executions, wake-ups
            event = Event.model_validate_json(row["body"])
            told.setdefault(event.type, []).append(event)
    assert {"prompt.version.created", "prompt.label.moved"} <= set(told)
    for kind, events in told.items():
        golden = json.loads((GOLDEN / f"event.{kind}.json").read_text())["data"]
        assert [kind for event in events if not set(event.data) >= set(golden)] == [], (set(events[0].data), set(golden))
        assert [fault for event in events for fault in faults(event)] == [], "a field that came later is in the catalogue"


@pytest.mark.promise("G-08")
async def test_the_first_401_says_what_a_key_looks_like(world: World) -> None:
    answer = await replace(world.alpha.admin, key="")("GET", "/v1/prompts")
    assert answer.status == 401 and "bk_live_…" in answer.body["error"]["message"]


@pytest.mark.promise("G-08")
async def test_no_answer_leads_to_the_host_that_a_caller_named(world: World) -> None:
    answer = await world.alpha.admin("GET", "/v1/prompts/", headers={"host": "evil.example"})
    assert answer.status == 404 and "location" not in answer.headers and "evil" not in answer.raw.decode()
