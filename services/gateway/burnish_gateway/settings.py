"""Settings of the gateway."""

from typing import Literal

from pydantic import Field, field_validator

from burnish_gateway.identity_settings import IdentitySettings
from burnish_shared.addresses_of_settings import PublicAddress
from burnish_shared.auth.kek import SealingSettings
from burnish_shared.sandbox.settings import SandboxSettings
from burnish_shared.settings import networks


class GatewaySettings(IdentitySettings, SandboxSettings, SealingSettings):
    """Limits and times of the gateway; every duration of PROMISES 5.2 can be shortened for tests."""

    listen_fd: int = Field(default=-1, description="An inherited listening socket; -1: the gateway opens its own on `port`.")
    host: str = Field(default="127.0.0.1", description="Address that the gateway listens on when it opens its own socket.")
    port: int = Field(default=18000, ge=0, le=65535, description="Port of the HTTP API.")
    metrics_on_api: bool = Field(
        default=True,
        description="Whether /metrics is answered on the port of the API too. Off, only the port that BURNISH_METRICS_PORT names has it.",
    )
    trust_tenant_prices: bool = Field(
        default=False,
        description="Workspaces may set prices of models that are called with the operator's own keys; for an installation of one's own.",
    )
    secrets: Literal["sealed", "vault"] = Field(
        default="sealed",
        description="Where new provider keys are kept: `sealed` in their row, or in Supabase's `vault`. What was kept before stays.",
    )
    deadline_s: float = Field(default=120.0, gt=0, le=600, description="How long a request may take where nothing is said.")
    requests_per_minute: int = Field(
        default=60_000,
        ge=0,
        le=10_000_000,
        description="Requests besides executions and feedback that one API key or person may send to one gateway in a minute; a workspace "
        "may send four times as many. Beyond it they hear 429. 0: no limit.",
    )
    links_per_minute: int = Field(
        default=300,
        ge=0,
        le=10_000_000,
        description="Tokens of invitations and of links that set a password which one address may show or use at one gateway in a minute. "
        "0: no limit.",
    )
    queue_limit_s: float = Field(default=86_400.0, gt=0, description="How long a background execution may wait for an executor.")
    accept_wait_s: float = Field(default=0.25, gt=0, description="Silence after which a dispatched request is given to another executor.")
    executor_silence_s: float = Field(default=1.5, gt=0, description="Silence of a running execution that counts as a dead executor.")
    dispatch_give_up_s: float = Field(default=1.8, gt=0, description="How long an executor is looked for before the caller hears 503.")
    headers_wait_s: float = Field(
        default=10.0,
        gt=0,
        description="How long a stream's headers wait for the first piece of an answer, so that failures keep their status.",
    )
    slow_reader_s: float = Field(
        default=60.0,
        gt=0,
        description="A client that takes nothing of an answer for this long is cut off; so is one that takes less than 64 KiB of it "
        "meanwhile, as long as more than 1 MiB waits in memory.",
    )
    interrupted_give_up_s: float = Field(
        default=12.0,
        gt=0,
        description="How long an executor is looked for that books an answer which broke off, before the caller hears 503.",
    )
    replay_wait_s: float = Field(default=30.0, gt=0, description="How long a repeat with the same Idempotency-Key waits for the first.")
    trust_s: float = Field(
        default=5.0,
        gt=0,
        description="How long keys and roles are trusted for more than reading when changes can no longer be read from PostgreSQL.",
    )
    chain_lease_s: int = Field(default=15, ge=1, description="A run of a chain whose gateway has said nothing for so long is another's.")
    chain_look_interval_s: float = Field(
        default=0.5, gt=0, description="How often runs of chains are looked for, and whether those under way are to be cancelled."
    )
    experiment_orders_interval_s: float = Field(
        default=1.0, gt=0, description="How often it is looked whether something was decided of an experiment."
    )
    chain_runs_at_once: int = Field(default=64, ge=1, description="Runs of chains in the background that one gateway works on at once.")
    assistant_lease_s: int = Field(
        default=15, ge=1, description="A session or enrichment whose gateway has said nothing for so long is another's."
    )
    assistant_look_interval_s: float = Field(
        default=1.0, gt=0, description="How often sessions and enrichments are looked for that nobody holds."
    )
    assistant_sessions_at_once: int = Field(default=32, ge=1, description="Sessions for which one gateway asks models at once.")
    assistant_enrichments_at_once: int = Field(default=8, ge=1, description="Enrichments that one gateway works on at once.")
    clarification_hours: float = Field(default=168.0, gt=0, description="How long a session waits for its owner before it expires.")
    compat_workspace: str = Field(
        default="",
        description="Workspace of calls of the source systems' paths that come from this machine without a key; empty: none may.",
    )
    compat_cors_origins: str = Field(
        default="", description="Origins of pages that may call the source systems' paths, comma-separated; `*`: any, with a key."
    )
    compat_model: str = Field(default="", description="Model of prompts that are made by `POST /prompts`; empty: the registry's usual one.")
    key_use_interval_s: float = Field(default=30.0, gt=0, description="How often is written when API keys were last used.")
    sandbox_workers: int = Field(
        default=4, ge=1, le=64, description="Processes, or sandboxes at Daytona, that run code when it is tried out."
    )
    sandbox_wasm: bool = Field(default=False, description="Offer WebAssembly beside Python; needs `burnish[wasm]`.")
    database_connections: int = Field(default=8, ge=2, description="Most connections of the pool.")
    leave_s: float = Field(
        default=1.0,
        ge=0,
        description="How long after SIGTERM open connections may still bring a request, which is answered with `Connection: close`.",
    )
    drain_s: float = Field(
        default=30.0, gt=0, description="How long open requests may go on after that; then their callers are told how they ended."
    )
    public_url: PublicAddress = Field(
        default="",
        description="Address at which people reach this installation, such as https://burnish.example.com; for links and cookies.",
    )
    cookie_secure: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether the session cookie is sent over https alone; auto: where the public address is https."
    )
    trusted_proxies: str = Field(
        default="", description="Networks of reverse proxies whose X-Forwarded-For names the caller's address, comma-separated CIDRs."
    )
    sign_up: Literal["open", "invited", "closed"] = Field(
        default="invited",
        description="Who may make an account and an organization: everybody, the invited (an account only), or nobody but the operator.",
    )
    sign_up_plan: str = Field(default="free", description="Plan of the organizations that people found themselves.")
    session_days: float = Field(default=14.0, gt=0, le=365, description="How long a session lasts.")
    session_idle_days: float = Field(default=7.0, gt=0, le=365, description="How long a session lasts without use.")
    invitation_days: float = Field(default=7.0, gt=0, le=90, description="How long an invitation can be accepted.")
    smtp_from: str = Field(
        default="",
        max_length=320,
        description="As the webhooks service has it, which sends: where it and BURNISH_PUBLIC_URL are set, invitations and links that set a"
        " password are mailed.",
    )
    password_memory_kib: int = Field(
        default=19_456, ge=8, le=1_048_576, description="Memory of Argon2id (OWASP Password Storage Cheat Sheet: 19 MiB with 2 passes)."
    )
    password_passes: int = Field(default=2, ge=1, le=100, description="Passes of Argon2id over its memory.")

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: str) -> str:
        return networks(value)
