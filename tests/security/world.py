"""What every route of the OpenAPI document needs to be called: parameters, bodies, and the names of a tenant's things."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from burnish_shared.contracts.webhooks import message_id
from burnish_shared.ids import new_uuid

if TYPE_CHECKING:  # the fuzzer's process reads this file alone
    from tests.embedded.stack import Answer

UNKEYED = frozenset({"sign-in", "inbound"})
"""Tags of routes that are not a key's: signing in comes before any, and other systems sign what they send."""

PATH_PARAMETERS = {
    "response_id": "execution", "completion_id": "execution",
    "execution_id": "execution", "slug": "slug", "prompt": "slug", "label": "label", "dataset_id": "dataset", "alert_id": "alert",
    "endpoint_id": "endpoint", "delivery_id": "delivery", "api_key_id": "api_key", "run_id": "run", "base_id": "run", "job_id": "job",
    "suggestion_id": "suggestion", "model": "model", "entry_id": "entry", "erasure_id": "erasure",
    "evaluator_id": "evaluator", "provider_key_id": "provider_key", "channel_id": "channel",
    "file_id": "file", "batch_id": "batch", "chain_run_id": "chain_run",
    "workspace_id": "workspace", "organization_id": "organization", "user_id": "user", "invitation_id": "invitation",
    "budget_id": "budget", "replay_id": "replay", "session_id": "session", "metric": "metric",
    "inbound_id": "inbound_endpoint", "report_id": "report", "review_id": "review", "live_evaluation_id": "live_evaluation",
    "scoring_id": "scoring", "guardrail_id": "guardrail", "view_id": "view", "template_id": "template", "audit_id": "audit_entry",
    "clarification_id": "clarification", "enrichment_id": "enrichment",
    "group_key": "group", "comment_id": "comment", "branch": "branch",
    "experiment_id": "experiment", "backtest_id": "backtest", "line_id": "line", "candidate_id": "candidate",
    "schedule_id": "schedule", "migration_id": "migration", "item_id": "wrong_item", "feedback_id": "feedback",
}  # fmt: skip
"""Parameter of a path → which of a tenant's things it names. A route with another one fails the tests until it stands here."""

TRIED = {
    "start": "ready", "pause": "running", "resume": "paused", "allocation": "shared", "advance": "rollout", "rollback": "other",
    "decide": "deciding", "promote": "won",
}  # fmt: skip
"""What is done with an experiment → which of a tenant's is in the state for it."""

COMMENTED = {
    "/v1/executions/{execution_id}": "comment_on_execution",
    "/v1/sessions/{session_id}": "comment_on_session",
    "/v1/chain-runs/{chain_run_id}": "comment_on_chain_run",
}
"""What is run and can be commented on → which of a tenant's comments stands there."""

OTHER_PARAMETERS = {
    **{f"{path}/comments/{{comment_id}}": {"comment_id": comment} for path, comment in COMMENTED.items()},
    "/v1/batches/{batch_id}/pause": {"batch_id": "pending_batch"},
    "/v1/batches/{batch_id}/cancel": {"batch_id": "unwanted_batch"},
    "/v1/messages/batches/{batch_id}": {"batch_id": "message_batch"},
    "/v1/messages/batches/{batch_id}/results": {"batch_id": "message_batch"},
    "/v1/messages/batches/{batch_id}/cancel": {"batch_id": "unwanted_message_batch"},
    "/v1/workspaces/{workspace_id}/suspend": {"workspace_id": "neighbour"},
    "/v1/workspaces/{workspace_id}/resume": {"workspace_id": "neighbour"},
    "/v1/enrichments/groups/{group_id}": {"group_id": "content_group"},
    "/v1/enrichments/groups/{group_id}/cancel": {"group_id": "content_group"},
    "/prompts/{id}": {"id": "source_slug"},
    "/runs/{id}": {"id": "run_name"},
    "/v1/clarifications/{clarification_id}/final-prompt": {"clarification_id": "ready_clarification"},
    "/v1/clarifications/{clarification_id}/save": {"clarification_id": "written_clarification"},
    "/v1/auth/sessions/{session_id}": {"session_id": "user_session"},
    "/v1/review/{review_id}/skip": {"review_id": "other_review"},
    "/v1/review/{review_id}/undo": {"review_id": "decided_review"},
    "/v1/prompts/{slug}/labels/{label}/rollback": {"label": "moved_label"},
    "/v1/chains/{slug}/labels/{label}/rollback": {"label": "moved_label"},
    "/v1/prompts/{slug}/archive": {"slug": "spare_slug"},
    "/v1/prompts/{slug}/restore": {"slug": "shelved_slug"},
    "/v1/prompts/{slug}/purge": {"slug": "unwanted_slug"},
    "/v1/generations/{line_id}": {"line_id": "unwanted_line"},
    "DELETE /v1/models/{model}": {"model": "unwanted_model"},
    "DELETE /v1/executions/{execution_id}/content": {"execution_id": "unwanted_execution"},
    "DELETE /v1/responses/{response_id}": {"response_id": "unwanted_response"},
    "DELETE /v1/chat/completions/{completion_id}": {"completion_id": "unwanted_completion"},
    "DELETE /v1/scorings/{scoring_id}": {"scoring_id": "unwanted_scoring"},
    "DELETE /v1/datasets/{dataset_id}": {"dataset_id": "unwanted_dataset"},
    "DELETE /v1/datasets/{dataset_id}/items/{item_id}": {"item_id": "unwanted_item"},
    "/v1/experiments/{experiment_id}": {"experiment_id": "unwanted_experiment"},
    **{f"/v1/experiments/{{experiment_id}}/{verb}": {"experiment_id": f"{which}_experiment"} for verb, which in TRIED.items()},
}
"""Paths, or routes, whose parameters mean another thing than elsewhere: the tenant's own workspace must go on, what was skipped was not
decided, and what was corrected is not there to be removed."""

NUMBERS = {
    "platform_model": "platform/model",
    "version": "1",
    "a": "1",
    "b": "2",
    "number": "0",
    "snapshot": "kept",
    "plan": "pro",
    "event_type": "alert.raised",
    "source_type": "document",
    "dead_letter_id": "01a21e69-0000-7000-8000-000000000001",
}
"""Parameters that name nothing of a tenant's."""

QUERY_PARAMETERS = {
    "prompt_id": "source_slug", "prompt": "slug", "label": "label", "model": "model", "session_id": "session", "user_id": "end_user",
    "job_id": "job", "experiment_id": "experiment",
    "api_key": "api_key", "provider_key": "provider_key", "metric": "metric",
    "dataset_id": "dataset", "endpoint_id": "endpoint", "tag": "tag", "folder": "folder", "q": "word",
    "target": "slug", "object_id": "api_key", "event_id": "event", "target_id": "api_key", "evaluator_id": "evaluator",
    "item": "item", "group_id": "run", "slug": "slug", "chain": "slug", "mentions": "user",
    "client_request_id": "client_request", "api_key_id": "api_key", "provider_key_id": "provider_key", "trace_id": "trace",
    "execution_id": "execution", "end_user": "end_user",
}  # fmt: skip
"""Filters that name something of a tenant's."""

HARMLESS_QUERY = {
    "after_id", "before_id", "beta", "groups", "processing_status", "source_type", "consumer",
    "action", "actor", "against", "arm", "open", "app", "app_context", "archived", "author", "capability", "category", "code", "confirm",
    "cursor", "days", "dry_run", "email", "error", "evaluator_version",
    "event_type", "format", "from", "grain", "group_by", "iss", "kind", "lane", "limit", "mine", "month", "name", "next",
    "leave_out_blank", "keep_blank", "source", "object_kind", "origin", "passed", "correct", "place",
    "projection", "provider", "use_case", "reason", "request_id", "retired", "schedule", "scope", "scored", "severity", "sort", "split",
    "node", "with", "candidates", "history", "synthetic", "change", "repeat",
    "after", "follow", "from_line", "purpose", "map",
    "error_code", "cached", "simulated", "min_cost_nusd", "min_latency_ms", "search", "thumb", "min_score", "max_score", "reaction",
    "has_comments", "include", "include[]", "include_obfuscation", "metadata[key]", "order", "starting_after", "stream",
    "state", "status", "steps", "unread",
    "target_kind", "to", "traffic", "uncertain", "unnamed", "version", "visibility", "fresh", "wait_s",
}  # fmt: skip

Body = dict[str, Any] | None


def bodies(own: Mapping[str, str]) -> dict[str, Body]:
    """A body that each route accepts, with the things of `own` in it. A route with a body fails the tests until it stands here."""
    message = {"role": "user", "content": "Hello {{name}}."}
    return {
        "POST /v1/executions": {"prompt": own["slug"], "label": own["label"], "variables": {"name": "Ada"}},
        "POST /v1/executions/compare": {
            "prompt": own["slug"], "label": own["label"], "variables": {"name": "Ada"}, "models": ["simulated/chat", "simulated/reader"],
        },
        "POST /v1/files": {"variables": {"name": "Ada"}},
        "POST /v1/batches": {
            "input_file_id": own["file"], "request": {"prompt": own["slug"], "label": own["label"]}, "paused": True,
        },
        "POST /v1/batches/estimate": {"input_file_id": own["file"], "request": {"prompt": own["slug"], "label": own["label"]}},
        "POST /v1/messages/batches": {
            "requests": [{"custom_id": "a", "params": {
                "model": f"burnish::prompt::{own['slug']}@{own['label']}", "messages": [{"role": "user", "content": "x"}], "max_tokens": 20,
                "variables": {"name": "Ada"},
            }}],
        },
        "POST /v1/chat/completions": {
            "model": f"burnish::prompt::{own['slug']}@{own['label']}", "messages": [{"role": "user", "content": "x"}],
            "metadata": {"variables": "{\"name\": \"Ada\"}"},
        },
        "POST /v1/chat/completions/{completion_id}": {"metadata": {"trip": "7"}},
        "POST /v1/completions": {
            "model": f"burnish::prompt::{own['slug']}@{own['label']}", "prompt": "x", "variables": {"name": "Ada"},
        },
        "POST /v1/embeddings": {"model": "simulated/embed", "input": "x"},
        "POST /v1/responses": {
            "prompt": {"id": own["slug"], "version": own["label"], "variables": {"name": "Ada"}}, "input": "x",
        },
        "POST /v1/messages": {
            "model": f"burnish::prompt::{own['slug']}@{own['label']}", "messages": [{"role": "user", "content": "x"}], "max_tokens": 20,
            "metadata": {"variables": {"name": "Ada"}},
        },
        "POST /v1/responses/input_tokens": {
            "prompt": {"id": own["slug"], "version": own["label"], "variables": {"name": "Ada"}}, "input": "x",
        },
        "POST /v1/messages/count_tokens": {
            "model": f"burnish::prompt::{own['slug']}@{own['label']}", "messages": [{"role": "user", "content": "x"}],
            "metadata": {"variables": {"name": "Ada"}},
        },
        "POST /v1/models": {
            "model": own["model"], "provider": "own", "base_url": "http://127.0.0.1:9/v1", "context_tokens": 1000, "output_tokens": 100,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        },
        "PATCH /v1/models/{model}": {"priority": 50},
        "PUT /v1/platform-models/{platform_model}": {"provider": "simulated", "context_tokens": 1000, "output_tokens": 100},
        "POST /v1/platform-models/known": {"provider": "cerebras"},
        "PUT /v1/routing": {"rules": [{"name": "all", "when": "app == 'nowhere'", "use": {"model": "auto"}}]},
        "PUT /v1/prompts/{slug}/routing": {"rules": [{"name": "own", "when": "app == 'nowhere'", "use": {"version": 1}}]},
        "POST /v1/routing/explain": {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"},
        "POST /v1/models/{model}/retire": {"sunset_at": "2100-01-01T00:00:00Z", "successor": "simulated/chat"},
        "POST /v1/prompts": {"slug": own["slug"], "messages": [message], "model": "simulated/chat"},
        "PATCH /v1/prompts/{slug}": {"description": "changed"},
        "POST /v1/prompts/{slug}/render": {"variables": {"name": "Ada"}, "label": own["label"]},
        "POST /v1/prompts/{slug}/versions": {"messages": [{"role": "user", "content": "Good day {{name}}."}], "base_version": 2},
        "PUT /v1/prompts/{slug}/labels/{label}": {"version": 1},
        "PUT /v1/prompts/{slug}/gate": {"gate_min_score": 0.7},
        "POST /v1/prompts/{slug}/purge": {"confirm": own["unwanted_slug"]},
        "POST /v1/prompts/{slug}/versions/{version}/compress": {"save": True},
        "POST /v1/prompts/{slug}/branches": {"branch": "fresh", "version": 1},
        "POST /v1/prompts/{slug}/merge": {"version": 2, "into": own["branch"]},
        "POST /v1/prompts/{slug}/versions/{version}/cherry-pick": {
            "base_version": 4, "parts": ["messages"], "branch": own["other_branch"],
        },
        "POST /v1/prompts/{slug}/versions/{version}/copy": {"slug": f"copy-of-{own['slug']}"[:60]},
        "POST /v1/prompts/{slug}/versions/{version}/review/send-back": {"comment": "too long"},
        "POST /v1/prompts/{slug}/comments": {"version": 1, "body": "why so?"},
        "PATCH /v1/prompts/{slug}/comments/{comment_id}": {"resolved": True},
        **{f"POST {path}/comments": {"body": "why so?"} for path in COMMENTED},
        **{f"PATCH {path}/comments/{{comment_id}}": {"resolved": True} for path in COMMENTED},
        "POST /v1/inbox/read": {"up_to": "019c2f40-0000-7000-8000-0000000000f1"},
        "POST /v1/clarifications/import": {"opt_sessions": [{"id": "s-1", "initial_prompt": "Answer customers."}]},
        "POST /v1/enrichments": {"source_type": "document", "content": "About parcels."},
        "POST /v1/enrichments/batch": {"source_type": "document", "items": [{"content": "About parcels."}]},
        "PUT /v1/enrichments/prompts/{source_type}": {"prompt": own["slug"], "label": own["label"]},
        "POST /start_optimization": {"initial_prompt": "Answer customers.", "selections": {"tone": "kind"}},
        "POST /submit_answer": {"session_id": own["clarification"], "answers": [{"question_id": "q1_1", "answer": "customers"}]},
        "POST /generate_final_prompt": {"session_id": own["ready_clarification"]},
        "POST /submit_feedback": {"session_id": own["clarification"], "rating": 4, "comments": "good"},
        "POST /prompts": {"id": "theirs", "name": "Theirs", "template": "Sort {ticket} into one of: a, b."},
        "PUT /prompts/{id}": {"template": "Sort {ticket} into one of: a, b, c."},
        "POST /runs": {"prompt_id": own["source_slug"]},
        "POST /test-set": {"items": [{"test_id": "t1", "ticket": "Where is it?", "expected": "a"}]},
        "POST /prompt-executor": {"prompt_id": own["slug"] + "@" + own["label"], "input_data": {"name": "Ada"}},
        "POST /analyze-chat": {"chat_id": "chat-1", "messages": [{"role": "user", "content": "Hi."}]},
        "POST /enrich-content": {"content_id": "doc-1", "content": "About parcels."},
        "POST /functions/v1/prompt-executor": {"prompt_id": own["slug"] + "@" + own["label"], "input_data": {"name": "Ada"}},
        "POST /functions/v1/analyze-chat": {"chat_id": "chat-1", "messages": [{"role": "user", "content": "Hi."}]},
        "POST /functions/v1/enrich-content": {"content_id": "doc-1", "content": "About parcels."},
        "POST /suggest": {"prompt_template": "Sort.", "metrics": {"overall_accuracy": 0.5}},
        "POST /v1/clarifications": {"initial_prompt": "Answer customers.", "selections": {"tone": "kind"}},
        "PUT /v1/clarifications/models": {"ask_model": "simulated/interviewer"},
        "POST /v1/clarifications/{clarification_id}/answers": {"answers": [{"question_id": "q1_1", "answer": "customers"}]},
        "POST /v1/clarifications/{clarification_id}/feedback": {"rating": 4, "comments": "good"},
        "POST /v1/clarifications/{clarification_id}/save": {"slug": "from-a-session"},
        "POST /v1/chains": {"slug": f"more-{own['slug']}"[:60], "steps": [_step(own)]},
        "PATCH /v1/chains/{slug}": {"description": "changed"},
        "POST /v1/chains/{slug}/versions": {"steps": [_step(own), {"id": "end", "stop": {}}], "base_version": 2},
        "PUT /v1/chains/{slug}/labels/{label}": {"version": 1},
        "POST /v1/chains/{slug}/runs": {"label": own["label"], "variables": {"name": "Ada"}},
        "POST /v1/execution-groups/{group_key}/prompt": {"slug": f"from-{own['slug']}"[:60]},
        "POST /v1/feedback": {"execution_id": own["execution"], "thumb": "down"},
        "POST /v1/feedback/batch": {"execution_id": own["execution"], "thumb": "down"},
        "POST /v1/executions/import": {"id": "theirs-1", "model": "their/model", "finished_at": datetime.now(UTC).isoformat()},
        "POST /v1/otlp/v1/traces": {"resourceSpans": []},
        "POST /v1/inbound-endpoints": {"name": "one more", "mapping": {"execution_id": "data.id", "thumb": "data.liked"}},
        "POST /v1/inbound-endpoints/try": {"mapping": {"session_id": "s", "thumb": "liked"}, "payload": {"s": "a", "liked": True}},
        "PATCH /v1/inbound-endpoints/{inbound_id}": {"name": "renamed"},
        "POST /v1/inbound-endpoints/{inbound_id}/rotate-secret": {"overlap_hours": 1},
        "PUT /v1/metrics/{metric}": {"type": "binary", "direction": "higher"},
        "POST /v1/evaluators": {"name": "one more", "settings": {"kind": "exact"}},
        "POST /v1/evaluators/try": {"settings": {"kind": "exact"}, "output": "a", "expected": "a"},
        "POST /v1/evaluators/{evaluator_id}/try": {"output": "a", "expected": "a"},
        "POST /v1/evaluators/{evaluator_id}/versions": {"settings": {"kind": "contains", "phrases": ["b"]}, "message": "another"},
        "POST /v1/views": {"place": "runs", "name": "one more", "filters": {"status": "error"}},
        "PATCH /v1/views/{view_id}": {"filters": {"status": "timeout"}},
        "POST /v1/guardrails": {"name": "one more", "settings": {"kind": "deny", "phrases": ["nobody says this"]}, "sides": ["in"]},
        "POST /v1/guardrails/try": {"text": "Hello.", "prompt": own["slug"]},
        "PATCH /v1/guardrails/{guardrail_id}": {"sides": ["out"]},
        "PUT /v1/presence": {"place": f"prompts/{own['slug']}", "tab": "a-tab", "state": "viewing"},
        "PUT /v1/masking": {"masking": {"kinds": ["iban"]}},
        "POST /v1/live-evaluations": {"evaluator_id": own["evaluator"], "labels": ["elsewhere"], "sample": 0.5},
        "PATCH /v1/live-evaluations/{live_evaluation_id}": {"sample": 0.25},
        "POST /v1/scorings": {"evaluator_id": own.get("past_evaluator", ""), "newest": 1},
        "POST /v1/scorings/forecast": {"evaluator_id": own["evaluator"], "newest": 1},
        "PATCH /v1/scorings/{scoring_id}": {"active": False},
        "POST /v1/datasets": {"name": "more", "items": [{"input": "a", "expected": "b"}]},
        "PATCH /v1/datasets/{dataset_id}": {"name": "renamed"},
        "POST /v1/datasets/preview": {"items": [{"question": "a", "answer": "b"}]},
        "POST /v1/datasets/{dataset_id}/items": {"items": [{"input": "another", "expected": "b"}]},
        "PATCH /v1/datasets/{dataset_id}/items/{item_id}": {"expected": "another answer"},
        "POST /v1/datasets/{dataset_id}/synthetic": {"prompt": own["slug"], "count": 1, "model": "simulated/chat"},
        "POST /v1/datasets/from-failures": {"group": own.get("failure_group", ""), "name": "what failed"},
        "POST /v1/datasets/{dataset_id}/items/from-executions": {"executions": [{"execution_id": own["execution"], "expected": "b"}]},
        "POST /v1/test-runs": {"prompt": own["slug"], "label": own["label"], "dataset_id": own["dataset"], "split": "validation"},
        "POST /v1/test-runs/forecast": {"prompt": own["slug"], "label": own["label"], "dataset_id": own["dataset"], "split": "validation"},
        "POST /v1/optimizations": {"prompt": own["slug"], "dataset_id": own["dataset"], "budget": {"evaluations": 400, "credits": 2.0}},
        "POST /v1/optimizations/forecast": {"prompt": own["slug"], "dataset_id": own["dataset"], "budget": {"evaluations": 400}},
        "POST /v1/suggestions/{suggestion_id}/accept": {"label": own["label"]},
        "POST /v1/suggestions/{suggestion_id}/reject": {"reason": "no"},
        "POST /v1/prompts/{slug}/lineage/candidates/{candidate_id}/branch": {"branch": "bred"},
        "POST /v1/prompts/{slug}/lineage/candidates/{candidate_id}/copy": {"slug": f"bred-{own['slug']}"[:60]},
        "POST /v1/experiments": experiment(own),
        "PUT /v1/experiments/{experiment_id}": {"revision": 1, "experiment": experiment(own)},
        "PUT /v1/experiments/{experiment_id}/allocation": {"shares": {"control": 0.4, "candidate": 0.6}},
        "POST /v1/experiments/{experiment_id}/decide": {"winner": "candidate", "reason": "a test", "move_label": False},
        "PUT /v1/experiments/settings": {"min_samples": 50},
        "POST /v1/experiments/backtests": {"prompt": own["tried_slug"], "versions": [2], "inputs": 3},
        "POST /v1/experiments/backtests/forecast": {"prompt": own["tried_slug"], "versions": [2], "inputs": 3},
        "POST /v1/model-migrations": {"model": "simulated/chat", "successor": "simulated/reader", "prompts": [own["slug"]]},
        "POST /v1/model-migrations/forecast": {"model": "simulated/chat", "successor": "simulated/reader", "prompts": [own["slug"]]},
        "POST /v1/suggest": {"template": "Sort it."},
        "POST /v1/optimization-schedules": schedule(own),
        "PATCH /v1/optimization-schedules/{schedule_id}": {"name": "renamed"},
        "POST /v1/generations/import": {"file": generations(own)},
        "POST /v1/generations/{line_id}/fork": {"number": 0},
        "POST /v1/generations/{line_id}/restore": {"number": 0},
        "POST /v1/generations/{line_id}/snapshots": {"name": "another", "number": 0},
        "POST /v1/review": {"execution_id": own["execution"]},
        "POST /v1/review/claim": {"prompt": own["slug"]},
        "POST /v1/review/{review_id}/label": {"verdict": "good"},
        "POST /v1/review/{review_id}/correct": {"expected": "what would have been right"},
        "POST /v1/review/{review_id}/skip": {"note": "unclear"},
        "PUT /v1/review/settings": {"sample": 0.25},
        "PUT /v1/review/settings/{prompt}": {"sample": 0.5, "dataset_id": own["reviewed"]},
        "PUT /v1/alert-rules": {"min_samples": 20},
        "PUT /v1/alert-rules/{prompt}": {"min_samples": 20},
        "POST /v1/alert-channels": {"kind": "slack", "name": "one more", "url": "http://127.0.0.1:9/hook"},
        "PATCH /v1/alert-channels/{channel_id}": {"name": "renamed"},
        "PUT /v1/alert-mutes": {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
        "POST /v1/webhooks/endpoints": {"url": "http://127.0.0.1:9/hook", "events": ["*"]},
        "PATCH /v1/webhooks/endpoints/{endpoint_id}": {"description": "changed"},
        "POST /v1/webhooks/endpoints/{endpoint_id}/rotate-secret": {"overlap_hours": 1},
        "POST /v1/webhooks/endpoints/{endpoint_id}/dismiss": {},
        "POST /v1/webhooks/endpoints/{endpoint_id}/replay": {"from": "2026-11-01T00:00:00Z"},
        "POST /v1/api-keys": {"name": "one more"},
        "PATCH /v1/api-keys/{api_key_id}": {"name": "renamed"},
        "POST /v1/provider-keys": {"provider": "own", "name": "one more", "key": "a-providers-key", "base_url": "http://127.0.0.1:9/v1"},
        "PATCH /v1/provider-keys/{provider_key_id}": {"name": "renamed"},
        "POST /v1/workspaces": {"name": "one more"},
        "PATCH /v1/workspaces/{workspace_id}": {"name": "renamed"},
        "POST /v1/workspaces/{workspace_id}/suspend": {"reason": "a test"},
        "POST /v1/workspaces/{workspace_id}/resume": {"reason": "a test"},
        "POST /v1/organizations": {"name": "one more"},
        "PATCH /v1/organizations/{organization_id}": {"name": "renamed"},
        "PUT /v1/organizations/{organization_id}/plan": {"plan": "enterprise"},
        "PATCH /v1/members/{user_id}": {"role": "editor"},
        "POST /v1/invitations": {"email": "grace@example.com", "role": "editor"},
        "POST /v1/invitations/accept": {"token": "none"},
        "POST /v1/invitations/show": {"token": "none"},
        "POST /v1/auth/sign-in": {"email": "nobody@example.com", "password": "no password"},
        "POST /v1/auth/sign-up": {"email": "nobody@example.com", "password": "no password"},
        "POST /v1/auth/password-reset": {"token": "none", "new_password": "no other password"},
        "POST /v1/auth/password": {"old_password": "no password", "new_password": "no other password"},
        "POST /v1/budgets": {"target_kind": "api_key", "target_id": own["api_key"], "limit_nusd": 10**12, "period": "day"},
        "PATCH /v1/budgets/{budget_id}": {"limit_nusd": 10**13},
        "PUT /v1/credits/warning": {"below_nusd": 1},
        "POST /v1/credits/grants": {"workspace_id": own["workspace"], "amount_nusd": 1, "reason": "a test"},
        "POST /v1/credits/refunds": {"execution_id": own["execution"], "workspace_id": own["workspace"], "reason": "a test"},
        "POST /v1/credits/moves": {"to_workspace_id": own["neighbour"], "amount_nusd": 1, "reason": "a test"},
        "POST /v1/credits/adjustments": {
            "workspace_id": own["workspace"], "transfer_id": int(own.get("transfer", "1")), "amount_nusd": 1, "reason": "a test",
        },
        "POST /v1/dead-letters/replay": {"consumer": "webhooks_events"},
        "POST /v1/dead-letters/discard": {"consumer": "webhooks_events"},
        "PUT /v1/plans/{plan}": {"name": "Pro", "rate_limit_per_minute": 1200, "concurrency": 100, "retention_days_most": 90},
        "POST /v1/marketplace": {"prompt": own["slug"], "label": own["label"], "visibility": "organization"},
        "POST /v1/marketplace/{entry_id}/clone": {"slug": f"clone-of-{own['slug']}"[:60]},
        "POST /v1/import": {"format": "burnish.bundle", "version": 1, "prompts": []},
        "POST /v1/templates": {"prompt": own["slug"], "label": own["label"], "categories": ["generation"]},
        "POST /v1/templates/{template_id}/use": {"slug": f"made-of-{own['slug']}"[:60]},
        "POST /v1/analytics/recount": {"to": "2026-11-20T00:00:00Z"},
        "POST /v1/reports": {"kind": "prompt", "target": own["slug"], "to": "2026-11-20T00:00:00Z"},
        "PUT /v1/reports/schedule": {"every": "daily", "channels": [own["channel"]]},
        "POST /v1/erasures": {"user_id": own["end_user"]},
    }  # fmt: skip


def experiment(own: Mapping[str, str], *, kind: str = "ab", name: str = "Shorter") -> dict[str, Any]:
    """A draft on the tenant's prompt for experiments, in a namespace where there is room for many."""
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "version": 2}]
    return {"name": name, "prompt": own["tried_slug"], "arms": arms, "kind": kind, "namespace": "tests", "namespace_share": 0.05}


def schedule(own: Mapping[str, str]) -> dict[str, Any]:
    search = {"prompt": own["slug"], "dataset_id": own["dataset"], "budget": {"evaluations": 400, "credits": 2.0}}
    return {"every": "hourly", "optimization": search, "month_credits": 20.0, "paused": True}


def generations(own: Mapping[str, str], *, word: str = "good") -> dict[str, Any]:
    """A line of generations as a file: one text, which lives for two generations."""
    text = f"Hello {{{{name}}}}, {word}."
    name = sha256(text.encode()).hexdigest()
    return {
        "prompt": own["slug"], "base_version": 1, "name": word, "candidates": [{"id": name, "text": text, "made_by": "insert"}],
        "generations": [{"number": n, "members": [{"candidate": name, "made_by": "insert", "fitness": 0.5}]} for n in (0, 1)],
    }  # fmt: skip


def _step(own: Mapping[str, str]) -> dict[str, Any]:
    """A step of a chain that runs the tenant's prompt."""
    return {"id": "greet", "prompt": f"{own['slug']}@{own['label']}", "variables": {"name": "variables.name"}}


THINGS = (
    "enrichment", "content_group", "clarification", "ready_clarification", "written_clarification",
    "file", "batch", "pending_batch", "unwanted_batch", "message_batch", "unwanted_message_batch", "chain_run",
    "execution", "unwanted_execution", "unwanted_response", "unwanted_completion",
    "feedback", "dataset", "alert", "endpoint", "api_key", "run", "job", "suggestion", "entry", "erasure", "evaluator",
    "provider_key", "inbound_endpoint", "workspace", "neighbour", "organization", "user", "invitation", "budget", "user_session",
    "replay", "event", "channel", "report", "review", "other_review", "decided_review", "reviewed", "live_evaluation", "scoring",
    "unwanted_scoring", "guardrail", "view",
    "experiment", "unwanted_experiment", "backtest", *(f"{which}_experiment" for which in TRIED.values()),
    "item", "wrong_item", "unwanted_item", "unwanted_dataset", "comment", "line", "unwanted_line", "candidate", "schedule", "migration",
    "template", "audit_entry", *COMMENTED.values(),
)  # fmt: skip
"""What a tenant owns under a random id."""


def refusal_of(route: "Route") -> int:
    """The status of a wrong field: Anthropic's clients know 400 for it."""
    return 400 if route.path.startswith("/v1/messages/") else 422


def absent() -> dict[str, str]:
    """Things that nobody has."""
    ids = {name: str(new_uuid()) for name in THINGS}
    delivery = message_id(new_uuid(), new_uuid())
    names = {name: f"nobody{name[0]}" for name in ("session", "end_user", "tag", "folder", "word")}
    names |= {"source_slug": "nobodys-theirs", "run_name": "nobodys-theirs_20260101_001"}
    names |= {"spare_slug": "nobodys-spare", "shelved_slug": "nobodys-shelf", "unwanted_slug": "nobodys-bin", "tried_slug": "nobodys-trial"}
    names |= {
        "metric": "nobodys.metric",
        "branch": "nobodys-branch",
        "other_branch": "nobodys-other",
        "moved_label": "nobodys-moved",
        "client_request": "nobodys request",
        "trace": new_uuid().hex,
    }
    names |= {"model": "nobodys/model", "unwanted_model": "nobodys/unwanted"}
    return ids | names | {"delivery": delivery, "slug": "nobodys-desk", "group": "nobodys-group", "label": "nobodys-live"}


def as_usual(answer: "Answer") -> "Answer":
    """An error of the source systems' functions as all others are told, so that the same is asked of it. Any other answer as it is."""
    said = answer.body
    if not isinstance(said, dict) or said.get("success") is not False or set(said) != {"success", "error", "code", "param", "request_id"}:
        return answer
    wait_s = answer.headers.get("retry-after")
    error = {
        "type": "", "message": said["error"], "code": said["code"], "param": said["param"], "request_id": said["request_id"],
        "retryable": wait_s is not None, "retry_after_s": None if wait_s is None else float(wait_s),
    }  # fmt: skip
    return replace(answer, body={"error": error})


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
        return re.sub(r"{(\w+)}", lambda one: NUMBERS.get(one[1]) or own[self.thing(one[1])], self.path)

    def thing(self, parameter: str) -> str:
        """Which of a tenant's things a parameter of the path names."""
        others = OTHER_PARAMETERS.get(self.name) or OTHER_PARAMETERS.get(self.path, {})
        return others.get(parameter) or PATH_PARAMETERS[parameter]

    def knows(self, parameter: str) -> bool:
        return parameter in NUMBERS or parameter in PATH_PARAMETERS or parameter in OTHER_PARAMETERS.get(self.path, {})

    @property
    def can_be_called(self) -> bool:
        """Do we know its parameters and its body?"""
        has_its_body = not self.has_body or self.name in bodies(PLACES)
        return has_its_body and all(self.knows(one) for one in self.path_parameters)

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
