"""Settings of the executor."""

from pydantic import BaseModel, ConfigDict, Field

from burnish_shared.addresses_of_settings import PublicAddress
from burnish_shared.auth.kek import SealingSettings
from burnish_shared.sandbox.settings import SandboxSettings


class ProviderLimit(BaseModel):
    """What a provider lets the operator's key do in a minute; null: what it says in its headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)


class ExecutorSettings(SandboxSettings, SealingSettings):
    """Capacity and times of the executor (PROMISES 5.2)."""

    max_running: int = Field(default=512, ge=2, description="Most executions at once; at least half of them stay for callers that wait.")
    background_running: int = Field(
        default=32,
        ge=1,
        description="Most background executions of one workspace at once; half as many places are kept for others.",
    )
    batch_running: int = Field(
        default=64,
        ge=1,
        description="Most batch executions of one workspace at once; half as many places are kept for others.",
    )
    attempt_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest single call of a provider, where neither version nor caller says."
    )
    first_token_s: float = Field(
        default=30.0, gt=0, description="Longest wait for a provider's headers, where neither version nor caller says."
    )
    chunk_idle_s: float = Field(default=15.0, gt=0, description="Longest silence inside a stream of a provider, after its first word.")
    connect_s: float = Field(default=5.0, gt=0, description="Longest wait for a connection to a provider.")
    attempts: int = Field(
        default=4, ge=1, le=11, description="Calls of one provider where it fails in a way that costs nothing; a version may say otherwise."
    )
    retry_wait_most_s: float = Field(
        default=5.0, ge=0, description="A provider that asks to wait longer is not waited for; the caller hears how long."
    )
    slots_share_percent: int = Field(
        default=50, ge=1, le=100, description="Most of an executor's slots that one workspace, or one provider, may have."
    )
    circuit_calls_least: int = Field(
        default=10, ge=1, description="A provider is left alone when at least so many calls within half a minute failed, and half of all."
    )
    circuit_rest_s: float = Field(default=5.0, gt=0, description="For how long it is left alone at first; twice as long each time after.")
    rest_most_s: float = Field(
        default=3600.0, ge=0, description="Longest that an address is left alone because its provider asked for patience with a 429."
    )
    provider_limits: dict[str, ProviderLimit] = Field(
        default_factory=dict, description='What each of the operator\'s keys may do: {"openai": {"requests_per_minute": 500}}.'
    )
    relay_busy_ms: int = Field(
        default=500, ge=0, le=1000, description="How far apart turns of the outbox relay are at least where executions keep ending."
    )
    heartbeat_s: float = Field(default=0.5, gt=0, description="How often a running execution says that it lives.")
    stale_after_s: float = Field(
        default=2.0, gt=0, description="A waiting caller's request that lay longer is dropped: another executor has it."
    )
    coalesce_ms: int = Field(default=16, ge=0, le=100, description="Chunks that come within this time travel together.")
    batch_deadline_s: float = Field(default=120.0, gt=0, description="How long a claimed batch execution may take.")
    key_trust_s: float = Field(
        default=5.0,
        gt=0,
        le=5.0,
        description="How old the news of revoked keys may be: while PostgreSQL is away longer, workspaces' own keys are not used.",
    )
    key_news_s: float = Field(default=5.0, gt=0, description="How often it is written down when provider keys were last used.")
    ledger_check_s: float = Field(
        default=300.0, gt=0, description="How often what executions cost is compared with what was booked for them (burnish_ledger_drift)."
    )
    cache_sweep_s: float = Field(default=60.0, gt=0, description="How often answers that are over are removed from the cache.")
    cache_entries_most: int = Field(default=20_000, ge=1, description="Most answers kept for one workspace; the longest unasked go first.")
    cache_mebibytes_most: int = Field(default=256, ge=1, description="Most that the answers of one workspace may take, in MiB.")
    public_url: PublicAddress = Field(
        default="", description="Where people reach this installation, as the gateway is told it: OpenRouter counts an application by it."
    )
    sandbox_workers: int = Field(
        default=2, ge=1, le=64, description="Processes, or sandboxes at Daytona, that run own checks of guardrails and validators."
    )
    sandbox_wasm: bool = Field(default=False, description="Offer WebAssembly beside Python; needs `burnish[wasm]`.")
    database_connections: int = Field(default=4, ge=1, description="Most connections of the pool.")
    drain_s: float = Field(default=25.0, gt=0, description="How long running executions may go on after SIGTERM.")
