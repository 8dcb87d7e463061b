"""Spans of an OTLP export as one plain form, and how they come out of protobuf (opentelemetry-proto, trace/v1). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from burnish_gateway.imports.count_parts import SPANS_FIELD, check_count, parts

RESOURCE_SPANS: Final = ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER
RESOURCE: Final = ResourceSpans.RESOURCE_FIELD_NUMBER
SCOPE_SPANS: Final = ResourceSpans.SCOPE_SPANS_FIELD_NUMBER

M = TypeVar("M", bound=Message)

ERROR_CODE: Final = 2
NESTING_MOST: Final = 16
"""Levels of lists and maps in an attribute; what lies deeper is dropped."""


@dataclass(frozen=True, slots=True)
class Span:
    """One span with its resource's attributes. Ids in hex, times in nanoseconds since 1970. `is_error`: its status says so."""

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    is_error: bool = False
    status_message: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A span that cannot be read, and why."""

    reason: str


def from_protobuf(raw: bytes) -> Iterator[Span | Unread]:
    """Spans, each made when it is asked for. Raises InvalidBody for what is no ExportTraceServiceRequest, PayloadTooLarge for too many."""
    check_count(raw)
    request = _parsed(ExportTraceServiceRequest, raw)
    return _one_by_one(raw) if request is None else _of_request(request)


def _of_request(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _of_proto(span, resource)


def _one_by_one(raw: bytes) -> Iterator[Span | Unread]:
    """The same where the whole cannot be parsed, since something in it is no UTF-8 or lies too deep: a span that can be comes in."""
    for of_resource in parts(raw, RESOURCE_SPANS):
        resource = _parsed(Resource, b"".join(parts(of_resource, RESOURCE)))
        attributes = _attributes(resource.attributes) if resource is not None else {}
        for of_scope in parts(of_resource, SCOPE_SPANS):
            for one in parts(of_scope, SPANS_FIELD):
                span = _parsed(ProtoSpan, one)
                if resource is None or span is None:
                    yield Unread(
                        f"a {'resource' if resource is None else 'span'} cannot be read: text that is no UTF-8, or nested too deep"
                    )
                else:
                    yield _of_proto(span, attributes)


def _parsed(kind: type[M], raw: bytes) -> M | None:
    try:
        return kind.FromString(raw)
    except DecodeError:
        return None


def _of_proto(span: ProtoSpan, resource: Mapping[str, Any]) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        resource=resource,
        events=tuple((event.name, _attributes(event.attributes)) for event in span.events),
        is_error=span.status.code == ERROR_CODE,
        status_message=span.status.message,
    )


def _attributes(pairs: Iterable[KeyValue], depth: int = 0) -> dict[str, Any]:
    return {one.key: _value(one.value, depth) for one in pairs}


def _value(value: AnyValue, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or depth > NESTING_MOST:
        return None
    if kind == "array_value":
        return [_value(one, depth + 1) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values, depth + 1)
    found = getattr(value, kind)
    return found.hex() if isinstance(found, bytes) else found
