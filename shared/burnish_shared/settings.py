"""Settings that every service shares, read from the environment. `docs/reference/settings.md` is generated from these classes."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SharedSettings(BaseSettings):
    """What a service needs to know of its surroundings. Names in the environment carry the prefix `BURNISH_`, save the two doors."""

    model_config = SettingsConfigDict(env_prefix="BURNISH_", extra="ignore", populate_by_name=True)

    database_url: SecretStr = Field(validation_alias="DATABASE_URL", description="PostgreSQL, as this service's own login role.")
    nats_url: SecretStr = Field(validation_alias="NATS_URL", description="NATS, as this service's own user.")
    replica: str = Field(
        default="0", pattern=r"^[a-z0-9-]{1,40}$", description="Name of this process among its replicas; part of its inbox."
    )
    kek: SecretStr = Field(description="Key-encryption key, 32 bytes in base64; the pepper of API keys is derived from it.")
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of /metrics, /healthz and /readyz of a service without HTTP of its own; 0 takes any."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of /metrics, /healthz and /readyz of a service without HTTP of its own."
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Lowest level that is logged.")
    failpoints: str = Field(
        default="", validation_alias="BURNISH_FP", description="Test only: `name:exit` or `name:sleep=MS`, comma-separated."
    )
    otlp_endpoint: str = Field(default="", description="OTLP/HTTP traces endpoint; empty: no traces leave the process.")
    egress_allow: str = Field(default="", description="Networks that outbound calls may reach besides public ones, comma-separated CIDRs.")
    relay_wait_ms: int = Field(default=20, ge=0, le=1000, description="How long the outbox relay waits to join rows into one message.")
    sweep_interval_s: float = Field(default=15.0, gt=0, description="How often holds past their deadline are swept.")
    sweep_grace_s: float = Field(default=60.0, gt=0, description="How long after its deadline a hold is ended by the sweeper.")
    ack_wait_s: float = Field(default=60.0, gt=0, description="How long JetStream waits for an acknowledgement before it delivers again.")
