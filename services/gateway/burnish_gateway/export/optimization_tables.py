"""The tables of an export that hold datasets, test runs, optimizations and what they leave behind. Pure data."""

from typing import Final

from burnish_gateway.export.table import DIGEST, INTERNAL, PAGE_ROWS_OF_TEXTS, RUNS
from burnish_gateway.export.table import exported as _table

OPTIMIZATION_TABLES: Final = (
    _table("datasets", "dataset_id name version test_version near_duplicates created_by created_at updated_at archived_at", "dataset_id"),
    _table("dataset_versions", "dataset_id version done made_by made_at", "dataset_id version"),
    _table(
        "dataset_items", "item_id dataset_id position split input expected metadata added_version synthetic removed_version", "item_id",
        content_hash=DIGEST
    ),
    _table("evaluators", "evaluator_id name kind version settings created_by created_at archived_at", "evaluator_id"),
    _table("evaluator_versions", "evaluator_id version settings message created_by created_at", "evaluator_id version"),
    _table(
        "live_evaluations",
        "live_evaluation_id kind evaluator_id evaluator_version prompts labels filters wanted sample_ratio cap_nusd cap_period account_id"
        " active tasks_total tasks_dropped scores passed no_scores score_sum cost_nusd simulated paused_because created_by created_at"
        " updated_at archived_at", "live_evaluation_id", fence=INTERNAL, leased_by=INTERNAL, leased_until=INTERNAL,
    ),
    _table(
        "scores",
        "execution_id evaluator_id evaluator_version live_evaluation_id kind slug version label model finished_at score passed unavailable"
        " reason disagreement uncertain votes judge_executions cost_nusd took_ms simulated scored_at in_arm forgotten_at",
        "execution_id evaluator_id evaluator_version", page_rows=PAGE_ROWS_OF_TEXTS, counted_at=INTERNAL,
    ),
    _table(
        "rollup_scores",
        "grain bucket evaluator_id evaluator_version slug version label model scores passed uncertain no_scores simulated score_sum_micro"
        " score_squares_micro cost_nusd", "grain bucket evaluator_id evaluator_version slug version label model",
    ),
    _table(
        "test_runs",
        "test_run_id prompt_id slug chain_id chain version model dataset_id dataset_version split repeats status total done result error"
        " simulated evaluator_ids judge_model open_ended cases_digest compare_with failed_of item_ids group_id paused_at snippets"
        " created_by created_at started_at"
        " finished_at forgotten_at",
        "test_run_id", page_rows=PAGE_ROWS_OF_TEXTS, **RUNS,
    ),
    _table(
        "optimization_jobs",
        "job_id prompt_id slug base_version dataset_id dataset_version method task_model reflect_model seed budget_evaluations budget_nusd"
        " budget_seconds status progress outcome finish_reason test edits suggestion_id error simulated created_by created_at started_at"
        " finished_at start_line_id start_number search report snippets",
        "job_id", page_rows=PAGE_ROWS_OF_TEXTS, **RUNS,
    ),
    _table("optimization_candidates", "job_id question text first_asked", "job_id question", page_rows=PAGE_ROWS_OF_TEXTS),
    _table(
        "evaluations",
        "owner_id question item_id repeat step execution_id attempt asked_at answered_at status score scores"
        " output error spent_nusd latency_ms simulated",
        "owner_id question item_id repeat",
    ),
    _table(
        "suggestions",
        "suggestion_id prompt_id slug base_version job_id status content evidence simulated accepted_version label reason decided_by"
        " decided_at created_at experiment_id policy_tried_at policy_refused",
        "suggestion_id", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table(
        "generation_lines",
        "line_id prompt_id slug base_version name origin from_line_id from_number latest_number best_number best_fitness simulated"
        " created_by created_at updated_at", "line_id",
    ),
    _table(
        "generations", "line_id number members size best_fitness mean_fitness restored_from created_at", "line_id number",
        prompt_id="of the line", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table("generation_snapshots", "line_id name number note created_by created_at", "line_id name", prompt_id="of the line"),
    _table(
        "lineage_candidates", "candidate_id line_id text first_number made_by fitness scores evaluations created_at", "candidate_id",
        digest=DIGEST, prompt_id="of the line", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table(
        "candidate_edges", "child_id child_number kind parent_id parent_number job_id created_at",
        "child_id child_number kind parent_id parent_number", prompt_id="of the child",
    ),
    _table(
        "optimization_schedules",
        "schedule_id prompt_id slug name cron time_zone request month_cap_nusd next_at paused_at created_by created_at updated_at",
        "schedule_id",
    ),
    _table(
        "optimization_schedule_runs", "schedule_id due_at started_at missed job_id refused", "schedule_id due_at",
        prompt_id="of the schedule",
    ),
    _table(
        "model_migrations", "migration_id from_model to_model status search margin created_by created_at finished_at", "migration_id",
        next_look_at=INTERNAL,
    ),
    _table(
        "model_migration_steps",
        "migration_id prompt_id slug version dataset_id split repeats state outcome before_run_id after_run_id job_id suggestion_id"
        " new_version because updated_at", "migration_id prompt_id version",
    ),
)  # fmt: skip
"""In this order: what refers to something comes after it."""
