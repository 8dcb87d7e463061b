"""Settings of the webhooks service. The defaults are those of PROMISES 5.1; tests and demos shorten times."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from burnish_shared.addresses_of_settings import PublicAddress
from burnish_shared.auth.kek import SealingSettings


class WebhooksSettings(SealingSettings):
    """Names in the environment carry the prefix `BURNISH_`."""

    public_url: PublicAddress = Field(default="", description="Where customers reach the API; the links in webhook bodies begin with it.")
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for alerts, invitations and links that set a password: smtp://user:password@host:587 (TLS where it is"
        " offered) or smtps://…:465. Without it e-mail channels say that they are not set up.",
    )
    smtp_from: str = Field(default="", max_length=320, description="Sender of mails, such as `Burnish <alerts@example.com>`.")
    webhook_schedule_factor: float = Field(default=1.0, gt=0, le=1, description="Scales the retry schedule and the breaker's pauses.")
    webhook_total_timeout_s: float = Field(default=15.0, gt=0, le=60, description="Longest time of one attempt, all included.")
    webhook_connect_timeout_s: float = Field(default=5.0, gt=0, le=60, description="Longest time for TCP and TLS.")
    webhook_lease_s: float = Field(default=60.0, gt=0, description="How long a claimed delivery is left to the process that claimed it.")
    webhook_claim_interval_s: float = Field(
        default=1.0, gt=0, le=60, description="How often due deliveries are looked for when nothing wakes us."
    )
    webhook_batch: int = Field(default=50, ge=1, le=1000, description="Most deliveries claimed at once.")
    webhook_order_hold_s: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="How long a new event waits at an endpoint that asked for order, so that an earlier one of its object that another"
        " process takes up a little later goes first.",
    )
    webhook_per_endpoint: int = Field(default=4, ge=1, description="Most attempts under way at one endpoint.")
    webhook_per_workspace: int = Field(default=32, ge=1, description="Most attempts under way for one workspace.")
    webhook_per_process: int = Field(default=256, ge=1, description="Most attempts under way in one process.")
    webhook_replays_per_second: int = Field(
        default=20, ge=1, description="Most replays started a second by all processes together, so that live deliveries come first."
    )
    webhook_housekeeping_interval_s: float = Field(default=15.0, gt=0, description="How often switched-off endpoints are cleared.")
    webhook_retention_interval_s: float = Field(default=3600.0, gt=0, description="How often partitions are made and dropped.")
    webhook_retention_days: int = Field(default=30, ge=1, description="How long deliveries, attempts and bodies are kept.")

    @model_validator(mode="after")
    def _lease_outlives_attempt(self) -> Self:
        if self.webhook_lease_s <= self.webhook_total_timeout_s:
            raise ValueError(
                "BURNISH_WEBHOOK_LEASE_S must be longer than BURNISH_WEBHOOK_TOTAL_TIMEOUT_S, else an attempt under way is made twice"
            )
        return self
