"""The rows of the fault matrix that are played in `make chaos-long`: what goes wrong, and what must come of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault. `number`: its place in the matrix, by which tests name it."""

    number: int
    where: str
    fault: str
    expected: str


REST: Final = 99
"""Faults by lot, for as long as there is time."""

ROWS: Final = {
    row.number: row
    for row in (
        Row(1, "gateway", "killed in the middle of calls", "callers lose the connection; a repeat with the same key gets the one answer"),
        Row(2, "executor", "killed in mid-stream", "one terminal error for each stream; what was shown is booked and paid, no more"),
        Row(3, "executor", "dies between the provider's answer and the booking", "not run again; charged once, by estimate, marked so"),
        Row(4, "executor", "stands still for longer than NATS waits", "another one has the work; the sleeper counts for nothing"),
        Row(5, "NATS", "stands still", "503 in time, feedback is taken, recovery without a restart"),
        Row(6, "NATS", "killed", "everything acknowledged is there; consumers go on within seconds"),
        Row(7, "NATS", "power loss: comes back with an older store", "PostgreSQL sends again what was lost; nothing counts twice"),
        Row(8, "NATS", "store wiped", "streams are made again from code, work in doubt is sent again"),
        Row(9, "NATS", "streams full", "feedback and events wait in PostgreSQL; nothing old is dropped; all arrives later"),
        Row(10, "NATS", "disk full", "all reactions are taken; all arrives once there is room, for which NATS is restarted"),
        Row(12, "any and NATS", "a network of 300 ms, of 1 B/s, and reset", "heartbeats arrive; nothing is run or counted twice"),
        Row(14, "PostgreSQL", "sessions ended in mid-transaction, again and again", "503 at worst; nothing half done"),
        Row(15, "PostgreSQL", "stopped at once, with fsync on", "back within seconds; nothing acknowledged is lost"),
        Row(21, "credits", "deadlocks and locks held by others", "tried again or 503; the books add up"),
        Row(23, "consumers", "unreadable messages, one and many", "dead letters, neighbours on time; too many in a row pause a consumer"),
        Row(24, "each service", "clocks ten minutes off, and set while they run", "no early expiry, nothing refused, no negative duration"),
        Row(26, "webhooks", "receivers hang, drip, redirect, drop, flood, break TLS", "other endpoints are on time; nothing is lost"),
        Row(28, "webhooks", "dies between the receiver's 200 and the booking", "delivered again under the same id"),
        Row(30, "executor", "providers limit, fail, hang, lie and break off", "other models answer, deadlines hold, the charge is right"),
        Row(31, "optimizer", "dies at each of its steps", "the job ends as if nothing had happened; nothing is bought twice"),
        Row(35, "all services", "restarted one after the other under load", "every call is answered"),
        Row(37, "consumers", "messages twice and in another order", "the same books"),
        Row(REST, "everything", "faults by lot for the rest of the time", "the books are right"),
    )
}  # fmt: skip
