"""Two tenants that own one of everything, and what every route needs to be called."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from burnish_shared.contracts.webhooks import message_id
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Answer, Caller, Stack

PATH_PARAMETERS = {
    "execution_id": "execution", "slug": "slug", "prompt": "slug", "label": "label", "dataset_id": "dataset", "alert_id": "alert",
    "endpoint_id": "endpoint", "delivery_id": "delivery", "api_key_id": "api_key", "run_id": "run", "job_id": "job",
    "suggestion_id": "suggestion", "model": "model", "entry_id": "entry", "erasure_id": "erasure",
}  # fmt: skip
"""Parameter of a path → which of a tenant's things it names. A route with another one fails the tests until it stands here."""

NUMBERS = {"version": "1", "a": "1", "b": "2"}
"""Parameters that name nothing by themselves."""

QUERY_PARAMETERS = {
    "prompt": "slug", "label": "label", "model": "model", "session_id": "session", "user_id": "end_user", "job_id": "job",
    "endpoint_id": "endpoint", "tag": "tag", "folder": "folder", "q": "word",
}  # fmt: skip
"""Filters that name something of a tenant's."""

HARMLESS_QUERY = {
    "cursor",
    "limit",
    "version",
    "status",
    "from",
    "to",
    "grain",
    "group_by",
    "traffic",
    "split",
    "event_type",
    "name",
    "reason",
    "category",
    "visibility",
    "mine",
    "sort",
    "scope",
}

Body = dict[str, Any] | None


def bodies(own: Mapping[str, str]) -> dict[str, Body]:
    """A body that each route accepts, with the things of `own` in it. A route with a body fails the tests until it stands here."""
    message = {"role": "user", "content": "Hello {{name}}."}
    return {
        "POST /v1/executions": {"prompt": own["slug"], "label": own["label"], "variables": {"name": "Ada"}},
        "POST /v1/chat/completions": {
            "model": f"burnish::prompt::{own['slug']}@{own['label']}", "messages": [{"role": "user", "content": "x"}],
            "metadata": {"variables": "{\"name\": \"Ada\"}"},
        },
        "POST /v1/models": {
            "model": own["model"], "provider": "own", "base_url": "http://127.0.0.1:9/v1", "context_tokens": 1000, "output_tokens": 100,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        },
        "POST /v1/prompts": {"slug": own["slug"], "messages": [message], "model": "simulated/chat"},
        "PATCH /v1/prompts/{slug}": {"description": "changed"},
        "POST /v1/prompts/{slug}/render": {"variables": {"name": "Ada"}, "label": own["label"]},
        "POST /v1/prompts/{slug}/versions": {"messages": [{"role": "user", "content": "Good day {{name}}."}], "base_version": 2},
        "PUT /v1/prompts/{slug}/labels/{label}": {"version": 1},
        "POST /v1/feedback": {"execution_id": own["execution"], "thumb": "down"},
        "POST /v1/datasets": {"name": "more", "items": [{"input": "a", "expected": "b"}]},
        "POST /v1/datasets/{dataset_id}/items": {"items": [{"input": "another", "expected": "b"}]},
        "POST /v1/test-runs": {"prompt": own["slug"], "label": own["label"], "dataset_id": own["dataset"], "split": "validation"},
        "POST /v1/optimizations": {"prompt": own["slug"], "dataset_id": own["dataset"], "budget": {"evaluations": 216, "credits": 2.0}},
        "POST /v1/suggestions/{suggestion_id}/accept": {"label": own["label"]},
        "POST /v1/suggestions/{suggestion_id}/reject": {"reason": "no"},
        "PUT /v1/alert-rules": {"min_samples": 20},
        "PUT /v1/alert-rules/{prompt}": {"min_samples": 20},
        "POST /v1/webhooks/endpoints": {"url": "http://127.0.0.1:9/hook", "events": ["*"]},
        "PATCH /v1/webhooks/endpoints/{endpoint_id}": {"description": "changed"},
        "POST /v1/webhooks/endpoints/{endpoint_id}/rotate-secret": {"overlap_hours": 1},
        "POST /v1/api-keys": {"name": "one more"},
        "PATCH /v1/api-keys/{api_key_id}": {"name": "renamed"},
        "POST /v1/workspaces": {"name": "one more"},
        "POST /v1/marketplace": {"prompt": own["slug"], "label": own["label"], "visibility": "organization"},
        "POST /v1/erasures": {"user_id": own["end_user"]},
    }  # fmt: skip


def absent() -> dict[str, str]:
    """Things that nobody has."""
    ids = {
        name: str(new_uuid())
        for name in ("execution", "dataset", "alert", "endpoint", "api_key", "run", "job", "suggestion", "entry", "erasure")
    }
    delivery = message_id(new_uuid(), new_uuid())
    names = {name: f"nobody{name[0]}" for name in ("session", "end_user", "tag", "folder", "word")}
    return ids | names | {"delivery": delivery, "slug": "nobodys-desk", "label": "nobodys-live", "model": "nobodys/model"}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the OpenAPI document. `rule`, `scope`: who may call it, as the document states it."""

    method: str
    path: str
    query: tuple[str, ...]
    has_body: bool
    tags: tuple[str, ...] = ()
    rule: str | None = None
    scope: str | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def url(self, own: Mapping[str, str]) -> str:
        """Raises KeyError, which names the parameter, for a path that nobody taught us."""
        return re.sub(r"{(\w+)}", lambda one: NUMBERS.get(one[1]) or own[PATH_PARAMETERS[one[1]]], self.path)

    def names(self) -> set[str]:
        """Which of a tenant's things a call names, in its path and its body."""
        return {
            thing
            for thing, value in PLACES.items()
            if value in self.url(PLACES) or (self.has_body and value in json.dumps(bodies(PLACES)[self.name]))
        }


PLACES = {name: f"<{name}>" for name in absent()}


def routes_of(document: Mapping[str, Any]) -> list[Route]:
    """Every route of the OpenAPI document, reads first, deletions last."""
    found = [
        Route(
            method=method.upper(),
            path=path,
            query=tuple(one["name"] for one in operation.get("parameters", []) if one["in"] == "query"),
            has_body="requestBody" in operation and operation["requestBody"].get("required", False),
            tags=tuple(operation.get("tags", [])),
            rule=operation.get("x-burnish-role"),
            scope=operation.get("x-burnish-scope"),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return sorted(found, key=lambda one: ["GET", "POST", "PUT", "PATCH", "DELETE"].index(one.method))


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace with one of everything. `secret` stands in all its texts and nowhere else."""

    admin: Caller
    viewer: Caller
    revoked: Caller
    expired: Caller
    secret: str
    own: dict[str, str]

    async def call(self, route: Route, *, key: Caller | None = None, own: Mapping[str, str] | None = None, query: str = "") -> Answer:
        """Calls the route about one's own things, or those of `own`."""
        named = own or self.own
        body = bodies(named)[route.name] if route.has_body else None
        return await (key or self.admin)(route.method, route.url(named) + query, body)


async def make_tenant(stack: Stack, name: str) -> Tenant:
    """Builds one of everything: over the API, and what other services write by SQL."""
    secret = f"sealed{name}"
    admin = await stack.caller(credit_nusd=10**15)
    own = absent() | {
        "slug": f"{name}-desk",
        "label": f"{name}-live",
        "model": f"{name}/own",
        "tag": f"tag{name}",
        "folder": f"folder{name}",
    }
    own |= {"session": f"session{name}", "end_user": f"person{name}", "word": secret}

    async def make(method: str, path: str, body: Body = None) -> Any:
        answer = await admin(method, path, body)
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return answer.body

    message = {"role": "user", "content": f"Hello {{{{name}}}} of {secret}."}
    prompt = {"slug": own["slug"], "messages": [message], "model": "simulated/chat", "tags": [own["tag"]], "folder": own["folder"]}
    await make("POST", "/v1/prompts", {**prompt, "description": secret, "name": secret, "message": secret})
    await make("POST", f"/v1/prompts/{own['slug']}/versions", {"base_version": 1, "temperature": 0.5, "message": secret})
    await make("PUT", f"/v1/prompts/{own['slug']}/labels/{own['label']}", {"version": 1, "reason": secret})
    call = {"prompt": own["slug"], "variables": {"name": secret}, "session_id": own["session"], "user_id": own["end_user"], "app": secret}
    own["execution"] = (await make("POST", "/v1/executions", {**call, "metadata": {"note": secret}}))["id"]
    await make("POST", "/v1/feedback", {"execution_id": own["execution"], "thumb": "up", "comment": secret})
    items = [
        {"input": f"{secret} {n}", "expected": "yes" if n % 2 else "no", "split": split}
        for split in ("train", "validation", "test")
        for n in range(30)
    ]
    items = [{**one, "input": f"{one['input']} {one['split']}"} for one in items]
    own["dataset"] = (await make("POST", "/v1/datasets", {"name": secret, "items": items}))["id"]
    own["endpoint"] = (
        await make("POST", "/v1/webhooks/endpoints", {"url": f"http://127.0.0.1:9/{secret}", "events": ["*"], "description": secret})
    )["id"]
    await make("POST", "/v1/models", {**(bodies(own)["POST /v1/models"] or {}), "notes": secret})
    await make("PUT", f"/v1/alert-rules/{own['slug']}", {"min_samples": 50})
    own["api_key"] = (await make("POST", "/v1/api-keys", {"name": secret}))["id"]
    own["run"] = (await make("POST", "/v1/test-runs", bodies(own)["POST /v1/test-runs"]))["id"]
    own["running_job"] = (await make("POST", "/v1/optimizations", bodies(own)["POST /v1/optimizations"]))["id"]
    own["entry"] = (await make("POST", "/v1/marketplace", {**(bodies(own)["POST /v1/marketplace"] or {}), "example": secret}))["id"]
    viewer = await stack.caller(role="viewer", workspace=admin.workspace)
    await _write_what_other_services_write(stack, admin.workspace.workspace_id, own, secret=secret)
    gone = await _keys_that_are_over(stack, admin)
    return Tenant(admin=admin, viewer=viewer, revoked=gone[0], expired=gone[1], secret=secret, own=own)


async def _keys_that_are_over(stack: Stack, admin: Caller) -> tuple[Caller, Caller]:
    """A key that was revoked and one that expired, both of which worked."""
    revoked = await admin("POST", "/v1/api-keys", {"name": "revoked", "role": "admin"})
    expired = await admin(
        "POST", "/v1/api-keys", {"name": "expired", "role": "admin", "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    )
    assert expired.status == 201, expired.body
    callers = (replace(admin, key=revoked.body["key"]), replace(admin, key=expired.body["key"]))
    for one in callers:
        assert (await one("GET", "/v1/prompts")).status == 200
    await admin("DELETE", f"/v1/api-keys/{revoked.body['id']}")
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE api_key_id = $1", UUID(expired.body["id"]))
    await connection.execute("SELECT note_change($1, 'api_key', $2)", admin.workspace.workspace_id, expired.body["prefix"])
    await connection.close()
    return callers


async def _write_what_other_services_write(stack: Stack, workspace_id: UUID, own: dict[str, str], *, secret: str) -> None:
    """Alerts and figures of analytics, deliveries of webhooks, a finished job and its suggestion of the optimizer."""
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    event_id, now = new_uuid(), datetime.now(UTC)
    own["delivery"] = message_id(event_id, UUID(own["endpoint"]))
    prompt_id = await connection.fetchval("SELECT prompt_id FROM prompts WHERE workspace_id = $1", workspace_id)
    texts = json.dumps({"note": secret})

    async def insert(table: str, **row: Any) -> None:
        named = {"workspace_id": workspace_id, **row}
        places = ", ".join(f"${n}" for n in range(1, len(named) + 1))
        await connection.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({places})", *named.values())

    where = {"slug": own["slug"], "version": 1, "label": own["label"]}
    await insert(
        "alerts",
        alert_id=UUID(own["alert"]),
        incident_key=secret,
        kind="degradation",
        metric="satisfaction",
        **where,
        summary=secret,
        before=texts,
        after=texts,
        changed=texts,
        simulated=True,
        raised_at=now,
    )
    await insert(
        "feedback",
        target_kind="execution",
        target_id=own["execution"],
        execution_id=UUID(own["execution"]),
        end_user=own["end_user"],
        kind="thumb",
        feedback_id=new_uuid(),
        value=1.0,
        comment=secret,
        accepted_at=now,
        joined_at=now,
    )
    counts = dict.fromkeys(
        "executions successes errors timeouts rate_limited cancelled blocked cached simulated input_tokens output_tokens "
        "cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro".split(),
        7,
    )
    for grain in ("minute", "hour", "day"):
        bucket = now.replace(
            second=0, microsecond=0, **({"minute": 0} if grain != "minute" else {}), **({"hour": 0} if grain == "day" else {})
        )
        await insert(
            "rollups", grain=grain, bucket=bucket, **where, model=own["model"], traffic="live", **counts, latency=[7], first_token=[7]
        )
    await insert("label_feedback", **where, samples=7)
    await insert("webhook_endpoint_states", endpoint_id=UUID(own["endpoint"]))
    await insert(
        "webhook_deliveries",
        event_id=event_id,
        endpoint_id=UUID(own["endpoint"]),
        event_type="alert.raised",
        body=texts.encode(),
        status="exhausted",
    )
    await insert(
        "webhook_attempts",
        event_id=event_id,
        endpoint_id=UUID(own["endpoint"]),
        number=1,
        url=secret,
        started_at=now,
        duration_ms=7,
        response_snippet=secret,
    )
    await insert(
        "optimization_jobs",
        job_id=UUID(own["job"]),
        prompt_id=prompt_id,
        slug=own["slug"],
        base_version=1,
        dataset_id=UUID(own["dataset"]),
        dataset_version=1,
        method="reflective",
        task_model="simulated/chat",
        reflect_model="simulated/writer",
        seed=1,
        budget_evaluations=50,
        budget_nusd=7,
        status="completed",
        outcome="improved",
        suggestion_id=UUID(own["suggestion"]),
        funding_account_id=1,
        created_by=secret,
        finish_reason=secret,
    )
    content = json.dumps({"messages": [{"role": "user", "content": f"Better, {{{{name}}}} of {secret}."}]})
    measured = {"n": 30, "baseline": 0.5, "candidate": 0.9, "delta": 0.4, "ci_low": 0.2, "ci_high": 0.6, "p_value": 0.001}
    evidence = {"test": measured, "edits": [], "note": secret}
    own["other_suggestion"] = str(new_uuid())
    for suggestion_id, job_id in ((own["suggestion"], own["job"]), (own["other_suggestion"], own["running_job"])):
        await insert(
            "suggestions",
            suggestion_id=UUID(suggestion_id),
            prompt_id=prompt_id,
            slug=own["slug"],
            base_version=1,
            job_id=UUID(job_id),
            content=content,
            evidence=json.dumps(evidence),
        )
    await connection.close()
