"""Settings that every service shares, read from the environment. `docs/reference/settings.md` is generated from these classes."""

import re
import secrets
import socket
from functools import cache
from ipaddress import ip_network
from typing import Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from burnish_shared.addresses_of_settings import WebAddress, bus_address
from burnish_shared.refusal import StartRefused

PREFIX: Final = "BURNISH_"

REPLICA: Final = re.compile("[a-z0-9-]{1,40}")
"""The name of a process stands in the subject of its inbox, where a dot or blank would end a word."""

S = TypeVar("S", bound=BaseSettings)


def from_environment(settings: type[S]) -> S:
    """Raises StartRefused, which names every variable that is missing or wrong, and shows none that may hold a secret."""
    prefix = settings.model_config.get("env_prefix", PREFIX)
    try:
        return settings()
    except ValidationError as error:
        wrong = [
            _told(one["loc"], one["msg"], prefix) for one in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise StartRefused(f"The environment is not right. {'; '.join(wrong)}.") from None
    except SettingsError as error:  # The text of a setting that is JSON is none; its message names the field alone.
        named = [_variable(one, prefix) for one in re.findall(r'field "(\w+)"', str(error))]
        raise StartRefused(f"The environment is not right. {': '.join([*named, 'is no JSON'])}.") from None


def networks(text: str) -> str:
    """A setting that is comma-separated networks. Raises ValueError naming the one that is none."""
    for one in text.split(","):
        if one.strip():
            ip_network(one.strip())
    return text


def _told(place: tuple[int | str, ...], message: str, prefix: str) -> str:
    """What pydantic says of a field, or of all of them together, beginning with the variable."""
    message = message.removeprefix("Value error, ")
    variable = _variable(str(place[0]), prefix) if place else ""
    return message if message.startswith(variable) else f"{variable}: {message}"


def _variable(field: str, prefix: str) -> str:
    return field if field.isupper() else f"{prefix}{field.upper()}"


@cache
def own_replica() -> str:
    """The name of a process that was given none: its host's, and a few random letters. The same as long as the process lives.

    Replicas of one container image, and several processes of one host, must not take each other's inboxes and jobs.
    """
    return f"{replica_part(socket.gethostname())}-{secrets.token_hex(3)}"


def replica_part(host: str) -> str:
    """A host name as it may stand in the name of a replica: of `a-z0-9-`, at most 30 characters, never empty."""
    return re.sub(r"[^a-z0-9-]+", "-", host.lower())[:30].strip("-") or "host"


class SharedSettings(BaseSettings):
    """What a service needs to know of its surroundings. Names in the environment carry the prefix `BURNISH_`, save the two doors."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(validation_alias="DATABASE_URL", description="PostgreSQL, as this service's own login role.")
    nats_url: SecretStr = Field(validation_alias="NATS_URL", description="NATS, as this service's own user.")
    pooler: Literal["none", "transaction"] = Field(
        default="none",
        description="`transaction` where DATABASE_URL leads to a pooler in transaction mode (PgBouncer, Supabase's port 6543)."
        " A pooler in session mode needs nothing.",
    )
    replica: str = Field(
        default_factory=own_replica,
        description="Name of this process among its replicas; part of its inbox. Two that run at once must not share one."
        " Without it: the host's name and a few random letters.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of /metrics, /healthz and /readyz of this process, of the gateway apart from its API; 0 takes any.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of /metrics, /healthz and /readyz of this process, of the gateway apart from its API."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level that is logged.")
    failpoints: str = Field(
        default="", validation_alias="BURNISH_FP", description="Test only: `name:exit` or `name:sleep=MS`, comma-separated."
    )
    otlp_endpoint: WebAddress = Field(default="", description="OTLP/HTTP traces endpoint; empty: no traces leave the process.")
    egress_allow: str = Field(default="", description="Networks that outbound calls may reach besides public ones, comma-separated CIDRs.")
    relay_wait_ms: int = Field(default=20, ge=0, le=1000, description="How long the outbox relay waits to join rows into one message.")
    relay_busy_ms: int = Field(default=100, ge=0, le=1000, description="How far apart its turns are at least where rows keep coming.")
    sweep_interval_s: float = Field(default=15.0, gt=0, description="How often holds past their deadline are swept.")
    sweep_grace_s: float = Field(default=60.0, gt=0, description="How long after its deadline a hold is ended by the sweeper.")
    ack_wait_s: float = Field(default=60.0, gt=0, description="How long JetStream waits for an acknowledgement before it delivers again.")

    @field_validator("egress_allow")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        return networks(value)

    @field_validator("database_url")
    @classmethod
    def _leads_to_postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("nats_url")
    @classmethod
    def _leads_to_nats(cls, value: SecretStr) -> SecretStr:
        bus_address(value.get_secret_value())
        return value

    @field_validator("replica")
    @classmethod
    def _fits_into_a_subject(cls, value: str) -> str:
        if not REPLICA.fullmatch(value):
            raise ValueError("must be 1 to 40 of the letters a to z, digits and -, such as gateway-1")
        return value
