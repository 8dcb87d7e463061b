"""What gateway, optimizer and executor say to each other about one execution."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from burnish_shared.contracts.checks import OutputChecks, Problem
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.contracts.token_chances import TokenChance
from burnish_shared.contracts.whole_seconds import WholeSeconds


class Lane(StrEnum):
    INTERACTIVE = "interactive"
    BACKGROUND = "background"
    BATCH = "batch"
    IMPORTED = "imported"


class Status(StrEnum):
    """Terminal status of an execution: exactly one of these (PRODUCT E9)."""

    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


class Rates(BaseModel):
    """Prices per million tokens, by class of token. None: as the class that it is a part of, input or output."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    input_nusd_per_million: int = Field(ge=0)
    cached_input_nusd_per_million: int = Field(ge=0, description="Input read from the provider's cache.")
    cache_write_input_nusd_per_million: int | None = Field(default=None, ge=0, description="Input written to the provider's cache.")
    output_nusd_per_million: int = Field(ge=0)
    reasoning_nusd_per_million: int | None = Field(default=None, ge=0, description="Output that is thought and not shown.")


class PriceTier(Rates):
    """Rates for all tokens of a call that has more input than `above_input_tokens`, or was served in this class, or both."""

    above_input_tokens: int = Field(default=0, ge=0)
    service_tier: str | None = Field(default=None, description="As the provider reports it: `batch`, `flex`, `priority`; null: whichever.")


class Price(Rates):
    """Rates as they stood when the execution was admitted; `version` names the price table. Of tiers the narrowest that fits counts."""

    version: str
    tiers: list[PriceTier] = Field(default_factory=list)


class Route(BaseModel):
    """Where a model is called. The key is named, never carried."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    model: str
    provider: str
    upstream_model: str
    base_url: str
    provider_key_id: str | None = None
    price: Price
    simulated: bool = False
    own_base_url: bool = Field(default=False, description="The address is the workspace's own: the operator's keys never go there.")
    keys: Literal["none", "own", "platform"] = Field(default="platform", description="Whose keys come first: nobody's, own, operator's.")
    platform_fallback: bool = Field(default=False, description="May the operator's key be used when every own one fails?")
    markup_percent: int = Field(default=0, ge=0, description="What a call with the operator's key costs on top of the price.")


class Fallback(BaseModel):
    """Another model, asked when the one before it failed before anything of an answer came (PRODUCT E9)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    route: Route
    hold_nusd: int = Field(ge=0, description="What a call of it can cost at most; held before it is asked, where it is more.")
    output_tokens: int = Field(gt=0, description="The cap of its output: the caller's, or the model's limit where that is lower.")
    is_larger: bool = Field(default=False, description="It takes more input than the first model: worth asking where that was too long.")
    messages: list[dict[str, Any]] | None = Field(
        default=None, description="What this model is asked, where the version has a text of its own for it; null: as the first model."
    )


class Routing(BaseModel):
    """How the model or version was chosen, where the caller left it open."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    rule: str | None = Field(default=None, description="The name of the routing rule that applied.")
    prompt: str | None = Field(default=None, description="The prompt whose rule it is; null: the workspace's.")
    auto: bool = Field(default=False, description="The cheapest model that met the requirements was chosen.")
    considered: int = Field(default=0, ge=0, description="Models that met the requirements.")


class KeyUse(BaseModel):
    """Whose key a provider was called with. `provider_key_id`: the workspace's own; `cache`: nobody was called."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    source: Literal["none", "own", "platform", "cache"]
    provider_key_id: UUID | None = None


class CacheUse(BaseModel):
    """The answer may be one that was given before, and is kept for those who ask the same."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    ttl_s: int = Field(ge=1, description="How old an answer may be, and how long this one is kept.")


class PromptRef(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    prompt_id: UUID
    slug: str
    version: int
    label: str | None = None


class Caller(BaseModel):
    """Who asked and for whom; kept in the record."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    user_id: str | None = None
    session_id: str | None = None
    app: str | None = None
    client_request_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    api_key_id: str | None = None
    previous_id: UUID | None = Field(default=None, description="The execution whose conversation it goes on with.")
    called_as: dict[str, dict[str, str]] = Field(default_factory=dict, description="How calls of a function are told that is no plain one.")


class PayloadRef(BaseModel):
    """Where something lies that was too big for one message: parts in the PAYLOADS stream, in order (bus/payloads.py)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    sequences: list[int]
    bytes: int = Field(ge=0)
    sha256: str


class ExecutionRequest(BaseModel):
    """One execution for an executor. Interactive and background ones are admitted; a batch one is admitted when it is claimed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Literal[1] = 1
    execution_id: UUID
    workspace_id: UUID
    lane: Lane
    fence: int = Field(ge=1)
    deadline_at: datetime
    queue_deadline_at: datetime | None = None
    hold_nusd: int = Field(ge=0)
    account_ids: list[int] = Field(description="Credit or funding account first, budgets after; ascending order is made in SQL.")
    prompt: PromptRef | None = None
    route: Route
    fallbacks: list[Fallback] = Field(default_factory=list, description="In the order in which they are asked.")
    routing: Routing | None = None
    kind: Literal["chat", "embedding"] = Field(default="chat", description="Of an embedding each message is one input.")
    messages: list[dict[str, Any]]
    parked: PayloadRef | None = Field(default=None, description="Where messages and large variables are that are too big for here.")
    variables: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict, description="Only what was given: temperature, max_tokens, tools, …")
    output_format: str = "text"
    output_checks: OutputChecks | None = Field(default=None, description="What the answer must be like; None: anything goes.")
    stream: bool = False
    timeout_s: float = Field(default=60.0, description="Longest single call of a provider.")
    timeout_said: bool = Field(default=False, description="The version or the caller said so; else the executor's own limit counts too.")
    retries: int | None = Field(default=None, ge=0, description="Further calls where one failed at no cost; null: the executor's setting.")
    retry_wait_most_s: float | None = Field(default=None, ge=0, description="A longer wait is not made; null: the executor's setting.")
    caller: Caller = Field(default_factory=Caller)
    store_content: bool = True
    job_id: UUID | None = None
    request_id: str = ""
    traceparent: str | None = None
    hops: int = Field(default=0, ge=0, description="Rounds of webhook → API → event that led to it; its own event carries them on.")
    sent_at: datetime
    interrupted: str | None = Field(
        default=None, description="Text that was delivered before its executor died: price and record it, call nobody."
    )
    interrupted_beside_bytes: int = Field(
        default=0, ge=0, description="Length of what was delivered beside that text: tool calls and further choices."
    )
    upstream_started: bool = False
    used_key: KeyUse | None = Field(default=None, description="Whose key the executor that died had used, for the record.")
    cache: CacheUse | None = Field(default=None, description="None: the model is asked, and its answer is not kept.")
    cacheable_messages: int = Field(
        default=0, ge=0, description="So many messages from the first on are the same in every call: the provider may keep them."
    )
    group_key: str | None = Field(default=None, description="Of messages without a prompt: what they are grouped by.")
    spoken: Literal["openai", "anthropic"] = Field(default="openai", description="The format in which the caller asked.")
    extra: dict[str, Any] = Field(
        default_factory=dict, description="Further fields of that format: for a provider that speaks it, and never in place of ours."
    )
    beta: str | None = Field(default=None, description="The caller's `anthropic-beta`, for a provider that speaks Anthropic's format.")
    experiment: ExperimentPart | None = Field(default=None, description="The experiment that it takes part in.")


class Usage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cached_input_tokens: int = Field(default=0, ge=0, description="Part of the input: read from the provider's cache.")
    cache_write_input_tokens: int = Field(default=0, ge=0, description="Part of the input: written to the provider's cache.")
    reasoning_tokens: int = Field(default=0, ge=0, description="Part of the output: thought, and not shown.")
    service_tier: str | None = Field(default=None, description="The class of service, where the provider reports one.")
    source: Literal["provider", "estimated"]


class CostSplit(BaseModel):
    """What each class of token cost, and the markup: together the cost, to the nano-dollar."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    input_nusd: int = Field(default=0, ge=0)
    cached_input_nusd: int = Field(default=0, ge=0)
    cache_write_input_nusd: int = Field(default=0, ge=0)
    output_nusd: int = Field(default=0, ge=0)
    reasoning_nusd: int = Field(default=0, ge=0)
    markup_nusd: int = Field(default=0, ge=0)


class Attempt(BaseModel):
    """One call of a provider."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    model: str
    provider: str
    status: str
    http_status: int | None = None
    latency_ms: int
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = 0
    error: str | None = None
    code: str | None = Field(default=None, description="The kind of failure, as an error has it; null: answered, or an older record.")
    provider_key_id: UUID | None = Field(default=None, description="The workspace's own key that it was made with.")
    key_source: Literal["none", "own", "platform"] | None = Field(
        default=None, description="Whose key it was made with; null where the record is older than this field."
    )


class ErrorInfo(BaseModel):
    """Why an execution did not succeed, in words for the caller."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: str
    code: str
    message: str
    retryable: bool = False
    retry_after_s: WholeSeconds | None = Field(default=None, description="How long the provider asked to wait, rounded up.")
    guardrail: str | None = Field(default=None, description="The name of the rule that stopped it.")
    provider_status: int | None = Field(default=None, description="The HTTP status of the provider's answer, where it gave one.")
    provider_code: str | None = Field(default=None, description="What the provider calls its error, such as `context_length_exceeded`.")
    provider_param: str | None = Field(default=None, description="The parameter that the provider blames, in its own name.")
    problems: list[Problem] = Field(default_factory=list, description="What of the answer is not as its version wants it.")


class Beside(BaseModel):
    """What a model said besides its text and its tool calls."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    reasoning: str | None = Field(default=None, description="What it thought, as far as its provider tells.")
    thinking: list[dict[str, Any]] | None = Field(
        default=None, description="Anthropic's thinking blocks with their signatures: to be sent back unchanged with the next turn."
    )
    reasoning_details: list[dict[str, Any]] | None = Field(default=None, description="The same in OpenRouter's form.")
    refusal: str | None = Field(default=None, description="Why it would not answer, in its own words.")
    annotations: list[dict[str, Any]] | None = Field(default=None, description="Sources of the text, as OpenAI tells them.")
    citations: list[dict[str, Any]] | None = Field(default=None, description="`start` and `end` in the output, and what that part cites.")
    stop_sequence: str | None = Field(default=None, description="Which of the caller's stop sequences ended it, where that is told.")


class Choice(BaseModel):
    """One of several answers of a call, or one whose tokens' probabilities were asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    output: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    finish_reason: str | None = None
    logprobs: list[TokenChance] | None = Field(default=None, description="Each token with its probability, as OpenAI tells it.")
    beside: Beside | None = None


class Outcome(BaseModel):
    """The body of the terminal frame, and of the public answer: the same facts as the row in the books, so a replay has the same bytes.

    `status` comes first on purpose: `SUCCEEDED` is how a reader tells success without parsing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    status: Status
    id: UUID
    output: str | None
    output_json: Any = None
    tool_calls: list[dict[str, Any]] | None = None
    choices: list[Choice] | None = Field(default=None, description="Of `n` answers all, the first of them too; `output` is the first.")
    beside: Beside | None = Field(default=None, description="What it thought, refused or quoted; null for a plain answer.")
    prompt: str | None
    version: int | None
    label: str | None = None
    model: str
    provider: str
    finish_reason: str | None
    system_fingerprint: str | None = Field(default=None, description="What the provider calls the setup that answered.")
    usage: Usage
    cost_nusd: int = Field(description="What was charged: never more than was held for it.")
    overage_nusd: int = Field(
        default=0, ge=0, description="What its tokens cost beyond that: the provider counted more than was held for. Nobody is charged it."
    )
    credits: str = Field(default="0.0000", description="The cost in credits, for display.")
    markup_nusd: int = Field(default=0, ge=0, description="Part of the cost: what the use of the operator's key adds to the price.")
    cost_split: CostSplit | None = Field(default=None, description="The cost by class of token; null where it is not known.")
    price_version: str | None = Field(default=None, description="The price table by which it was charged.")
    routing: Routing | None = None
    experiment_id: UUID | None = Field(default=None, description="The experiment that it took part in.")
    arm: str | None = Field(default=None, description="The arm of that experiment.")
    key_source: Literal["none", "own", "platform"] | None = None
    provider_key_id: UUID | None = Field(default=None, description="The workspace's own key that was used.")
    latency_ms: int
    first_token_ms: int | None
    cached: bool = False
    simulated: bool
    error: ErrorInfo | None = None
    attempts: list[Attempt] = Field(default_factory=list)


SUCCEEDED = b'{"status":"success"'
"""How the JSON of a successful Outcome begins."""


class CompletedItem(BaseModel):
    """One finished execution in `executions.completed.batch`: numbers and ids, no text."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    execution_id: UUID
    workspace_id: UUID
    lane: Lane
    status: Status
    prompt_id: UUID | None = None
    slug: str | None = None
    version: int | None = None
    label: str | None = None
    model: str
    provider: str
    app: str | None = None
    api_key_id: str | None = None
    provider_key_id: UUID | None = None
    end_user: str | None = None
    job_id: UUID | None = None
    session_id: str | None = None
    group_key: str | None = Field(default=None, description="Of messages without a prompt: what they are grouped by.")
    experiment_id: UUID | None = Field(default=None, description="The experiment it took part in; the next three go with it.")
    arm: str | None = None
    allocation_epoch: int | None = Field(default=None, description="Counts changes of the arms' shares.")
    unit: str | None = Field(default=None, description="What was assigned to the arm: `user:…`, `session:…` or `execution:…`.")
    slow: bool | None = Field(default=None, description="Whether it took longer than the experiment's limit; null: it has none.")
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nusd: int
    latency_ms: int
    first_token_ms: int | None = None
    cached: bool = False
    simulated: bool = False
    finished_at: datetime


class CompletedBatch(BaseModel):
    """The body of `executions.completed.batch`. `event_id` is chosen before the first try and kept in every retry; what the relay joins
    into one message has an id made of theirs. An item may come twice, under another id."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Literal[1] = 1
    event_id: str
    items: list[CompletedItem]
