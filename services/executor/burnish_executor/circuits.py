"""The circuits of this process: which providers are left alone because they fail. Each executor finds out for itself."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

import structlog

from burnish_executor import metrics
from burnish_executor.core.answer import Answer
from burnish_executor.core.circuit import Circuit, CircuitRule, says_of_provider
from burnish_executor.core.failure import Failure, FailureKind

log = structlog.get_logger("burnish.executor")

CIRCUITS_MOST: Final = 10_000
"""Beyond it the one that was asked for longest ago is forgotten: it starts anew, closed."""


@dataclass(slots=True)
class Circuits:
    """One for each place: address, key and model. `patience_s`: how long a provider may be silent before that counts against it."""

    rule: CircuitRule
    patience_s: float
    dice: Callable[[], float] = random.random
    _known: "OrderedDict[Hashable, Circuit]" = field(default_factory=OrderedDict)

    @property
    def are_any(self) -> bool:
        """Did anything fail lately?"""
        return bool(self._known)

    def refusal(self, place: Hashable) -> Failure | None:
        """Why nobody calls there now; None: call, after `enter`."""
        circuit = self._known.get(place)
        wait_s = circuit.wait_s(asyncio.get_running_loop().time()) if circuit is not None else 0.0
        if wait_s <= 0:
            return None
        metrics.CIRCUITS.labels("refused").inc()
        return Failure(
            FailureKind.RESTING, "The provider failed too often just now; it is left alone for a moment.", retry_after_s=max(0.1, wait_s)
        )

    def enter(self, place: Hashable) -> None:
        """Somebody calls there now, and will `note` what came of it."""
        circuit = self._known.get(place)
        if circuit is not None:
            circuit.enter(asyncio.get_running_loop().time())

    def note(self, place: Hashable, result: Answer | Failure, *, latency_s: float) -> None:
        """What came of a call. Counting begins with the first failure, so that providers in good health cost nothing."""
        circuit = self._known.get(place)
        if circuit is None and isinstance(result, Answer):
            return
        worked = says_of_provider(result, latency_s=latency_s, patience_s=self.patience_s)
        if circuit is None:
            if worked is not False:
                return
            circuit = self._known[place] = Circuit(self.rule)
            if len(self._known) > CIRCUITS_MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(place)
        was_open = circuit.rests_until is not None
        if circuit.note(worked, now=asyncio.get_running_loop().time(), dice=self.dice()):
            metrics.CIRCUITS.labels("opened").inc()
            log.warning("circuit.opened", openings=circuit.openings, because=result.kind.value[1] if isinstance(result, Failure) else "")
        elif was_open and circuit.rests_until is None:
            metrics.CIRCUITS.labels("closed").inc()
            log.info("circuit.closed")
        if circuit.is_healthy:
            self._known.pop(place, None)
