"""Spans of an OTLP export, in protobuf or JSON, as one plain form (opentelemetry-proto, trace/v1). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from burnish_gateway.imports.count_parts import SPANS_MOST, check_count, too_many_spans
from burnish_shared.errors import InvalidBody

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


def from_protobuf(raw: bytes) -> Iterator[Span]:
    """Spans, each made when it is asked for. Raises InvalidBody for what is no ExportTraceServiceRequest, PayloadTooLarge for too many."""
    check_count(raw)
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(raw)
    except Exception as error:  # its DecodeError, of a package that only comes along with opentelemetry's
        raise InvalidBody("The body is no ExportTraceServiceRequest in protobuf.") from error
    return _of_request(request)


def _of_request(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _of_proto(span, resource)


def from_json(body: Any) -> Iterator[Span]:
    """Spans, each made when it is asked for. Raises InvalidBody, also while they are, for what is no ExportTraceServiceRequest in the JSON
    of OTLP (ids in hex), and PayloadTooLarge for too many. What is unknown is ignored.
    """
    spans = 0
    try:
        for of_resource in _list(body.get("resourceSpans")):
            resource = _json_attributes((of_resource.get("resource") or {}).get("attributes") or ())
            for of_scope in _list(of_resource.get("scopeSpans")):
                for span in _list(of_scope.get("spans")):
                    if (spans := spans + 1) > SPANS_MOST:
                        raise too_many_spans()
                    yield _of_json(span, resource)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise InvalidBody("The body is no ExportTraceServiceRequest in the JSON of OTLP.") from error


def _list(value: Any) -> list[Any]:
    """A list that may be left out. Raises TypeError for anything else."""
    if value is not None and not isinstance(value, list):
        raise TypeError("not a list")
    return value or []


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


def _of_json(span: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status = span.get("status") or {}
    return Span(
        trace_id=str(span["traceId"]).lower(),
        span_id=str(span["spanId"]).lower(),
        name=str(span.get("name") or ""),
        start_ns=int(span.get("startTimeUnixNano") or 0),
        end_ns=int(span.get("endTimeUnixNano") or 0),
        attributes=_json_attributes(span.get("attributes") or ()),
        resource=resource,
        events=tuple((str(event.get("name") or ""), _json_attributes(event.get("attributes") or ())) for event in span.get("events") or ()),
        is_error=status.get("code") in (ERROR_CODE, "STATUS_CODE_ERROR"),
        status_message=str(status.get("message") or ""),
    )


def _json_attributes(pairs: Iterable[Mapping[str, Any]], depth: int = 0) -> dict[str, Any]:
    return {str(one["key"]): _json_value(one.get("value") or {}, depth) for one in pairs}


def _json_value(value: Mapping[str, Any], depth: int) -> Any:
    if depth > NESTING_MOST:
        return None
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_json_value(one, depth + 1) for one in value["arrayValue"].get("values") or ()]
    if "kvlistValue" in value:
        return _json_attributes(value["kvlistValue"].get("values") or (), depth + 1)
    return next((value[kind] for kind in ("stringValue", "boolValue", "doubleValue", "bytesValue") if kind in value), None)
