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
from burnish_executor.core.circuit import Circuit, CircuitRule, ended_by_caller, says_of_provider
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

    def refusal(self, place: Hashable, *, owner: Hashable) -> Failure | None:
        """Why `owner` does not call there now; None: call, after `enter`."""
        now = asyncio.get_running_loop().time()
        found = (self._known.get(one) for one in (place, (place, owner)))
        wait_s = max((circuit.wait_s(now) for circuit in found if circuit is not None), default=0.0)
        if wait_s <= 0:
            return None
        metrics.CIRCUITS.labels("refused").inc()
        return Failure(
            FailureKind.RESTING, "The provider failed too often just now; it is left alone for a moment.", retry_after_s=max(0.1, wait_s)
        )

    def enter(self, place: Hashable, *, owner: Hashable) -> None:
        """`owner` calls there now, and will `note` what came of it."""
        for one in (place, (place, owner)):
            circuit = self._known.get(one)
            if circuit is not None:
                circuit.enter(asyncio.get_running_loop().time())

    def note(self, place: Hashable, result: Answer | Failure, *, owner: Hashable, latency_s: float, allowed_s: float) -> None:
        """What came of a call that the caller's own limits allowed `allowed_s`.

        One that those limits ended says something to its own workspace alone: whoever asks for long answers in little time must not
        close a provider that serves all others well.
        """
        if not self._known and isinstance(result, Answer):
            return
        worked = says_of_provider(result, latency_s=latency_s, patience_s=self.patience_s)
        is_cut_short = ended_by_caller(result, latency_s=latency_s, allowed_s=allowed_s)
        self._note(place, None if is_cut_short else worked, result)
        self._note((place, owner), worked if is_cut_short or worked else None, result)

    def _note(self, place: Hashable, worked: bool | None, result: Answer | Failure) -> None:
        """Counting begins with the first failure, so that providers in good health cost nothing."""
        circuit = self._known.get(place)
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
