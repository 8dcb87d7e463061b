"""The environment of each service process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from burnish.launcher.passwords import KEK_VARIABLES, Secrets
from burnish.launcher.services import Service
from burnish_shared.providers import KEY_PREFIX, KEY_VARIABLES

EMBEDDED_EGRESS: Final = "127.0.0.0/8,::1/128"
"""The simulator and the demo's receiver listen on loopback (PRODUCT, Doors)."""

NOT_HANDED_DOWN: Final = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "DATABASE_URL", "NATS_URL", "BURNISH_PORT", "PGPASSWORD", *KEK_VARIABLES,
)  # fmt: skip

SIGN_IN: Final = ("BURNISH_JWT_", "BURNISH_OIDC_")
"""Secrets of identity providers: whoever has them can be anybody, so only the gateway, which verifies, is given them."""

PROVIDER_KEYS: Final = (*KEY_VARIABLES.values(), KEY_PREFIX)
"""The operator's keys for model providers: only the executor calls those (PROMISES E-13)."""


MAIL: Final = ("BURNISH_SMTP_URL",)
"""The password of the mail server: only the webhooks service sends mail."""


FAR_SANDBOX: Final = ("BURNISH_DAYTONA_",)
RUN_CODE: Final = ("gateway", "executor", "optimizer")
"""The key of Daytona: only services that run code of evaluators, guardrails and validators are given it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all services of one run share."""

    secrets: Secrets
    database_urls: Mapping[str, str]
    nats_urls: Mapping[str, str]
    public_port: int
    listen_fd: int | None
    simulator_port: int


def service_environment(
    service: Service, *, number: int, metrics_port: int, around: Surroundings, inherited: Mapping[str, str]
) -> dict[str, str]:
    """What replica `number` (from 1) of a service finds in its environment. Settings that the user exported stay."""
    withheld = (
        "BURNISH_NATS_PASSWORD_",
        "BURNISH_PG_PASSWORD_",
        *(() if service.listens else SIGN_IN),
        *(() if service.name == "executor" else PROVIDER_KEYS),
        *(() if service.name == "webhooks" else MAIL),
        *(() if service.name in RUN_CODE else FAR_SANDBOX),
    )
    own = {name: value for name, value in inherited.items() if name not in NOT_HANDED_DOWN and not name.startswith(withheld)}
    own |= {
        "PYTHONUNBUFFERED": "1",
        "BURNISH_REPLICA": f"{around.secrets.instance}-{number}",
        "BURNISH_METRICS_PORT": str(metrics_port),
        "BURNISH_SIMULATOR_PORT": str(around.simulator_port),
        "BURNISH_TRUST_TENANT_PRICES": inherited.get("BURNISH_TRUST_TENANT_PRICES", "true"),
        "BURNISH_EGRESS_ALLOW": inherited.get("BURNISH_EGRESS_ALLOW", EMBEDDED_EGRESS),
        "BURNISH_PUBLIC_URL": inherited.get("BURNISH_PUBLIC_URL", f"http://127.0.0.1:{around.public_port}"),
    }
    if service.has_database:
        own |= {
            "DATABASE_URL": around.database_urls[service.name],
            "NATS_URL": around.nats_urls[service.name],
        }
    if service.opens_secrets:
        own["BURNISH_KEK"] = around.secrets.kek
        if around.secrets.kek_previous:
            own["BURNISH_KEK_PREVIOUS"] = ",".join(around.secrets.kek_previous)
    if service.listens:
        own["BURNISH_PORT"] = str(around.public_port)
        if around.listen_fd is not None:
            own["BURNISH_LISTEN_FD"] = str(around.listen_fd)
    return own
