"""The tables of an export that hold clarifying sessions, which are those of whoever asks for it alone, and content jobs. Pure data."""

from typing import Final

from burnish_gateway.export.table import INTERNAL, PAGE_ROWS_OF_TEXTS, RUNS
from burnish_gateway.export.table import exported as _table

LEASES: Final = {name: why for name, why in RUNS.items() if name not in ("funding_account_id", "cancel_requested")}

ASSISTANT_TABLES: Final = (
    _table(
        "clarifications",
        "session_id owner_id status round initial_prompt selections questions working_memory result error ask_model write_model"
        " input_tokens output_tokens spent_nusd latency_ms simulated saved_slug saved_version end_user metadata actor api_key_id"
        " first_key_id user_id traceparent request_id created_at updated_at expires_at finished_at",
        "session_id", page_rows=PAGE_ROWS_OF_TEXTS, task=INTERNAL, attempts=INTERNAL, execution_id=INTERNAL, revision=INTERNAL, **LEASES,
    ),
    _table(
        "clarification_messages",
        "message_id owner_id session_id role kind content question_id model_name execution_id input_tokens output_tokens latency_ms"
        " created_at",
        "message_id", page_rows=PAGE_ROWS_OF_TEXTS,
    ),
    _table("clarification_feedback", "feedback_id owner_id session_id rating comments created_at", "feedback_id"),
    _table("assistant_settings", "ask_model write_model updated_by updated_at", "workspace_id"),
    _table("enrichment_prompts", "source_type slug label updated_by updated_at", "source_type"),
    _table(
        "enrichments",
        "enrichment_id group_id source_type processing_status external_id session_id url content metadata result parts model prompt version"
        " error input_tokens output_tokens spent_nusd simulated end_user actor api_key_id first_key_id user_id traceparent request_id"
        " created_at updated_at computed_at",
        "enrichment_id", page_rows=PAGE_ROWS_OF_TEXTS, done=INTERNAL, **LEASES,
    ),
    _table("run_names", "name slug test_run_id created_at", "name"),
)  # fmt: skip
