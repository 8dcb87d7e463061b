"""The audit log: every change of configuration leaves an entry, admins read, filter and export it, nobody changes it (PRODUCT T4)."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.ids import new_uuid
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Caller
from tests.security.conftest import World
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import Route

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T4")]

NO_CONFIGURATION = {
    "POST /v1/executions": "use; it stands in the executions",
    "POST /v1/chat/completions": "use; it stands in the executions",
    "POST /v1/completions": "use; it stands in the executions",
    "POST /v1/embeddings": "use; it stands in the executions",
    "POST /v1/responses": "use; it stands in the executions",
    "POST /v1/messages": "use; it stands in the executions",
    "POST /v1/responses/input_tokens": "changes nothing",
    "POST /v1/messages/count_tokens": "changes nothing",
    "POST /v1/feedback": "use; it stands in the feedback",
    "POST /v1/executions/compare": "use; it stands in the executions",
    "POST /v1/executions/{execution_id}/cancel": "use; it stands in the execution",
    "POST /v1/responses/{response_id}/cancel": "the same",
    "POST /v1/batches/estimate": "changes nothing",
    "POST /v1/enrichments": "use; it stands in the enrichments",
    "POST /v1/enrichments/batch": "the same",
    "POST /v1/enrichments/groups/{group_id}/cancel": "the same",
    "DELETE /v1/enrichments/{enrichment_id}": "the same",
    "POST /start_optimization": "use; it stands in the sessions",
    "POST /submit_answer": "the same",
    "POST /generate_final_prompt": "the same",
    "POST /submit_feedback": "the same",
    "POST /suggest": "changes nothing",
    "POST /prompt-executor": "use; it stands in the executions",
    "POST /analyze-chat": "use; it stands in the enrichments",
    "POST /enrich-content": "the same",
    "POST /functions/v1/prompt-executor": "use; it stands in the executions",
    "POST /functions/v1/analyze-chat": "use; it stands in the enrichments",
    "POST /functions/v1/enrich-content": "the same",
    "POST /v1/clarifications": "use; it stands in the sessions, which are their owner's alone",
    "POST /v1/clarifications/import": "the same",
    "POST /v1/clarifications/{clarification_id}/answers": "the same",
    "POST /v1/clarifications/{clarification_id}/final-prompt": "the same",
    "POST /v1/clarifications/{clarification_id}/feedback": "the same",
    "DELETE /v1/clarifications/{clarification_id}": "the same",
    "POST /v1/chains/{slug}/runs": "use; it stands in the runs",
    "POST /v1/chain-runs/{chain_run_id}/cancel": "use; it stands in the run",
    "POST /v1/executions/import": "use; it stands in the executions",
    "POST /v1/otlp/v1/traces": "use; it stands in the executions",
    "POST /v1/feedback/batch": "use; it stands in the feedback",
    "POST /v1/prompts/{slug}/render": "changes nothing",
    "POST /v1/prompts/{slug}/versions/{version}/review/withdraw": "notes when there is a review to withdraw; there is none here",
    "POST /v1/prompts/{slug}/versions/{version}/compress": "notes when it saved a shorter version; there is nothing to leave out here",
    "POST /v1/routing/explain": "changes nothing",
    "POST /v1/provider-keys/{provider_key_id}/test": "one call of the provider; it stands in the key's health",
    "POST /v1/evaluators/try": "changes nothing",
    "POST /v1/guardrails/try": "changes nothing",
    "POST /v1/inbound-endpoints/try": "changes nothing",
    "PUT /v1/presence": "who looks at what, in memory alone",
    "POST /v1/reports": "makes a report, which says by whom; changes no configuration",
    "POST /v1/reports/schedule/run": "the same",
    "POST /v1/datasets/preview": "changes nothing",
    "POST /v1/test-runs/forecast": "changes nothing",
    "POST /v1/scorings/forecast": "it only counts",
    "POST /v1/optimizations/forecast": "changes nothing",
    "POST /v1/model-migrations/forecast": "changes nothing",
    "POST /v1/model-migrations/{migration_id}/cancel": "notes when there is something to stop; this one is over",
    "POST /v1/suggest": "one call of a model; it stands in the executions",
    "POST /v1/evaluators/{evaluator_id}/try": "changes nothing",
    "POST /v1/experiments/backtests/forecast": "changes nothing",
    "POST /v1/review": "use; it stands in the queue, with who did it",
    "POST /v1/review/claim": "use; it stands in the queue, with who did it",
    "POST /v1/review/{review_id}/skip": "use; it stands in the queue, with who did it",
    "POST /v1/alert-channels/{channel_id}/test": "one message; the channel says what came of it",
    "POST /v1/webhooks/endpoints/{endpoint_id}/test": "one message; it stands in the deliveries",
    "POST /v1/webhooks/deliveries/{delivery_id}/replay": "one message; it stands in the deliveries",
    "POST /v1/webhooks/replays/{replay_id}/cancel": "notes when there is something to stop; this one is over",
}
"""Routes that change no configuration, and why. Any other one that is no GET leaves an entry."""

TESTED_ELSEWHERE = {"DELETE /v1/workspaces/{workspace_id}": "it would end the tenant; tests/integration/privacy/test_erased_workspace.py"}

INSTEAD = {
    "POST /v1/optimizations/{job_id}/cancel": {"job": "running_job"},
    "POST /v1/suggestions/{suggestion_id}/reject": {"suggestion": "other_suggestion"},
    "POST /v1/prompts": {"slug": "free_slug"},
    "PUT /v1/prompts/{slug}/labels/{label}": {"label": "free_label"},
    "PUT /v1/chains/{slug}/labels/{label}": {"label": "free_label"},
    "DELETE /v1/prompts/{slug}/labels/{label}": {"label": "free_label"},
}
"""Routes that need another thing of the tenant's than all others, because theirs is used up."""

AUDIT = "/v1/audit"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def zeta(world: World) -> AsyncIterator[Tenant]:
    yield await make_tenant(world.stack, "zeta")


@pytest_asyncio.fixture(loop_scope="session")
async def database(world: World) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.stack.urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


async def test_every_change_of_configuration_leaves_an_entry(world: World, zeta: Tenant, database: asyncpg.Connection) -> None:
    """Who, what, when, from where, in which request, before and after; and what is no configuration leaves none."""
    wrong: dict[str, Any] = {}
    keys = {one["id"] for one in (await zeta.admin("GET", "/v1/api-keys?limit=200")).body["data"]}
    for route in _changes(world):
        if route.name in TESTED_ELSEWHERE:
            continue
        before = datetime.now(UTC)
        request_id, status, body = await _call(zeta, route)
        entries = await database.fetch("SELECT * FROM audit_log WHERE request_id = $1", request_id)
        if status >= 300:
            wrong[route.name] = f"is answered {status}, so nothing can be said of it: {body}"
        elif route.name in NO_CONFIGURATION:
            if entries:
                wrong[route.name] = "leaves an entry: take it out of NO_CONFIGURATION"
        elif not entries:
            wrong[route.name] = "leaves no entry: call access.audit.note, or say in NO_CONFIGURATION why it needs none"
        else:
            problems = [problem for one in entries if (problem := _problem(one, route, keys=keys, since=before))]
            wrong |= {route.name: problems} if problems else {}
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


async def test_what_is_sent_once_more_as_it_stands_is_no_change(world: World) -> None:
    """A log of changes that were none hides those that were."""
    admin = await world.stack.caller()

    async def ask(method: str, path: str, body: Any) -> Any:
        answer = await admin(method, path, body)
        assert answer.status < 300, answer.body
        return answer.body

    await ask("POST", "/v1/prompts", {"slug": "a", "template": "Hello.", "model": "simulated/chat"})
    await ask("POST", "/v1/chains", {"slug": "c", "steps": [{"id": "a", "prompt": "a"}]})
    budget = (await ask("POST", "/v1/budgets", {"target_kind": "workspace", "limit_nusd": 10**9, "period": "day"}))["id"]
    key = (await ask("POST", "/v1/provider-keys", {"provider": "openai", "name": "k", "key": "sk-not-a-real-key-1234"}))["id"]
    changes = {
        "prompt.changed": ("PATCH", "/v1/prompts/a", {"tags": ["x"], "description": "d"}),
        "chain.changed": ("PATCH", "/v1/chains/c", {"tags": ["x"], "archived": False}),
        "budget.changed": ("PATCH", f"/v1/budgets/{budget}", {"limit_nusd": 10**10}),
        "credits.warning_set": ("PUT", "/v1/credits/warning", {"below_nusd": 5}),
        "provider_key.changed": ("PATCH", f"/v1/provider-keys/{key}", {"priority": 5}),
    }
    for method, path, body in [*changes.values(), *changes.values()]:
        await ask(method, path, body)
    counts = {action: len((await admin("GET", f"{AUDIT}?action={action}")).body["data"]) for action in changes}
    assert counts == dict.fromkeys(changes, 1)


async def test_an_admin_reads_and_filters_the_log(world: World) -> None:
    admin = await world.stack.caller()
    made = await admin("POST", "/v1/api-keys", {"name": "one"}, headers={"x-request-id": "made-one"})
    await admin("PATCH", f"/v1/api-keys/{made.body['id']}", {"name": "two"})
    await admin("POST", "/v1/datasets", {"name": "d", "items": [{"input": "a", "expected": "b"}]})
    entries = (await admin("GET", AUDIT)).body["data"]
    assert [one["action"] for one in entries] == ["dataset.created", "api_key.renamed", "api_key.created"]
    created = entries[2]
    assert created["object_kind"] == "api_key" and created["object_id"] == made.body["id"] and created["request_id"] == "made-one"
    assert created["address"] == "127.0.0.1" and created["actor"].startswith("api_key:") and created["before"] is None
    assert created["after"]["name"] == "one" and entries[1]["before"] == {"name": "one"} and entries[1]["after"] == {"name": "two"}

    async def actions(**filters: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return [one["action"] for one in (await admin("GET", f"{AUDIT}?{query}")).body["data"]]

    later, earlier = entries[1]["at"].replace("+00:00", "Z"), entries[2]["at"].replace("+00:00", "Z")
    assert await actions(action="api_key.renamed") == ["api_key.renamed"]
    assert await actions(object_kind="api_key") == ["api_key.renamed", "api_key.created"]
    assert await actions(object_id=made.body["id"], action="api_key.created") == ["api_key.created"]
    assert await actions(request_id="made-one") == ["api_key.created"]
    assert await actions(actor=created["actor"]) == [one["action"] for one in entries] and await actions(actor="user:nobody") == []
    assert await actions(**{"from": later}) == ["dataset.created", "api_key.renamed"]
    assert await actions(**{"from": earlier, "to": later}) == ["api_key.created"]
    first = (await admin("GET", f"{AUDIT}?limit=2&object_kind=api_key")).body
    second = (await admin("GET", f"{AUDIT}?limit=2")).body
    rest = (await admin("GET", f"{AUDIT}?limit=2&cursor={second['next_cursor']}")).body
    assert (await admin("GET", f"{AUDIT}/{created['id']}")).body == created
    assert (await world.beta.admin("GET", f"{AUDIT}/{created['id']}")).status == 404
    assert first["next_cursor"] is None and [one["action"] for one in rest["data"]] == ["api_key.created"]
    assert (await admin("GET", f"{AUDIT}?from=2026-01-01T00:00:00")).status == 422  # in which zone?
    assert (await admin("GET", f"{AUDIT}?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z")).status == 422


async def test_a_person_stands_in_the_log_by_who_they_are(world: World) -> None:
    """By an id that stays, not by an e-mail that changes hands."""
    admin = await world.stack.caller()
    person, user_id = await sign_in(world.stack, admin.workspace, role="admin")
    path = f"/v1/workspaces/{admin.workspace.workspace_id}"
    assert (await person("PATCH", path, {"only_admins_change_prompts": True})).status == 200
    (entry,) = (await admin("GET", f"{AUDIT}?actor=user:{user_id}")).body["data"]
    assert (entry["action"], entry["object_kind"]) == ("workspace.changed", "workspace")
    assert entry["before"] == {"only_admins_change_prompts": False} and entry["after"] == {"only_admins_change_prompts": True}


async def test_the_log_is_exported_whole(world: World, database: asyncpg.Connection) -> None:
    """More entries than are read at once, as JSON lines and as a table that runs no formula when it is opened."""
    admin = await world.stack.caller()
    texts = ["=1+1", 'say "no", twice', "two\nlines", "+", *(f"thing {n}" for n in range(1_200))]
    entry = (admin.workspace.workspace_id, "operator", "thing.made", "thing")
    await database.executemany(
        "INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, after) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(new_uuid(), *entry, text, json.dumps({"n": n})) for n, text in enumerate(texts)],
    )
    lines = (await admin("GET", f"{AUDIT}/export")).raw.decode().splitlines()
    assert [json.loads(line)["object_id"] for line in lines] == texts[::-1]
    table = await admin("GET", f"{AUDIT}/export?format=csv")
    assert table.headers["content-disposition"] == 'attachment; filename="audit.csv"' and table.headers["content-type"].startswith(
        "text/csv"
    )
    rows = list(csv.DictReader(io.StringIO(table.raw.decode(), newline="")))
    assert [row["object_id"] for row in rows] == [f"'{text}" if text[0] in "=+" else text for text in texts[::-1]]
    assert [json.loads(row["after"])["n"] for row in rows] == list(range(len(texts)))[::-1]
    some = (await admin("GET", f"{AUDIT}/export?object_id=thing%207")).raw.decode().splitlines()
    assert len(some) == 1 and json.loads(some[0])["after"] == {"n": 11}
    assert (await admin("GET", f"{AUDIT}/export?format=xml")).status == 422


async def test_a_tenant_reads_its_own_log_alone(world: World) -> None:
    for path in (AUDIT, f"{AUDIT}/export", f"{AUDIT}/export?format=csv"):
        text = (await world.beta.admin("GET", path)).raw.decode()
        assert world.beta.own["slug"] in text
        assert world.alpha.secret not in text


async def test_no_entry_holds_a_secret_or_the_text_of_a_prompt(world: World, zeta: Tenant) -> None:
    """What was written into the tenant's texts must not stand in a log that outlives them, save for names that people gave."""
    lines = [json.loads(line) for line in (await zeta.admin("GET", f"{AUDIT}/export")).raw.decode().splitlines()]
    assert len(lines) > 10
    telling = [line for line in lines if zeta.secret in json.dumps(_without_names(line))]
    assert not telling, telling


async def test_nobody_changes_an_entry(world: World, database: asyncpg.Connection) -> None:
    """Not even the database's superuser by mistake; the services' logins have no grant at all."""
    workspace_id = world.alpha.admin.workspace.workspace_id
    for statement in ("UPDATE audit_log SET actor = 'x' WHERE workspace_id = $1", "DELETE FROM audit_log WHERE workspace_id = $1"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await database.execute(statement, workspace_id)
    for login in ("gateway", "executor", "optimizer", "analytics", "webhooks"):
        connection = await asyncpg.connect(world.stack.urls[login], server_settings={"search_path": "burnish"})
        for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.close()


def _changes(world: World) -> list[Route]:
    return [
        one
        for one in world.routes
        if one.method != "GET" and one.rule not in {"anyone", "operator", "person"} and "sign-in" not in one.tags
    ]


async def _call(tenant: Tenant, route: Route) -> tuple[str, int, Any]:
    request_id = f"audit-{uuid4().hex}"
    caller = _Named(tenant.admin, request_id)
    free = {"free_slug": "a-free-desk", "free_label": "a-free-label"}
    own = tenant.own | {name: (tenant.own | free)[other] for name, other in INSTEAD.get(route.name, {}).items()}
    answer = await replace(tenant, admin=caller).call(route, own=own)  # type: ignore[arg-type]
    return request_id, answer.status, answer.body


class _Named:
    """A caller whose requests carry an id."""

    def __init__(self, caller: Caller, request_id: str) -> None:
        self.caller, self.request_id = caller, request_id

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return await self.caller(method, path, body, headers={"x-request-id": self.request_id})


def _problem(entry: Any, route: Route, *, keys: set[str], since: datetime) -> str | None:
    """What an entry fails to say; None where nothing is missing."""
    who, _, key = entry["actor"].partition(":")
    if who != "api_key" or key not in keys:
        return f"who: {entry['actor']}"
    if entry["address"] != "127.0.0.1" or not entry["action"] or not entry["object_kind"] or not entry["object_id"]:
        return f"what, or from where: {dict(entry)}"
    if not since - timedelta(seconds=5) < entry["at"] < datetime.now(UTC) + timedelta(seconds=5):
        return f"when: {entry['at']}"
    if entry["before"] is None and entry["after"] is None:
        return "neither before nor after"
    if route.method == "PATCH" and (entry["before"] is None or entry["after"] is None):
        return "a change without its before or after"
    if route.method == "DELETE" and entry["before"] is None:
        return "a deletion without what was there"
    return None


def _without_names(line: dict[str, Any]) -> dict[str, Any]:
    """An entry without what people called their things, and the words that they gave as reasons."""
    told = {"name", "description", "reason", "url", "notes", "folder", "tags", "use_case", "display_name", "message", "email"}
    shown = {side: {name: value for name, value in (line[side] or {}).items() if name not in told} for side in ("before", "after")}
    return line | shown
