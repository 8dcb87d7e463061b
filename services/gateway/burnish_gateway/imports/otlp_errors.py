"""Errors as OTLP/HTTP wants them: who sends protobuf gets a `google.rpc.Status` in protobuf."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from burnish_gateway.http_errors import of_http
from burnish_gateway.middleware import failure_of
from burnish_gateway.wire import error_response, invalid_field
from burnish_shared.errors import BurnishError

PROTOBUF: Final = "application/x-protobuf"

CODES: Final = {401: 16, 403: 7, 404: 5, 408: 4, 409: 10, 413: 8, 429: 8, 503: 14, 504: 4}
"""HTTP status → `google.rpc.Code`; what is not here is INVALID_ARGUMENT, or INTERNAL from 500 on."""

INVALID_ARGUMENT, INTERNAL = 3, 13
CODE_TAG, MESSAGE_TAG = b"\x08", b"\x12"
"""On the wire: field 1, a number; field 2, a text."""


class OtlpRoute(APIRoute):
    """Answers errors in the encoding of the request, also those that come before its endpoint."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                if media_type(request) != PROTOBUF or isinstance(error, ClientDisconnect):
                    raise
                return status_response(_told(error, request), request_id=request.state.request_id)

        return answered


def _told(error: Exception, request: Request) -> BurnishError:
    """As the HTTP edge tells it to others."""
    if isinstance(error, BurnishError):
        return error
    if isinstance(error, RequestValidationError):
        return invalid_field(error)
    if isinstance(error, HTTPException):
        return of_http(error, request)
    return failure_of(error, request.scope)


def media_type(request: Request) -> str:
    """Without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def status_response(error: BurnishError, *, request_id: str) -> Response:
    """The status code and headers of any error, and its message in a Status."""
    plain = error_response(error, request_id=request_id)
    code = CODES.get(error.status, INTERNAL if error.status >= 500 else INVALID_ARGUMENT)
    headers = {name: value for name, value in plain.headers.items() if name not in ("content-type", "content-length")}
    return Response(_status(code, error.message), status_code=error.status, media_type=PROTOBUF, headers=headers)


def _status(code: int, message: str) -> bytes:
    said = message.encode("utf-8", "replace")
    return CODE_TAG + _varint(code) + MESSAGE_TAG + _varint(len(said)) + said


def _varint(number: int) -> bytes:
    encoded = b""
    while number > 0x7F:
        encoded, number = encoded + bytes([number & 0x7F | 0x80]), number >> 7
    return encoded + bytes([number])
