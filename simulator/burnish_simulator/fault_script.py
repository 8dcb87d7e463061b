"""Which faults are due: armed ones, and how often one that is limited has happened."""

from collections import Counter
from dataclasses import dataclass, field

from burnish_simulator.faults import Fault

MAX_COUNTED_TEXTS = 10_000
"""Different fault texts with `first` that are counted; beyond it the oldest is forgotten."""


@dataclass(slots=True)
class FaultScript:
    """The only memory of the simulator besides its counters."""

    armed: dict[str, Fault] = field(default_factory=dict)
    """By model: a fault that happens to every call of the model (`PUT /faults`)."""
    happened: Counter[str] = field(default_factory=Counter)

    def arm(self, model: str, fault: Fault) -> None:
        """Let a fault happen to the calls of a model from now on, its `first` counted anew. Replaces an armed one."""
        self.happened.pop(fault.text, None)
        self.armed[model] = fault

    def disarm(self) -> None:
        """End all armed faults."""
        self.armed.clear()

    def due(self, fault: Fault | None) -> Fault | None:
        """The fault, or None if it has happened as often as it may. Counts this call."""
        if fault is None or fault.first is None:
            return fault
        if self.happened[fault.text] >= fault.first:
            return None
        if len(self.happened) > MAX_COUNTED_TEXTS:
            del self.happened[next(iter(self.happened))]
        self.happened[fault.text] += 1
        return fault
