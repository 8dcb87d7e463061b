"""What all steps of the demo share."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from burnish.demo.api import Api
from burnish.demo.receiver import Delivery, Receiver
from burnish.demo.screen import Screen
from burnish.demo.tickets import TicketSet


@dataclass(frozen=True, slots=True)
class Plan:
    """`seed` decides which tickets come, what users do, and the dice of the search. `evaluations`: the budget of the search."""

    seed: int
    evaluations: int


@dataclass(slots=True)
class Stage:
    """One run. `result` fills as it goes; it is what `--json` prints. `open_job`: what must be cancelled when the demo is interrupted."""

    api: Api
    receiver: Receiver
    screen: Screen
    tickets: TicketSet
    plan: Plan
    result: dict[str, Any] = field(default_factory=lambda: {"simulated": True, "executions": {}, "feedback": {}, "durations_s": {}})
    slug: str = ""
    endpoint_id: str = ""
    open_job: str = ""
    _shown: int = 0

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """A numbered step on the screen, and how long it took in the result."""
        self.screen.step(title)
        began = time.monotonic()
        yield
        self.result["durations_s"][name] = round(time.monotonic() - began, 2)

    def show_deliveries(self) -> None:
        """What has come in since they were shown last."""
        deliveries: list[Delivery] = list(self.receiver.deliveries.values())
        self.screen.say("webhooks received, signatures verified with standardwebhooks, each with its webhook-id:")
        for one in deliveries[self._shown :]:
            self.screen.raw(f"{one.type:<28}{one.about:<14}{one.id}")
        self._shown = len(deliveries)


def reason_of(run: Mapping[str, Any]) -> str:
    """Why a run or a job failed, as it says itself."""
    return str((run["error"] or {}).get("message") or "for no reason that it tells")
