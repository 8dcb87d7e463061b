"""What an export holds: for every table of a workspace either its columns, or why it is left out. A test compares this with the schema,
so that a new table or column has to be decided on. Pure data.
"""

from typing import Final

from burnish_gateway.export.assistant_tables import ASSISTANT_TABLES
from burnish_gateway.export.experiment_tables import EXPERIMENT_TABLES
from burnish_gateway.export.optimization_tables import OPTIMIZATION_TABLES
from burnish_gateway.export.table import DIGEST, INTERNAL, PAGE_ROWS, PAGE_ROWS_OF_TEXTS, RUNS, SECRET, ExportedTable
from burnish_gateway.export.table import exported as _table
from burnish_gateway.export.table import words as _words

FORMAT: Final = "burnish.export"
VERSION: Final = 1

TABLES: Final = (
    ExportedTable(
        "workspaces",
        _words(
            "workspace_id organization_id name rate_limit_per_minute token_limit_per_minute store_content retention_days legal_hold"
            " platform_keys"
            " only_admins_change_prompts share_statistics cache_mode cache_ttl_s response_shape"
            " protected_labels own_approval test_run_gate gate_evaluator_id gate_min_score min_samples confidence examples_in_prompts"
            " suspended_at created_at"
        ),
        ("workspace_id",),
        {"credit_account_id": INTERNAL, "rate_id": INTERNAL},
        "workspaces",
    ),
    _table("members", "user_id role invited_by created_at", "user_id"),
    _table(
        "invitations", "invitation_id email role invited_by created_at expires_at accepted_at revoked_at", "invitation_id", digest=SECRET,
    ),
    _table("mails", "mail_id kind expires_at status attempts error detail created_at settled_at", "mail_id", sealed=SECRET,
           claims=INTERNAL, next_attempt_at=INTERNAL),
    _table(
        "api_keys",
        "api_key_id name prefix role scopes is_operator first_key_id rate_limit_per_minute token_limit_per_minute created_by "
        "created_at expires_at revoked_at"
        " last_used_at",
        "api_key_id", digest=SECRET, rate_id=INTERNAL,
    ),
    _table(
        "provider_keys",
        "provider_key_id provider name base_url priority last4 status reason cooldown_until last_used_at last_error"
        " last_error_at created_by requests_per_minute tokens_per_minute created_at revoked_at",
        "provider_key_id", sealed=SECRET, vault_secret_id=SECRET, secret_version=INTERNAL,
    ),
    _table(
        "workspace_models",
        "model provider upstream_model base_url display_name context_tokens output_tokens input_price_nusd_per_million"
        " cached_input_price_nusd_per_million cache_write_input_price_nusd_per_million output_price_nusd_per_million"
        " reasoning_price_nusd_per_million price_tiers capabilities preferred_for priority quality_score quality_source reliability_score"
        " reliability_source latency_ms latency_source fallback_model successor deprecated_at sunset_at retired_at last_tested_at"
        " price_version active notes created_at updated_at",
        "model",
    ),
    _table("model_prices", "model price_version prices set_by set_at", "model price_version"),
    _table("routing_policies", "slug requirements rules updated_by updated_at", "slug"),
    _table(
        "prompts",
        "prompt_id slug name description use_case folder tags categories app_contexts locked_blocks rules visibility latest_version"
        " test_run_gate gate_evaluator_id gate_min_score archived_at archived_by created_by created_at updated_at",
        "prompt_id", revision=INTERNAL, model="of the newest version", text_words=DIGEST, name_words=DIGEST, search=DIGEST,
        words_rule=INTERNAL,
        branched_version="the highest version that names a branch",
    ),
    _table("prompt_uses", "prompt_id version slug label at_version name", "prompt_id version name"),
    _table(
        "prompt_versions",
        "prompt_id version model content base_version source change_message author api_key_id branch created_at",
        "prompt_id version", content_hash=DIGEST, page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table("prompt_branches", "prompt_id branch version from_version created_by created_at moved_at", "prompt_id branch"),
    _table(
        "prompt_reviews",
        "review_id prompt_id version status note reviewers requested_by requested_at decision decided_by decided_at approved_by approved_at"
        " approval",
        "review_id",
    ),
    _table(
        "prompt_comments",
        "comment_id prompt_id version against part execution_id session_id chain_run_id reply_to body mentions author created_at edited_at"
        " resolved_by resolved_at",
        "comment_id", of_text=INTERNAL,
    ),
    _table("inbox_items", "item_id user_id kind prompt_id version comment_id review_id queue_item_id made_by made_at read_at", "item_id"),
    _table("prompt_labels", "prompt_id label version moved_at", "prompt_id label"),
    _table("prompt_label_moves", "move_id prompt_id label from_version to_version reason author moved_at", "move_id"),
    _table(
        "lineage_edges",
        "edge_id kind prompt_id version parent_prompt_id parent_version job_id suggestion_id source_entry_id source_publisher source_slug"
        " source_version created_at",
        "edge_id",
    ),
    _table(
        "marketplace_entries",
        "entry_id organization_id visibility publisher prompt_id slug version name description use_case categories"
        " tags model example form content"
        " figures measured_at clones published_by published_at updated_at",
        "entry_id", search=DIGEST, words_rule=INTERNAL, satisfaction="in figures", is_put_away=INTERNAL,
        page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    *OPTIMIZATION_TABLES,
    *EXPERIMENT_TABLES,
    *ASSISTANT_TABLES,
    _table(
        "files", "file_id name purpose size_bytes content created_by created_at expires_at", "file_id", as_text="content", page_rows=1,
    ),
    _table(
        "batches",
        "batch_id name endpoint input_file_id metadata status pause_reason total succeeded failed stopped most_nusd set_aside_nusd"
        " spent_nusd simulated error created_by created_at started_at stopping_at finished_at expires_at",
        "batch_id", page_rows=PAGE_ROWS, pause_requested=INTERNAL, turn_at=INTERNAL, waiting_for=INTERNAL, **RUNS,
    ),
    _table(
        "batch_lines",
        "batch_id line custom_id model request hold_nusd execution_id attempt status error spent_nusd answered_at",
        "batch_id line", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table(
        "chains", "chain_id slug name description folder tags latest_version created_by created_at updated_at archived_at", "chain_id",
        words=INTERNAL,
    ),
    _table(
        "chain_versions", "chain_id version content base_version change_message author created_at", "chain_id version",
        page_rows=PAGE_ROWS_OF_TEXTS, content_hash=DIGEST,
    ),
    _table("chain_labels", "chain_id label version moved_at", "chain_id label"),
    _table("chain_label_moves", "move_id chain_id label from_version to_version reason author moved_at", "move_id"),
    _table(
        "chain_runs",
        "run_id chain_id slug version label background status variables output error failed_step deadline_at end_user session_id app"
        " metadata actor api_key_id user_id first_key_id traceparent request_id spent_nusd simulated created_at finished_at"
        " other_steps",
        "run_id", page_rows=PAGE_ROWS_OF_TEXTS, keeps_text=INTERNAL,
        **{name: why for name, why in RUNS.items() if name != "funding_account_id"},
    ),
    _table(
        "chain_run_steps",
        "run_id step status execution_id attempt slug version model error spent_nusd simulated started_at finished_at",
        "run_id step", result=INTERNAL,
    ),
    _table("test_looks", "look_id dataset_id test_version number alpha owner_id at", "look_id"),
    _table(
        "executions",
        "execution_id lane status prompt_id slug version label model provider input_tokens output_tokens cached_input_tokens usage_source"
        " cost_nusd price_version latency_ms first_token_ms cached simulated finish_reason end_user session_id app api_key_id job_id"
        " request_id provider_key_id key_source markup_nusd error attempts finished_at cache_write_input_tokens reasoning_tokens details"
        " trace_id experiment_id",
        "execution_id", fence=INTERNAL,
    ),
    _table(
        "execution_contents", "execution_id messages variables settings output tool_calls metadata", "execution_id",
        source="executions JOIN execution_contents USING (workspace_id, execution_id)", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table("client_requests", "client_request_id execution_id at", "client_request_id"),
    _table("execution_groups", "group_key prompt_id slug version moved adopted_by adopted_at completed_at", "group_key"),
    _table(
        "feedback",
        "target_kind target_id end_user kind execution_id session_execution_id feedback_id value comment correction context api_key_id"
        " accepted_at received_at joined_at forgotten_at is_taken_back",
        "target_kind target_id end_user kind", digest=DIGEST,
    ),
    _table(
        "feedback_history", "target_kind target_id end_user kind feedback_id digest value"
        " comment correction context api_key_id accepted_at is_taken_back",
        "target_kind target_id end_user kind feedback_id digest",
    ),
    _table(
        "rollups",
        "grain bucket slug version label model traffic executions successes errors timeouts rate_limited cancelled blocked cached simulated"
        " input_tokens output_tokens cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro"
        " latency first_token",
        "grain bucket slug version label model traffic",
    ),
    _table(
        "rollup_sets",
        "grain bucket dimension value slug traffic executions successes errors timeouts rate_limited cancelled blocked cached simulated"
        " input_tokens output_tokens cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro"
        " latency first_token",
        "grain bucket dimension value slug traffic",
    ),
    _table(
        "rollup_metrics", "grain bucket metric slug version label model traffic reactions positives total",
        "grain bucket metric slug version label model traffic",
    ),
    _table(
        "rollup_top_users",
        "grain bucket end_user executions successes errors timeouts rate_limited cancelled blocked cached simulated input_tokens"
        " output_tokens cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro latency"
        " first_token others_executions others_cost_nusd",
        "grain bucket end_user",
    ),
    _table("rollup_end_users", "grain bucket slug", "grain bucket slug", sketch=INTERNAL),
    _table(
        "recounts", "recount_id requested_by range_start range_end status counted_from differences difference_count uncounted requested_at"
        " finished_at", "recount_id", attempts=INTERNAL, claimed_until=INTERNAL,
    ),
    _table(
        "inbound_endpoints",
        "endpoint_id name scheme header prefix encoding mapping created_by created_at updated_at revision", "endpoint_id",
        secret_sealed=SECRET, previous_secret_sealed=SECRET, previous_secret_until=INTERNAL,
    ),
    _table("inbound_refusals", "refusal_id endpoint_id reason param message refused_at times", "refusal_id", minute=INTERNAL),
    _table("imported_ids", "source their_id execution_id reported_cost_nusd first_seen_at", "source their_id"),
    _table("saved_views", "view_id place name filters updated_by updated_at", "view_id"),
    _table("metric_definitions", "name type direction min_value max_value updated_by updated_at", "name"),
    _table(
        "alert_rules",
        "slug enabled min_samples target_ratio target_p95_ms target_cost_nusd min_drop_ratio min_error_rise_ratio "
        "min_latency_rise_ratio min_cost_rise_ratio targets muted_until start_optimization updated_at",
        "slug",
    ),
    _table(
        "alerts",
        "alert_id kind metric slug label version summary before after changed simulated muted raised_at resolved_at resolution severity "
        "subject unmuted_at",
        "alert_id", incident_key=INTERNAL,
    ),
    _table("review_settings", "slug low_rated uncertain sample_ratio most_waiting dataset_id updated_at", "slug"),
    _table(
        "review_items",
        "review_id execution_id slug version label model simulated reasons added_by added_at note assigned_to claimed_by claimed_until"
        " skipped_by set_aside verdict expected decided_by decided_at dataset_id item_id item_added forgotten_at",
        "review_id", urgency=INTERNAL, voice=INTERNAL,
    ),
    _table("alert_channels", "channel_id kind name settings filters enabled created_at updated_at", "channel_id", secret_sealed=SECRET),
    _table(
        "alert_notices",
        "event_id channel_id alert_id event_type body simulated occurred_at status attempts error detail created_at settled_at",
        "event_id channel_id", claims=INTERNAL, next_attempt_at=INTERNAL, leased_until=INTERNAL, mail_refused=INTERNAL,
    ),
    _table(
        "reports",
        "report_id kind target end_user title summary schedule due_at period_start period_end content simulated created_by created_at",
        "report_id", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table("report_schedules", "every weekday hour time_zone channels enabled next_at updated_by updated_at", "workspace_id"),
    _table("end_user_days", "day", "day"),
    _table("end_user_hours", "hour end_users most_calls most_cost_nusd", "hour"),
    _table("policy_starts", "alert_id slug job_id refused started_at", "alert_id"),
    _table("guardrails", "guardrail_id name prompts sides settings active created_by created_at updated_at", "guardrail_id"),
    _table("masking", "settings updated_by updated_at", "workspace_id"),
    _table("alert_mutes", "kind slug muted_until reason muted_by muted_at", "kind slug"),
    _table("alert_acknowledgements", "alert_id acknowledged_by acknowledged_at", "alert_id"),
    _table(
        "accounts",
        "account_id kind parent_account_id reference hard suspended limit_nusd warn_nusd spent_nusd held_nusd resets_at period",
        "account_id", closing=INTERNAL, in_flight=INTERNAL, crossed=INTERNAL,
    ),
    _table(
        "transfers", "transfer_id execution_id kind debit_account_id credit_account_id amount_nusd reason reference"
        " corrects at", "transfer_id"
    ),
    _table(
        "budgets",
        "budget_id name target_kind target_id period limit_nusd warn_percent hard account_id created_by created_at closed_at",
        "budget_id",
        users_behind=INTERNAL,
    ),
    _table("plan_months", "organization_id month plan base_fee_nusd base_credit_nusd at", "organization_id month"),
    _table(
        "usage_days",
        "day api_key prompt model provider provider_key key_source lane executions successes input_tokens cached_input_tokens output_tokens"
        " cost_nusd markup_nusd loss_nusd simulated",
        "day api_key prompt model provider provider_key key_source lane",
    ),
    _table(
        "usage_user_days",
        "day end_user executions successes input_tokens cached_input_tokens output_tokens cost_nusd markup_nusd loss_nusd simulated",
        "day end_user",
    ),
    _table(
        "webhook_endpoints",
        "endpoint_id url description events filters condition headers_shown throttle_per_minute order_wait_s include public_key paused"
        " enabled_at deleted_at created_at updated_at",
        "endpoint_id", secret_sealed=SECRET, previous_secret_sealed=SECRET, previous_secret_until=INTERNAL, headers_sealed=SECRET,
        headers_revision=INTERNAL, signing_key_sealed=SECRET, previous_signing_key_sealed=SECRET,
    ),
    _table(
        "webhook_deliveries",
        "event_id endpoint_id event_type object_id object_version body status reason failed_attempts created_at settled_at",
        "created_at event_id endpoint_id",
        as_text="body", hops=INTERNAL, claims=INTERNAL, next_attempt_at=INTERNAL, leased_until=INTERNAL, waiting_since=INTERNAL,
        range_id=INTERNAL, traceparent=INTERNAL,
    ),
    _table(
        "webhook_attempts", "event_id endpoint_id number url started_at duration_ms status_code error_class response_snippet "
        "request_headers response_headers",
        "created_at event_id endpoint_id number",
        source="webhook_deliveries JOIN webhook_attempts USING (workspace_id, event_id, endpoint_id)",
    ),
    _table(
        "erasures", "erasure_id reason requested_by requested_at status counts completed_at last_pass_at", "erasure_id",
        subject_digest=DIGEST, subject_key=SECRET, restored=INTERNAL, next_pass_at=INTERNAL, stage=INTERNAL, at_id=INTERNAL,
        at_time=INTERNAL, at_no=INTERNAL, sessions=INTERNAL, pass_=INTERNAL,
    ),
    _table("audit_log", "audit_id at actor action object_kind object_id before after request_id address", "audit_id"),
)  # fmt: skip
"""In this order: what refers to something comes after it."""

LEFT_OUT: Final = {
    "enrichment_calls": "executions, which are exported; gone when the enrichment is over",
    "accepted": "background executions that are under way",
    "cache_entries": "answers of executions, which are exported; gone after a week at the latest",
    "cache_purges": "moments, for an hour",
    "chain_uses": "what the steps of chain_versions say, which are exported",
    "config_changes": "numbers of changes, for gateways",
    "detector_hours": "sums over executions, which are exported; four weeks of them",
    "detector_observations": "what detectors have not read yet",
    "detector_states": "memory of detectors",
    "detector_voices": "what detectors have not weighed yet",
    "execution_facts": "a copy of executions",
    "failure_groups": "sums over feedback and test runs, which are exported; gone after a day",
    "feedback_ids": "ids of feedback, which is exported",
    "feedback_news": "reactions of a second, on their way to webhooks",
    "feedback_orphans": "a count",
    "holds": "calls that are under way",
    "idempotency_keys": "sealed answers of a day",
    "label_feedback": "sums over feedback, which is exported",
    "label_voices": "sums over feedback, which is exported",
    "experiment_looks": "intervals over time, made from sums over executions and feedback, which are exported",
    "experiment_orders": "decisions on their way; the verdict is exported with its experiment",
    "experiment_sums": "sums over executions and feedback, which are exported",
    "experiment_units": "sums over executions and feedback, which are exported",
    "experiment_watch": "the newest look at an experiment; its verdict is exported with it",
    "ledger_days": "sums over transfers, which are exported",
    "provider_key_tests": "whose turn it is",
    "quality_states": "memory of detectors",
    "retention_progress": "how far retention has come",
    "whole_rollups": "whether figures of the whole workspace are added up",
    "score_tasks": "what waits to be scored",
    "statistics_members": "since when statistics are shared",
    "usage_closings": "how far usage has been summed up",
    "webhook_endpoint_days": "counts over deliveries, which are exported",
    "webhook_endpoint_states": "whose turn it is",
    "webhook_ranges": "wishes to send again",
    "workspace_erasures": "only of what is not there any more",
    "webhook_replays": "wishes to send again",
}
"""Tables of a workspace that an export does not hold, and why."""
