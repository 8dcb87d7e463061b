"""Executions made elsewhere: `POST /v1/executions/import` and OTLP/HTTP at `POST /v1/otlp/v1/traces`."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.idempotency import key_of
from burnish_gateway.imports.bodies import ImportAnswer, ImportedBody
from burnish_gateway.imports.import_lines import LINES_MOST, import_lines
from burnish_gateway.imports.import_spans import Rejected, import_spans
from burnish_gateway.imports.inflate import inflated
from burnish_gateway.imports.otlp_errors import PROTOBUF, OtlpRoute, media_type
from burnish_gateway.imports.otlp_json import from_json
from burnish_gateway.imports.otlp_spans import from_protobuf
from burnish_gateway.json_lines import lines_body, lines_of
from burnish_gateway.wire import content_encoding, include, json_response, make_router, read_body
from burnish_shared.errors import InvalidField

router = make_router("executions", route_class=APIRoute)
traces = make_router("executions", route_class=OtlpRoute)

EXPORT_MOST_BYTES: Final = 4 * 1024 * 1024
UNPACKED_MOST_BYTES: Final = 16 * 1024 * 1024

JSON: Final = "application/json"

OTLP_BODY: Final[dict[str, Any]] = {
    "required": False,
    "content": {
        JSON: {"schema": {"type": "object", "properties": {"resourceSpans": {"type": ["array", "null"], "items": {"type": "object"}}}}},
        PROTOBUF: {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post(
    "/v1/executions/import",
    response_model=ImportAnswer,
    summary="Bring in executions that happened elsewhere, as JSON lines",
    openapi_extra=lines_body(ImportedBody, of="an execution"),
)
async def post_import(request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """At most 1,000 lines and 1 MiB. `source` and `id` name an execution: sent again, with or without an Idempotency-Key, it counts once.

    They get ids of ours, feedback, figures and alerts like our own, and cost nothing. 422 when no line was taken.
    """
    key_of(request)
    raw = await read_body(request)
    answer = await import_lines(gateway, principal, lines_of(raw, at_most=LINES_MOST))
    return Response(answer.model_dump_json(exclude_none=True).encode(), media_type=JSON)


@traces.post(
    "/v1/otlp/v1/traces",
    response_model=None,
    response_class=Response,
    summary="Bring in executions by OpenTelemetry (OTLP/HTTP)",
    openapi_extra={"requestBody": OTLP_BODY},
)
async def post_traces(request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """Protobuf or JSON, plain or packed by gzip or deflate, at most 4 MiB, 16 MiB unpacked, 20,000 spans. Spans that follow the
    conventions of `gen_ai.*` become executions, each once; others are left alone. The answer is OTLP's, with `partialSuccess` where
    spans were rejected; who sends protobuf gets errors as `google.rpc.Status`.
    """
    key_of(request)
    raw = await read_body(request, most_bytes=EXPORT_MOST_BYTES, encodings=frozenset({"identity", "gzip", "deflate"}))
    is_packed = content_encoding(request) != "identity"
    kind = media_type(request)
    if kind == PROTOBUF:
        return _protobuf(await import_spans(gateway, principal, lambda: from_protobuf(_unpacked(raw, is_packed=is_packed))))
    if kind == JSON:
        return _json(await import_spans(gateway, principal, lambda: from_json(_unpacked(raw, is_packed=is_packed))))
    raise InvalidField(f"content-type: must be {PROTOBUF} or {JSON}.", param="content-type")


def _unpacked(raw: bytes, *, is_packed: bool) -> bytes:
    return inflated(raw, most_bytes=UNPACKED_MOST_BYTES) if is_packed else raw


def _protobuf(rejected: Rejected) -> Response:
    answer = ExportTraceServiceResponse()
    if rejected.spans:
        answer.partial_success.rejected_spans = rejected.spans
        answer.partial_success.error_message = rejected.reason
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def _json(rejected: Rejected) -> Response:
    if not rejected.spans:
        return json_response({})
    return json_response({"partialSuccess": {"rejectedSpans": str(rejected.spans), "errorMessage": rejected.reason}})


include(router, traces)
