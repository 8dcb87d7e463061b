"""Traces: W3C traceparent through NATS headers, one span per hop, GenAI attributes.

Nothing leaves the process unless OTLP is configured.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal
from uuid import UUID

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]

Kind = Literal["internal", "server", "client", "consumer"]
"""Whose part of a call a span is, by OpenTelemetry's words."""

TRACEPARENT: Final = "traceparent"
FORMAT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context level 1, version 00: neither id is all zeros."""

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_tracer: Any = None
_provider: Any = None

FLUSH_TIMEOUT_MS: Final = 2_000


def configure(*, service: str, otlp_endpoint: str) -> None:
    """Sends spans to `otlp_endpoint` (OTLP over HTTP) from now on. Empty: spans cost nothing and go nowhere."""
    global _tracer, _provider
    _tracer = _provider = None
    if not otlp_endpoint:
        return
    # Imported here: the SDK costs 0.2 s and 10 MB, which a process without traces does not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create({"service.name": f"burnish-{service}"}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    _tracer = _provider.get_tracer("burnish")


def is_exported() -> bool:
    """Whether spans of this process go anywhere."""
    return _tracer is not None


def flush() -> None:
    """Sends what was not sent yet, for at most FLUSH_TIMEOUT_MS. Blocks: for the end of a process."""
    if _provider is not None:
        _provider.force_flush(FLUSH_TIMEOUT_MS)


def current() -> str | None:
    """The traceparent of what is being done now; None outside of any trace."""
    return _current.get()


def told_in(traceparent: str | None) -> str | None:
    """The trace of an event that a piece of work leads to: the span of that work where spans are exported, else what led to the work."""
    return (_current.get() if is_exported() else None) or traceparent


def valid(traceparent: str | None) -> str | None:
    """The value when it is a well-formed traceparent, else None: a caller's header is never passed on unchecked."""
    return traceparent if traceparent is not None and FORMAT.fullmatch(traceparent) else None


def new_traceparent(parent: str | None = None) -> str:
    """A traceparent with a fresh span id, in the trace of `parent`, or in a new one. Sampled only where the parent was."""
    checked = valid(parent)
    trace_id, flags = (checked[3:35], checked[53:]) if checked else (_random_hex(16), "00")
    return f"00-{trace_id}-{_random_hex(8)}-{flags}"


def _random_hex(count: int) -> str:
    """So many bytes, not all zero. They are no secret, and one is drawn for every hop: the kernel need not be asked for them."""
    return f"{random.getrandbits(8 * count) or 1:0{2 * count}x}"


def trace_id_of(traceparent: str | None) -> UUID | None:
    """The trace that a caller's traceparent belongs to, 128 bits; None where it is none."""
    return UUID(traceparent[3:35]) if traceparent is not None and valid(traceparent) else None


def of_execution(execution_id: UUID, traceparent: str | None) -> str:
    """The trace in which an execution runs: its caller's, or one of its own that is called by its id."""
    return valid(traceparent) or f"00-{execution_id.hex}-{execution_id.hex[16:]}-01"


def headers() -> dict[str, str]:
    """Headers that carry the present trace over NATS or HTTP; empty outside of one."""
    traceparent = _current.get()
    return {TRACEPARENT: traceparent} if traceparent else {}


def span(
    name: str, *, parent: str | None = None, kind: Kind = "internal", attributes: Attributes | None = None
) -> AbstractContextManager[str]:
    """One hop. `parent` is a traceparent from outside; without it the span joins the present trace. Gives its own traceparent."""
    if _tracer is not None:
        return _exported(name, parent or _current.get(), kind, attributes or {})
    return _Unexported(parent)


class _Unexported:
    """A hop that only has an id."""

    __slots__ = ("_before", "_parent")

    def __init__(self, parent: str | None) -> None:
        self._parent = parent

    def __enter__(self) -> str:
        traceparent = new_traceparent(self._parent or _current.get())
        self._before = _current.set(traceparent)
        return traceparent

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


def note(attributes: Attributes, *, name: str | None = None, error: str | None = None) -> None:
    """Adds to the present span what its end showed. `error`: the code of what went wrong; `name`: a better one. Nothing without export."""
    if _tracer is None:
        return
    from opentelemetry import trace

    present = trace.get_current_span()
    present.set_attributes(dict(attributes))
    if name is not None:
        present.update_name(name)
    if error is not None:
        present.set_attribute("error.type", error)
        present.set_status(trace.StatusCode.ERROR)


@contextmanager
def _exported(name: str, parent: str | None, kind: Kind, attributes: Attributes) -> Iterator[str]:
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    context = propagator.extract({TRACEPARENT: parent}) if valid(parent) and parent else None
    with _tracer.start_as_current_span(name, context=context, kind=SpanKind[kind.upper()], attributes=dict(attributes)):
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        token = _current.set(carrier[TRACEPARENT])
        try:
            yield carrier[TRACEPARENT]
        finally:
            _current.reset(token)
