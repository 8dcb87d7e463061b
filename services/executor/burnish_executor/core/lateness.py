"""How long a request lay before it was read, told from clocks that need not agree (PROMISES C-12). Pure.

A sender's clock and ours differ by something that stays the same; what comes on top of the least difference seen is the wait. A clock that
is set makes a jump that no message takes, or one that does not end: then the difference is learned anew.
"""

from dataclasses import dataclass, field
from typing import Final

LATE_MOST_S: Final = 30.0
"""No message lies longer: a connection to NATS that is silent for two pings of 5 s is given up."""

LATE_FOR_MOST_S: Final = 5.0
"""Messages that lay are read in one go. A sender whose messages are late for longer than this has another clock than before."""

TURN_S: Final = 60.0
"""The least difference is that of the last one or two of these: clocks drift."""

FORGOTTEN_S: Final = 600.0
"""Who was silent for so long is learned anew."""

SENDERS_MOST: Final = 1_000


@dataclass(slots=True)
class _Sender:
    least_s: float
    before_s: float
    turned_at_s: float
    late_since_s: float | None = None


@dataclass(slots=True)
class Lateness:
    """What is known of the clocks of those who ask."""

    senders: dict[str, _Sender] = field(default_factory=dict)

    def of(self, sender: str, *, sent_at_s: float, now_s: float, late_s: float) -> bool:
        """Whether this message lay longer than `late_s`. `sent_at_s`: by the sender's clock; `now_s`: by one of ours that is never set.

        The first message of a sender is never late: nothing is known of its clock.
        """
        difference_s = now_s - sent_at_s
        known = self.senders.get(sender)
        if known is None or now_s - known.turned_at_s > FORGOTTEN_S:
            self._learn(sender, difference_s, now_s=now_s)
            return False
        waited_s = difference_s - min(known.least_s, known.before_s)
        if waited_s <= late_s:
            known.least_s, known.late_since_s = min(known.least_s, difference_s), None
            if now_s - known.turned_at_s > TURN_S:
                known.before_s, known.least_s, known.turned_at_s = known.least_s, difference_s, now_s
            return False
        known.late_since_s = now_s if known.late_since_s is None else known.late_since_s
        if waited_s > LATE_MOST_S or now_s - known.late_since_s > LATE_FOR_MOST_S:
            self._learn(sender, difference_s, now_s=now_s)
            return False
        return True

    def _learn(self, sender: str, difference_s: float, *, now_s: float) -> None:
        if len(self.senders) >= SENDERS_MOST:
            self.senders.clear()
        self.senders[sender] = _Sender(difference_s, difference_s, now_s)
