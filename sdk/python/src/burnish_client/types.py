"""Answers of the API. Generated from the API's description by generate.py; do not edit."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict


class Execution(TypedDict):
    """The body of the terminal frame, and of the public answer: the same facts as the row in the books, so a replay has the …"""

    arm: NotRequired[str | None]
    attempts: NotRequired[list[Attempt]]
    beside: NotRequired[Beside | None]
    cached: NotRequired[bool]
    choices: NotRequired[list[Choice] | None]
    cost_nusd: int
    cost_split: NotRequired[CostSplit | None]
    credits: NotRequired[str]
    error: NotRequired[ErrorInfo | None]
    experiment_id: NotRequired[str | None]
    finish_reason: str | None
    first_token_ms: int | None
    id: str
    key_source: NotRequired[Literal["none", "own", "platform"] | None]
    label: NotRequired[str | None]
    latency_ms: int
    markup_nusd: NotRequired[int]
    model: str
    output: str | None
    output_json: NotRequired[Any]
    overage_nusd: NotRequired[int]
    price_version: NotRequired[str | None]
    prompt: str | None
    provider: str
    provider_key_id: NotRequired[str | None]
    routing: NotRequired[Routing | None]
    simulated: bool
    status: Literal["success", "error", "timeout", "rate_limited", "cancelled", "blocked"]
    system_fingerprint: NotRequired[str | None]
    tool_calls: NotRequired[list[dict[str, Any]] | None]
    usage: Usage
    version: int | None


class Batch(TypedDict):
    """`status`: `validating` until somebody works on it."""

    cancelled_at: int | None
    cancelling_at: int | None
    completed_at: int | None
    completion_window: str
    cost_nusd: int
    created_at: int
    created_by: str
    credits: str
    endpoint: str
    error: dict[str, Any] | None
    error_file_id: str | None
    errors: NotRequired[LineErrors | None]
    expired_at: int | None
    expires_at: int
    failed_at: int | None
    finalizing_at: NotRequired[int | None]
    id: str
    in_progress_at: int | None
    input_file_id: str | None
    metadata: dict[str, str]
    most_nusd: int
    name: str | None
    object: NotRequired[Literal["batch"]]
    output_file_id: str | None
    pause_reason: Literal["asked", "funds", "budget", "suspended", "refused"] | None
    request_counts: Counts
    results: str
    set_aside_nusd: int
    simulated: bool | None
    status: Literal["validating", "in_progress", "pausing", "paused", "cancelling", "completed", "failed", "cancelled", "expired"]
    waiting_for: list[Waits]


class Budget(TypedDict):
    """`spent_nusd`: booked in the running period; `held_nusd`: of calls under way; `left_nusd`: what a hard budget still lets …"""

    closed_at: str | None
    created_at: str
    created_by: str
    end_users: int | None
    end_users_used_up: int | None
    hard: bool
    held_nusd: int
    id: str
    left_nusd: int
    limit_nusd: int
    name: str
    period: Literal["day", "month"]
    resets_at: str
    spent_nusd: int
    target_id: str | None
    target_kind: Literal["workspace", "api_key", "prompt", "end_user"]
    warn_percent: int | None


class RunComment(TypedDict):
    """On an execution, a session or a run of a chain: the one of the three ids that is not null."""

    author: str
    body: str
    chain_run_id: str | None
    created_at: str
    edited_at: str | None
    execution_id: str | None
    id: str
    mentions: list[MentionAnswer]
    reply_to: str | None
    resolved_at: str | None
    resolved_by: str | None
    session_id: str | None


class PromptVersion(TypedDict):
    """A prompt with one of its versions: `label` is the one it was reached by."""

    app_contexts: list[str]
    archived_at: str | None
    cache: NotRequired[dict[str, Any] | None]
    cacheable_messages: NotRequired[int | None]
    categories: list[str]
    config: NotRequired[dict[str, Any] | None]
    created_at: str
    created_by: str
    description: str
    estimated: Estimated
    examples: NotRequired[dict[str, Any] | None]
    extra: NotRequired[dict[str, Any] | None]
    fallback_cheaper: NotRequired[bool | None]
    fallback_models: NotRequired[list[str] | None]
    fallback_version: NotRequired[int | None]
    features: NotRequired[list[str] | None]
    folder: str
    frequency_penalty: NotRequired[float | None]
    id: str
    input_validators: NotRequired[list[dict[str, Any]] | None]
    json_schema: NotRequired[dict[str, Any] | None]
    label: NotRequired[str | None]
    labels: dict[str, int]
    latest_version: int
    locked_blocks: list[str]
    logit_bias: NotRequired[dict[str, float] | None]
    logprobs: NotRequired[bool | None]
    max_completion_tokens: NotRequired[int | None]
    max_tokens: NotRequired[int | None]
    messages: list[dict[str, Any]]
    model: str
    n: NotRequired[int | None]
    name: str
    output_format: NotRequired[str | None]
    output_validators: NotRequired[list[dict[str, Any]] | None]
    parallel_tool_calls: NotRequired[bool | None]
    parameters: NotRequired[dict[str, Any] | None]
    presence_penalty: NotRequired[float | None]
    provider: NotRequired[str | None]
    quality_threshold: NotRequired[float | None]
    reasoning_effort: NotRequired[str | None]
    repair_output: NotRequired[bool | None]
    requirements: NotRequired[dict[str, Any] | None]
    response_format: NotRequired[dict[str, Any] | None]
    retry_policy: NotRequired[dict[str, Any] | None]
    rules: list[str]
    seed: NotRequired[int | None]
    slug: str
    snippets: NotRequired[dict[str, int] | None]
    stop: NotRequired[str | list[str] | None]
    success_criteria: NotRequired[list[str] | None]
    tags: list[str]
    temperature: NotRequired[float | None]
    test_cases: NotRequired[list[dict[str, Any]] | None]
    timeout_s: NotRequired[float | None]
    tool_choice: NotRequired[str | dict[str, Any] | None]
    tools: NotRequired[list[dict[str, Any]] | None]
    top_logprobs: NotRequired[int | None]
    top_p: NotRequired[float | None]
    updated_at: str
    use_case: str
    variables: list[VariableAnswer]
    variants: NotRequired[list[dict[str, Any]] | None]
    version: int
    version_created_at: str
    visibility: Literal["private", "organization", "public"]
    warnings: NotRequired[list[str] | None]


class StartedOptimization(TypedDict):
    forecast: ForecastAnswer
    id: str
    status: NotRequired[str]


class Enrichment(TypedDict):
    computed_at: str | None
    content: dict[str, Any] | None
    created_at: str
    error: EnrichmentError | None
    external_id: str | None
    group_id: str | None
    id: str
    metadata: dict[str, Any]
    model: str | None
    processing_status: str
    progress: dict[str, int]
    prompt: str | None
    result: dict[str, Any] | None
    session_id: str | None
    simulated: bool
    source_type: str
    updated_at: str
    url: str | None
    usage: dict[str, int]
    version: int | None


class EnrichmentItem(TypedDict):
    """`progress`: calls that are done of those it takes; merging adds to them."""

    computed_at: str | None
    created_at: str
    error: EnrichmentError | None
    external_id: str | None
    group_id: str | None
    id: str
    metadata: dict[str, Any]
    model: str | None
    processing_status: str
    progress: dict[str, int]
    prompt: str | None
    result: dict[str, Any] | None
    session_id: str | None
    simulated: bool
    source_type: str
    updated_at: str
    url: str | None
    usage: dict[str, int]
    version: int | None


class EnrichmentGroup(TypedDict):
    """Contents that one call sent: `GET /v1/enrichments?group_id=` lists them."""

    cancelled: int
    completed: int
    cost_nusd: int
    created_at: str
    failed: int
    group_id: str
    pending: int
    processing: int
    simulated: bool
    source_type: str
    total: int


class Attempt(TypedDict):
    """One call of a provider."""

    code: NotRequired[str | None]
    cost_nusd: NotRequired[int]
    error: NotRequired[str | None]
    http_status: NotRequired[int | None]
    input_tokens: NotRequired[int]
    key_source: NotRequired[Literal["none", "own", "platform"] | None]
    latency_ms: int
    model: str
    output_tokens: NotRequired[int]
    provider: str
    provider_key_id: NotRequired[str | None]
    status: str


class Beside(TypedDict):
    """What a model said besides its text and its tool calls."""

    annotations: NotRequired[list[dict[str, Any]] | None]
    citations: NotRequired[list[dict[str, Any]] | None]
    reasoning: NotRequired[str | None]
    reasoning_details: NotRequired[list[dict[str, Any]] | None]
    refusal: NotRequired[str | None]
    stop_sequence: NotRequired[str | None]
    thinking: NotRequired[list[dict[str, Any]] | None]


class Choice(TypedDict):
    """One of several answers of a call, or one whose tokens' probabilities were asked for."""

    beside: NotRequired[Beside | None]
    finish_reason: NotRequired[str | None]
    logprobs: NotRequired[list[TokenChance] | None]
    output: NotRequired[str | None]
    tool_calls: NotRequired[list[dict[str, Any]] | None]


class CostSplit(TypedDict):
    """What each class of token cost, and the markup: together the cost, to the nano-dollar."""

    cache_write_input_nusd: NotRequired[int]
    cached_input_nusd: NotRequired[int]
    input_nusd: NotRequired[int]
    markup_nusd: NotRequired[int]
    output_nusd: NotRequired[int]
    reasoning_nusd: NotRequired[int]


class ErrorInfo(TypedDict):
    """Why an execution did not succeed, in words for the caller."""

    code: str
    guardrail: NotRequired[str | None]
    message: str
    problems: NotRequired[list[Problem]]
    provider_code: NotRequired[str | None]
    provider_param: NotRequired[str | None]
    provider_status: NotRequired[int | None]
    retry_after_s: NotRequired[int | None]
    retryable: NotRequired[bool]
    type: str


class Routing(TypedDict):
    """How the model or version was chosen, where the caller left it open."""

    auto: NotRequired[bool]
    considered: NotRequired[int]
    prompt: NotRequired[str | None]
    rule: NotRequired[str | None]


class Usage(TypedDict):
    cache_write_input_tokens: NotRequired[int]
    cached_input_tokens: NotRequired[int]
    input_tokens: int
    output_tokens: int
    reasoning_tokens: NotRequired[int]
    service_tier: NotRequired[str | None]
    source: Literal["provider", "estimated"]


class LineErrors(TypedDict):
    data: list[LineError]
    object: NotRequired[Literal["list"]]


class Counts(TypedDict):
    """`completed`: with an answer; `failed`: with an error, the lines that were never valid among them."""

    completed: int
    failed: int
    total: int


class Waits(TypedDict):
    """Lines of a batch that wait for one model."""

    model: str
    reason: Literal["provider_limit", "provider_account"]
    until: int


class MentionAnswer(TypedDict):
    """`name` null: no longer a member."""

    name: str | None
    user_id: str


class Estimated(TypedDict):
    """Of one call, from the texts alone: what its variables add is not counted."""

    input_tokens: int
    output_tokens_most: int


class VariableAnswer(TypedDict):
    default: NotRequired[Any]
    name: str
    required: bool
    type: NotRequired[str | None]


class ForecastAnswer(TypedDict):
    """A guess from above; only what is used is paid."""

    cost_nusd: int
    credits: str
    evaluations: int
    fee_nusd: NotRequired[int]
    set_aside_nusd: int


class EnrichmentError(TypedDict):
    code: str
    message: str
    retryable: bool


class TokenChance(TypedDict):
    """The token that was chosen, and the likeliest at its place."""

    bytes: NotRequired[list[int] | None]
    logprob: float
    token: str
    top_logprobs: NotRequired[list[LikelyToken]]


class Problem(TypedDict):
    """What is not as it must be: which check says so, where in the JSON, why."""

    check: str
    message: str
    path: NotRequired[str | None]


class LineError(TypedDict):
    code: str
    custom_id: NotRequired[str | None]
    line: int
    message: str
    param: NotRequired[str | None]


class LikelyToken(TypedDict):
    """A token and the logarithm of its probability."""

    bytes: NotRequired[list[int] | None]
    logprob: float
    token: str
