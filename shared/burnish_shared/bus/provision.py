"""The one provisioner of streams and consumers: makes what is missing, corrects what may be corrected, reports the rest (PROMISES M-10).

It runs before any publisher is ready, again after each reconnect, and every five minutes. It never deletes anything: a durable
consumer or a stream that differs in what cannot be changed is reported and left alone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from burnish_shared import metrics, streams
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.lag import watch_lag
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.streams import ConsumerSpec, StreamSpec

log = structlog.get_logger("burnish.provision")

VERIFY_INTERVAL_S: Final = 300.0
"""How often drift is looked for (DESIGN section 5)."""

RETRY_INTERVAL_S: Final = 1.0
MIN_STREAM_BYTES: Final = 64 << 20
ADVISORY_LOCK: Final = 7_227_401
"""Key of the advisory lock that lets one provisioner work at a time."""

STREAM_NOT_FOUND: Final = 10059
CONSUMER_NOT_FOUND: Final = 10014
INSUFFICIENT_STORAGE: Final = 10047

FIXED_OF_STREAM: Final = frozenset({"storage", "retention", "persist_mode", "max_consumers"})
FIXED_OF_CONSUMER: Final = frozenset({"deliver_policy", "ack_policy", "replay_policy", "max_waiting"})
"""What the server refuses to change, or what would lose messages if it were."""


@dataclass(slots=True)
class Report:
    """What one run did. `refused` is drift that stays: somebody has to look at it."""

    created: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True when code and server agree now."""
        return not self.refused


async def provision(bus: Bus | str, db: Database | None = None, *, replicas: int = 1, ack_wait_s: float | None = None) -> Report:
    """Brings the server to what `streams` says. Idempotent; two at once do no harm.

    `bus` is a connection as the provisioner, or the URL for one. With `db` it works under an advisory lock; it takes milliseconds,
    so the lock's transaction stays open meanwhile. `ack_wait_s` shortens each consumer's wait (a setting). Raises Unavailable when
    NATS or PostgreSQL cannot be reached.
    """
    if isinstance(bus, str):
        async with await connect(bus, service="provisioner", replica="0") as own:
            return await provision(own, db, replicas=replicas, ack_wait_s=ack_wait_s)
    if db is None:
        return await _provision(bus, replicas=replicas, ack_wait_s=ack_wait_s)
    async with db.unit_of_work() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", ADVISORY_LOCK)
        return await _provision(bus, replicas=replicas, ack_wait_s=ack_wait_s)


async def keep_provisioned(
    bus: Bus,
    db: Database | None,
    stop: asyncio.Event,
    *,
    replicas: int = 1,
    ack_wait_s: float | None = None,
    interval_s: float = VERIFY_INTERVAL_S,
) -> None:
    """Provisions now, after each reconnect (the store may have been wiped), and every `interval_s`, until `stop`.

    Beside it keeps the gauges of consumers' lag true.
    """
    watching = asyncio.create_task(watch_lag(bus, stop))
    try:
        while not stop.is_set():
            seen = bus.connections
            is_done = await _provision_and_tell(bus, db, replicas=replicas, ack_wait_s=ack_wait_s)
            await bus.wait_reconnected(seen, stop=stop, timeout_s=interval_s if is_done else RETRY_INTERVAL_S)
    finally:
        watching.cancel()


async def _provision_and_tell(bus: Bus, db: Database | None, *, replicas: int, ack_wait_s: float | None) -> bool:
    try:
        report = await provision(bus, db, replicas=replicas, ack_wait_s=ack_wait_s)
    except (Unavailable, ApiError) as error:
        log.warning("provision_failed", error=str(error))
        return False
    metrics.provision_refused.set(len(report.refused))
    tell = log.error if report.refused else log.info
    tell("provisioned", created=report.created, corrected=report.corrected, refused=report.refused)
    return True


async def _provision(bus: Bus, *, replicas: int, ack_wait_s: float | None) -> Report:
    report = Report()
    for stream in sorted(streams.STREAMS, key=lambda one: one.max_bytes):  # The large ones give way on a small disk.
        await _ensure_stream(bus, stream, report, replicas=replicas)
        for consumer in streams.consumers_of(stream.name):
            await _ensure_consumer(bus, consumer, report, ack_wait_s=ack_wait_s)
    return report


async def _ensure_stream(bus: Bus, spec: StreamSpec, report: Report, *, replicas: int) -> None:
    wanted = spec.config(replicas=replicas)
    current = await _find(bus, f"STREAM.INFO.{spec.name}", missing=STREAM_NOT_FOUND)
    if current is None:
        await _write_stream(bus, "CREATE", spec, replicas=replicas)
        report.created.append(spec.name)
        return
    differing = _differences(wanted, current)
    fixed = differing & FIXED_OF_STREAM
    report.refused += [_drift(spec.name, key, current, wanted) for key in sorted(fixed)]
    if differing - fixed and not fixed:
        written = await _write_stream(bus, "UPDATE", spec, replicas=replicas)
        if _differences(written, current):
            report.corrected += [_drift(spec.name, key, current, written) for key in sorted(differing)]


async def _write_stream(bus: Bus, verb: str, spec: StreamSpec, *, replicas: int) -> Mapping[str, object]:
    """Halves the byte limit while the server says that its disk allowance is too small for it. Returns what was written."""
    max_bytes = spec.max_bytes
    while True:
        config = spec.config(replicas=replicas, max_bytes=max_bytes)
        try:
            await ask(bus, f"STREAM.{verb}.{spec.name}", config)
            return config
        except ApiError as error:
            if error.code != INSUFFICIENT_STORAGE or max_bytes // 2 < MIN_STREAM_BYTES:
                raise
            max_bytes //= 2


async def _ensure_consumer(bus: Bus, spec: ConsumerSpec, report: Report, *, ack_wait_s: float | None) -> None:
    name, wanted = f"{spec.stream}/{spec.durable}", spec.config(ack_wait_s=ack_wait_s)
    current = await _find(bus, f"CONSUMER.INFO.{spec.stream}.{spec.durable}", missing=CONSUMER_NOT_FOUND)
    differing = _differences(wanted, current) if current is not None else frozenset(wanted)
    fixed = differing & FIXED_OF_CONSUMER if current is not None else frozenset()
    if current is not None and fixed:
        report.refused += [_drift(name, key, current, wanted) for key in sorted(fixed)]
    elif differing:
        body = {"stream_name": spec.stream, "config": wanted, "action": "create" if current is None else "update"}
        subject = f"CONSUMER.CREATE.{spec.stream}.{spec.durable}"
        await ask(bus, f"{subject}.{wanted['filter_subject']}" if "filter_subject" in wanted else subject, body)
        if current is None:
            report.created.append(name)
        else:
            report.corrected += [_drift(name, key, current, wanted) for key in sorted(differing)]


def _differences(wanted: Mapping[str, object], current: Mapping[str, object]) -> frozenset[str]:
    """Names of the settings in which the server's configuration is not the wanted one. The server leaves out what is zero."""
    keys = set(wanted) | ({"persist_mode", "filter_subject", "filter_subjects"} & set(current))
    return frozenset(key for key in keys if _plain(wanted.get(key)) != _plain(current.get(key)))


def _plain(value: object) -> object:
    """Lists without their order, and `None`, `''`, `'default'` as one."""
    if isinstance(value, list):
        return sorted(map(str, value))
    return None if value in ("", "default") else value


def _drift(name: str, key: str, current: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    return f"{name}: {key} was {current.get(key)!r}, should be {wanted.get(key)!r}"


async def _find(bus: Bus, subject: str, *, missing: int) -> Mapping[str, object] | None:
    """The `config` of a stream or consumer; None when there is none."""
    try:
        answer = await ask(bus, subject)
    except ApiError as error:
        if error.code == missing:
            return None
        raise
    return answer["config"]  # type: ignore[no-any-return]
