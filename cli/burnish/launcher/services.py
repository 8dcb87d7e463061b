"""The processes that `burnish up` keeps running besides the servers, as data."""

import importlib.util
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """`module` has `async def main(stop)`, and `rehearse()`, which raises what would end its start at once.

    Services of one `stage` start together; the next stage waits until they are ready.
    """

    name: str
    module: str
    stage: int
    has_database: bool = True
    opens_secrets: bool = False
    """Is given the key-encryption key."""
    listens: bool = False
    """Serves the public port over the socket that the launcher opened."""


SERVICES: Final = (
    Service("simulator", "burnish_simulator.app", stage=1, has_database=False),
    Service("executor", "burnish_executor.app", stage=1, opens_secrets=True),
    Service("analytics", "burnish_analytics.app", stage=1),
    Service("optimizer", "burnish_optimizer.app", stage=1),
    Service("webhooks", "burnish_webhooks.app", stage=1, opens_secrets=True),
    Service("gateway", "burnish_gateway.app", stage=2, opens_secrets=True, listens=True),
)

MOST_REPLICAS: Final = 32

PROVISIONER: Final = Service("provisioner", "burnish.provisioner", stage=0)
"""Run by `burnish serve provisioner` in deployments; the launcher looks after the streams itself."""

NAMES: Final = tuple(one.name for one in SERVICES)


def service_named(name: str) -> Service:
    """Raises KeyError for a name that is neither one of NAMES nor the provisioner."""
    for service in (*SERVICES, PROVISIONER):
        if service.name == name:
            return service
    raise KeyError(f"no service {name!r}; there are {', '.join((*NAMES, PROVISIONER.name))}")


def is_installed(service: Service) -> bool:
    """Whether its module is there. Nothing of it is run, save the package's empty __init__."""
    try:
        return importlib.util.find_spec(service.module) is not None
    except ModuleNotFoundError:
        return False


def process_names(service: Service, *, replicas: int) -> tuple[str, ...]:
    """`executor`, `executor-2`, …: the first carries the plain name, so scripts find it however many there are."""
    return tuple(service.name if number == 1 else f"{service.name}-{number}" for number in range(1, replicas + 1))


def parse_replicas(text: str) -> dict[str, int]:
    """`gateway=2,executor=2` → numbers by service. 0 leaves a service out. Raises ValueError that says what is wrong."""
    numbers: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, number = part.partition("=")
        if name not in NAMES:
            raise ValueError(f"--replicas names {name!r}; it may be one of {', '.join(NAMES)}")
        most = 1 if name == "simulator" else MOST_REPLICAS
        if not number.isdecimal() or int(number) > most:
            raise ValueError(f"--replicas wants {name}=N with N from 0 to {most}, not {part!r}")
        numbers[name] = int(number)
    return numbers
