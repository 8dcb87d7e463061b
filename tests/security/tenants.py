"""Tenants that own one of everything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from burnish_shared.contracts.webhooks import message_id
from burnish_shared.ids import new_uuid
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Answer, Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.security.failure_groups import failure_groups
from tests.security.world import NUMBERS, TRIED, Body, Route, absent, as_usual, bodies, experiment, generations, schedule


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace with one of everything. `secret` stands in all its texts and nowhere else. `person`: an admin who signed in."""

    admin: Caller
    operator: Caller
    person: Caller
    viewer: Caller
    revoked: Caller
    expired: Caller
    secret: str
    own: dict[str, str]

    def who_may(self, route: Route) -> Caller:
        """Somebody whom the route's rule lets in."""
        return {"operator": self.operator, "person": self.person}.get(route.rule or "", self.admin)

    async def call(self, route: Route, *, key: Caller | None = None, own: Mapping[str, str] | None = None, query: str = "") -> Answer:
        """Calls the route about one's own things, or those of `own`; without `key` as somebody who may."""
        named = own or self.own
        body = bodies(named)[route.name] if route.has_body else bodies(named).get(route.name)
        return as_usual(await (key or self.who_may(route))(route.method, route.url(named) + query, body))


async def make_tenant(stack: Stack, name: str) -> Tenant:
    """Builds one of everything: over the API, and what other services write by SQL."""
    secret = f"sealed{name}"
    admin = await stack.caller(credit_nusd=10**15)
    own = absent() | {
        "slug": f"{name}-desk",
        "label": f"{name}-live",
        "model": f"{name}/own",
        "unwanted_model": f"{name}/unwanted",
        "tag": f"tag{name}",
        "folder": f"folder{name}",
        "metric": f"metric.{name}",
    }
    own |= {"workspace": str(admin.workspace.workspace_id), "organization": str(admin.workspace.organization_id)}
    own |= {"session": f"session{name}", "end_user": f"person{name}", "word": secret, "group": f"group-{name}"}

    async def make(method: str, path: str, body: Body = None) -> Any:
        answer = await admin(method, path, body)
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return answer.body

    message = {"role": "user", "content": f"Hello {{{{name}}}} of {secret}."}
    prompt = {"slug": own["slug"], "messages": [message], "model": "simulated/chat", "tags": [own["tag"]], "folder": own["folder"]}
    await make("POST", "/v1/prompts", {**prompt, "description": secret, "name": secret, "message": secret})
    prompt_free = {"slug": own["slug"], "name": secret, "description": secret, "tags": [own["tag"]], "folder": own["folder"]}
    await make("POST", f"/v1/prompts/{own['slug']}/versions", {"base_version": 1, "temperature": 0.5, "message": secret})
    await make("PUT", f"/v1/prompts/{own['slug']}/labels/{own['label']}", {"version": 1, "reason": secret})
    own |= {"spare_slug": f"{name}-spare", "shelved_slug": f"{name}-shelf", "unwanted_slug": f"{name}-bin", "tried_slug": f"{name}-trial"}
    for another in ("spare_slug", "shelved_slug", "unwanted_slug"):
        await make("POST", "/v1/prompts", {**prompt, "slug": own[another]})
        if another != "spare_slug":
            await make("POST", f"/v1/prompts/{own[another]}/archive")
    own |= {"branch": f"{name}-branch", "other_branch": f"{name}-other", "moved_label": f"{name}-moved"}
    for version, branch in ((3, own["branch"]), (4, own["other_branch"])):
        await make("POST", f"/v1/prompts/{own['slug']}/branches", {"branch": branch, "version": 1})
        other = {"base_version": 1, "branch": branch, "seed": version, "messages": [{"role": "user", "content": f"{{{{name}}}} {version}"}]}
        assert (await make("POST", f"/v1/prompts/{own['slug']}/versions", other))["version"] == version
    for version in (1, 2):
        await make("PUT", f"/v1/prompts/{own['slug']}/labels/{own['moved_label']}", {"version": version})
    own["comment"] = (await make("POST", f"/v1/prompts/{own['slug']}/comments", {"version": 1, "body": secret}))["id"]
    await make("POST", f"/v1/prompts/{own['slug']}/versions/2/review", {"note": secret})
    call = {"prompt": own["slug"], "variables": {"name": secret}, "session_id": own["session"], "user_id": own["end_user"], "app": secret}
    own["execution"] = (await make("POST", "/v1/executions", {**call, "metadata": {"note": secret}}))["id"]
    for unwanted in ("unwanted_execution", "unwanted_response", "unwanted_completion"):
        own[unwanted] = (await make("POST", "/v1/executions", call))["id"]
    await make("POST", "/v1/feedback", {"execution_id": own["execution"], "thumb": "up", "comment": secret})
    said = [{"role": "system", "content": secret}, {"role": "user", "content": "Hello."}]
    ad_hoc = {"messages": said, "model": "simulated/chat", "prompt_key": own["group"], "cache": True}
    own["grouped"] = (await make("POST", "/v1/executions", ad_hoc))["id"]
    items = [
        {"input": f"{secret} {n}", "expected": "yes" if n % 2 else "no", "split": split}
        for split in ("train", "validation", "test")
        for n in range(30)
    ]
    items = [{**one, "input": f"{one['input']} {one['split']}"} for one in items]
    evaluator = {"name": secret, "settings": {"kind": "contains", "phrases": [secret]}}
    own["evaluator"] = (await make("POST", "/v1/evaluators", evaluator))["id"]
    past = {"name": f"past {secret}", "settings": {"kind": "contains", "phrases": [secret]}}
    own["past_evaluator"] = (await make("POST", "/v1/evaluators", past))["id"]
    rule = {"evaluator_id": own["evaluator"], "prompts": [own["slug"]], "labels": [own["label"]], "sample": 0.5}
    own["live_evaluation"] = (await make("POST", "/v1/live-evaluations", rule))["id"]
    guardrail = {"name": secret, "prompts": [own["slug"]], "settings": {"kind": "deny", "phrases": [f"never {secret}"]}}
    own["guardrail"] = (await make("POST", "/v1/guardrails", guardrail))["id"]
    own["view"] = (await make("POST", "/v1/views", {"place": "runs", "name": secret, "filters": {"app": secret}}))["id"]
    await make("PUT", "/v1/masking", {"masking": {"kinds": ["card"], "patterns": [{"name": "own", "pattern": f"no {secret}"}]}})
    line = {"custom_id": secret, "variables": {"name": secret}, "user_id": own["end_user"]}
    own["file"] = (await make("POST", "/v1/files", line))["id"]
    batch = {"request": {"prompt": own["slug"], "label": own["label"]}, "inputs": [line], "name": secret}
    for name in ("batch", "pending_batch", "unwanted_batch"):
        own[name] = (await make("POST", "/v1/batches", batch | {"paused": name == "batch"}))["id"]
    asked = {"model": "simulated/chat", "max_tokens": 20, "messages": [{"role": "user", "content": secret}]}
    message = {"endpoint": "/v1/messages", "requests": [{"custom_id": secret, "body": asked}], "name": secret, "paused": True}
    for name in ("message_batch", "unwanted_message_batch"):
        own[name] = (await make("POST", "/v1/batches", message))["id"]
    step = {"id": "greet", "prompt": f"{own['slug']}@{own['label']}", "variables": {"name": "variables.name"}, "values": {"other": secret}}
    await make("POST", "/v1/chains", {**prompt_free, "steps": [step], "label": own["label"], "message": secret})
    await make("POST", f"/v1/chains/{own['slug']}/versions", {"steps": [step, {"id": "over", "stop": {}}], "base_version": 1})
    for version in (1, 2):
        await make("PUT", f"/v1/chains/{own['slug']}/labels/{own['moved_label']}", {"version": version})
    run = {"label": own["label"], "variables": {"name": secret}, "user_id": own["end_user"], "app": secret, "metadata": {"note": secret}}
    own["chain_run"] = (await make("POST", f"/v1/chains/{own['slug']}/runs", run))["id"]
    for place in ("execution", "session", "chain_run"):
        path = f"/v1/{place.replace('_', '-')}s/{own[place]}/comments"
        own[f"comment_on_{place}"] = (await make("POST", path, {"body": secret}))["id"]
    content = {"source_type": "document", "content": f"About {secret}.", "metadata": {"note": secret}, "user_id": own["end_user"]}
    own["enrichment"] = (await make("POST", "/v1/enrichments", content))["id"]
    many = {"source_type": "document", "items": [{"content": f"More of {secret}.", "external_id": secret}]}
    own["content_group"] = (await make("POST", "/v1/enrichments/batch", many))["group_id"]
    own["source_slug"] = f"{own['slug']}-theirs"
    await make(
        "POST", "/prompts", {"id": own["source_slug"], "name": secret, "template": f"Sort {{ticket}} of {secret} into one of: a, b."}
    )
    await make("POST", "/test-set", {"items": [{"test_id": secret, "ticket": f"{secret} is late", "expected": "a"}]})
    own["run_name"] = (await make("POST", "/runs", {"prompt_id": own["source_slug"]}))["id"]
    rough = {"initial_prompt": f"Answer customers of {secret}.", "selections": {"tone": secret}, "metadata": {"note": secret}}
    for one in ("clarification", "ready_clarification", "written_clarification"):
        own[one] = (await make("POST", "/v1/clarifications", rough | {"user_id": own["end_user"]}))["id"]
    await make("POST", f"/v1/clarifications/{own['written_clarification']}/final-prompt")
    own["dataset"] = (await make("POST", "/v1/datasets", {"name": secret, "items": items}))["id"]
    own["unwanted_dataset"] = (await make("POST", "/v1/datasets", {"name": f"unwanted {secret}", "items": items}))["id"]
    some = (await make("GET", f"/v1/datasets/{own['dataset']}/items?limit=3", None))["data"]
    own["item"], own["wrong_item"], own["unwanted_item"] = (one["id"] for one in some)
    own["endpoint"] = (
        await make("POST", "/v1/webhooks/endpoints", {"url": f"http://127.0.0.1:9/{secret}", "events": ["*"], "description": secret})
    )["id"]
    for model in ("model", "unwanted_model"):
        await make("POST", "/v1/models", {**(bodies(own)["POST /v1/models"] or {}), "model": own[model], "notes": secret})
    inbound = {"name": secret, "mapping": {"execution_id": "data.id", "thumb": "data.liked"}}
    own["inbound_endpoint"] = (await make("POST", "/v1/inbound-endpoints", inbound))["id"]
    await make("PUT", f"/v1/metrics/{own['metric']}", {"type": "binary", "direction": "higher"})
    await make("PUT", f"/v1/alert-rules/{own['slug']}", {"min_samples": 50})
    own["review"] = (await make("POST", "/v1/review", {"execution_id": own["execution"], "note": secret}))["id"]
    for name_of_another in ("other_review", "decided_review"):
        another = await make("POST", "/v1/executions", call)
        own[name_of_another] = (await make("POST", "/v1/review", {"execution_id": another["id"]}))["id"]
    reviewed = {"name": f"reviewed {secret}", "items": [{"input": secret, "expected": "yes"}]}
    own["reviewed"] = (await make("POST", "/v1/datasets", reviewed))["id"]
    await make("POST", f"/v1/review/{own['decided_review']}/label", {"verdict": "good", "dataset_id": own["reviewed"]})
    await make("PUT", f"/v1/review/settings/{own['slug']}", {"sample": 0.5, "dataset_id": own["reviewed"]})
    await make("PUT", "/v1/review/settings", {"sample": 0.25})
    channel = {"kind": "slack", "name": secret, "url": f"http://127.0.0.1:9/{secret}"}
    own["channel"] = (await make("POST", "/v1/alert-channels", channel))["id"]
    await make("PUT", "/v1/alert-mutes", {**(bodies(own)["PUT /v1/alert-mutes"] or {}), "reason": secret})
    await make("PUT", "/v1/reports/schedule", bodies(own)["PUT /v1/reports/schedule"])
    own["report"] = (await make("POST", "/v1/reports", {"kind": "end_user", "target": secret}))["id"]
    own["api_key"] = (await make("POST", "/v1/api-keys", {"name": secret}))["id"]
    own["run"] = (await make("POST", "/v1/test-runs", bodies(own)["POST /v1/test-runs"]))["id"]
    own["running_job"] = (await make("POST", "/v1/optimizations", bodies(own)["POST /v1/optimizations"]))["id"]
    moved = bodies(own)["POST /v1/model-migrations"]
    own["migration"] = (await make("POST", "/v1/model-migrations", moved))["id"]
    await make("POST", f"/v1/model-migrations/{own['migration']}/cancel")
    own["schedule"] = (await make("POST", "/v1/optimization-schedules", schedule(own) | {"name": secret}))["id"]
    for one in ("line", "unwanted_line"):
        own[one] = (await make("POST", "/v1/generations/import", {"file": generations(own, word=secret)}))["id"]
    await make("POST", f"/v1/generations/{own['line']}/snapshots", {"name": "kept", "note": secret})
    own["candidate"] = (await make("GET", f"/v1/generations/{own['line']}/history/0"))["members"][0]["candidate_id"]
    await make("POST", "/v1/prompts", {**prompt, "slug": own["tried_slug"]})
    await make("POST", f"/v1/prompts/{own['tried_slug']}/versions", {"base_version": 1, "temperature": 0.5})
    await make("PUT", f"/v1/prompts/{own['tried_slug']}/labels/production", {"version": 1})
    await make("POST", "/v1/executions", {**call, "prompt": own["tried_slug"]})
    for which in ("", "unwanted_", *(f"{one}_" for one in TRIED.values())):
        kind = "rollout" if which in ("rollout_", "other_") else "ab"
        draft = experiment(own, kind=kind, name=secret) | {"description": secret, "targeting": f'user_id != "{secret}"'}
        tried = own[f"{which}experiment"] = (await make("POST", "/v1/experiments", draft))["id"]
        if which not in ("", "unwanted_", "ready_"):
            await make("POST", f"/v1/experiments/{tried}/start")
    await make("POST", f"/v1/experiments/{own['paused_experiment']}/pause")
    won = {"winner": "candidate", "reason": secret, "move_label": False}
    await make("POST", f"/v1/experiments/{own['won_experiment']}/decide", won)
    own["backtest"] = (await make("POST", "/v1/experiments/backtests", bodies(own)["POST /v1/experiments/backtests"]))["id"]
    own["entry"] = (await make("POST", "/v1/marketplace", {**(bodies(own)["POST /v1/marketplace"] or {}), "example": secret}))["id"]
    template = {"prompt": own["slug"], "version": 2, "example": secret}
    own["template"] = (await make("POST", "/v1/templates", template))["id"]
    provider_key = {"provider": "own", "name": secret, "key": f"key-of-{secret}", "base_url": "http://127.0.0.1:9/v1"}
    own["provider_key"] = (await make("POST", "/v1/provider-keys", provider_key))["id"]
    own["erasure"] = (await make("POST", "/v1/erasures", {"user_id": f"gone{name}", "reason": secret}))["id"]
    own["transfer"] = str((await make("GET", "/v1/credits/transfers?kind=grant"))["data"][0]["id"])
    own["neighbour"] = (await make("POST", "/v1/workspaces", {"name": secret}))["id"]
    own["invitation"] = (await make("POST", "/v1/invitations", {"email": f"{secret}@example.com"}))["id"]
    budget = {"target_kind": "api_key", "target_id": own["api_key"], "limit_nusd": 10**12, "period": "month", "name": secret}
    own["budget"] = (await make("POST", "/v1/budgets", budget))["id"]
    own["audit_entry"] = (await make("GET", "/v1/audit?limit=1"))["data"][0]["id"]
    viewer = await stack.caller(role="viewer", workspace=admin.workspace)
    person, _ = await sign_in(stack, admin.workspace, role="admin")
    _, member = await sign_in(stack, admin.workspace, role="viewer")
    own["user"] = str(member)
    async with as_superuser(stack.urls["superuser"]) as connection:  # a password that fits nothing: what can be set anew
        await connection.execute("INSERT INTO credentials (user_id, password_hash) VALUES ($1, 'none')", member)
    operator = await _operator(stack, admin)
    await _write_what_other_services_write(stack, admin.workspace.workspace_id, own, secret=secret)
    gone = await _keys_that_are_over(stack, admin)
    return Tenant(admin=admin, operator=operator, person=person, viewer=viewer, revoked=gone[0], expired=gone[1], secret=secret, own=own)


async def _operator(stack: Stack, admin: Caller) -> Caller:
    caller = await stack.caller(workspace=admin.workspace)
    async with as_superuser(stack.urls["superuser"]) as connection:
        prefix = caller.key.split("_")[2]
        await connection.execute("UPDATE api_keys SET is_operator = true WHERE prefix = $1", prefix)
        await connection.execute("SELECT note_change($1, 'api_key', $2)", admin.workspace.workspace_id, prefix)
    return caller


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
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE api_key_id = $1", UUID(expired.body["id"])
        )
        await connection.execute("SELECT note_change($1, 'api_key', $2)", admin.workspace.workspace_id, expired.body["prefix"])
    return callers


async def _write_what_other_services_write(stack: Stack, workspace_id: UUID, own: dict[str, str], *, secret: str) -> None:
    """Alerts and figures of analytics, deliveries of webhooks, a finished job and its suggestion of the optimizer."""
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    event_id, now = new_uuid(), datetime.now(UTC)
    own["delivery"] = message_id(event_id, UUID(own["endpoint"]))
    prompt_id = await connection.fetchval("SELECT prompt_id FROM prompts WHERE workspace_id = $1 AND slug = $2", workspace_id, own["slug"])
    texts = json.dumps({"note": secret})

    async def insert(table: str, **row: Any) -> None:
        named = {"workspace_id": workspace_id, **row}
        places = ", ".join(f"${n}" for n in range(1, len(named) + 1))
        await connection.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({places})", *named.values())

    await connection.execute(
        """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason)
           VALUES ($1, 'executor_batch', 'EVENTS', 1, 'burnish.of_nobody', 5, 'a test') ON CONFLICT DO NOTHING""",
        UUID(NUMBERS["dead_letter_id"]),
    )  # Of no workspace: one for all tenants.
    where = {"slug": own["slug"], "version": 1, "label": own["label"]}
    numbers = dict.fromkeys(("input_tokens", "output_tokens", "cached_input_tokens", "cost_nusd", "latency_ms"), 1)
    await insert(
        "execution_facts", execution_id=UUID(own["grouped"]), slug="", version=0, label="", model="simulated/chat", provider="simulated",
        traffic="live", status="success", **numbers, cached=False, simulated=True, finished_at=now, group_key=own["group"],
    )  # fmt: skip
    own["client_request"], own["trace"] = f"request of {own['execution']}", UUID(own["execution"]).hex
    await insert("client_requests", client_request_id=own["client_request"], execution_id=UUID(own["execution"]))
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
        "scores",
        execution_id=UUID(own["execution"]),
        evaluator_id=UUID(own["evaluator"]),
        evaluator_version=1,
        live_evaluation_id=UUID(own["live_evaluation"]),
        kind="contains",
        **where,
        model="simulated/chat",
        finished_at=now,
        score=1.0,
        passed=True,
        reason=secret,
        simulated=True,
    )
    for name in ("scoring", "unwanted_scoring"):  # with something left to score, which nobody works on here
        own[name] = str(new_uuid())
        rule = {"kind": "past", "evaluator_version": 1, "sample_ratio": 1.0, "tasks_total": 1, "created_by": "a test", "active": False}
        wanted = json.dumps({"prompts": [], "labels": [], "filters": {"app": secret}, "from": None, "to": None, "newest": 1})
        of = {"live_evaluation_id": UUID(own[name]), "evaluator_id": UUID(own["evaluator"])}
        await insert("live_evaluations", **of, **rule, wanted=wanted)
        task = {"execution_id": new_uuid(), "evaluator_version": 1, "model": "simulated/chat", "simulated": True, "finished_at": now}
        await insert("score_tasks", **of, **task, **where)
    own["feedback"] = str(new_uuid())
    await insert(
        "feedback",
        target_kind="execution",
        target_id=own["execution"],
        execution_id=UUID(own["execution"]),
        end_user=own["end_user"],
        kind="thumb",
        feedback_id=UUID(own["feedback"]),
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
    await insert(
        "rollup_sets", grain="day", bucket=bucket, dimension="app", value=secret, slug=where["slug"], traffic="live", **counts, latency=[7],
        first_token=[7],
    )  # fmt: skip
    await insert(
        "rollup_metrics", grain="day", bucket=bucket, metric=own["metric"], **where, model=own["model"], traffic="live", reactions=7,
        positives=7, total=7,
    )  # fmt: skip
    own["failure_group"], groups = failure_groups(own, secret)
    for slug in ("", where["slug"]):
        fresh = now + timedelta(hours=1)  # a read of what is older than five minutes has them made anew, also where tests take longer
        await insert("failure_groups", slug=slug, days=30, status="ready", computed_at=fresh, result=groups)
    sums = dict.fromkeys(
        "executions successes errors timeouts rate_limited cancelled blocked cached simulated input_tokens output_tokens".split(), 7
    ) | dict.fromkeys("cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro".split(), 7)
    others = {"others_executions": 7, "others_cost_nusd": 7}
    await insert("rollup_top_users", grain="day", bucket=bucket, end_user=secret, **sums, **others, latency=[7], first_token=[7])
    await insert("detector_hours", slug=where["slug"], label=where["label"], bucket=bucket, cost=[7])
    await insert("rollup_end_users", grain="day", bucket=bucket, slug=where["slug"], sketch=b"\x07" * 4096)
    part = {"experiment_id": new_uuid(), "allocation_epoch": 1, "arm": secret, "metric": "success"}
    await insert("experiment_units", **part, unit=f"user:{secret}", x=7, y=7)
    seen = {"experiment_id": UUID(own["won_experiment"])}
    await insert("experiment_watch", **seen, result=json.dumps({"sentence": secret}))
    shown = json.dumps([{"arm": secret}])
    await insert("experiment_looks", **seen, number=1, looked_at=now, epoch=1, units=7, differences=shown, evidence=1.0)
    why = json.dumps({"why": secret})
    await insert("experiment_orders", **seen, order_id=new_uuid(), revision=1, kind="hold", data=why, applied_at=now)
    await insert("experiment_sums", **part, units=7, sum_x=7, sum_y=7, sum_xx=7, sum_yy=7, sum_xy=7)
    await insert(
        "recounts", recount_id=new_uuid(), requested_by=secret, range_start=bucket, range_end=now + timedelta(days=1), status="completed"
    )
    await insert("label_feedback", **where, samples=7)
    own["event"] = str(event_id)
    await insert("webhook_endpoint_states", endpoint_id=UUID(own["endpoint"]), last_filter_error=secret)
    await insert("webhook_endpoint_days", endpoint_id=UUID(own["endpoint"]), day=now.date(), delivered=7)
    await insert(
        "webhook_ranges", range_id=UUID(own["replay"]), endpoint_id=UUID(own["endpoint"]), kind="range", from_at=now, to_at=now,
        statuses=["exhausted"], event_types=[secret], matched=7, at_time=now, requested_by=secret, status="done",
    )  # fmt: skip
    await insert(
        "webhook_deliveries",
        event_id=event_id,
        endpoint_id=UUID(own["endpoint"]),
        event_type="alert.raised",
        body=texts.encode(),
        status="exhausted",
    )
    await insert(  # one that is left when the first is dismissed by itself
        "webhook_deliveries", event_id=new_uuid(), endpoint_id=UUID(own["endpoint"]), event_type="alert.raised", body=texts.encode(),
        status="exhausted",
    )  # fmt: skip
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
        method="racing",
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
