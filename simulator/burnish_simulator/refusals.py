"""Requests that the simulator refuses, in the error format of OpenAI's API."""

import json

from pydantic import ValidationError

from burnish_shared.places import place_of


class Refusal(Exception):
    """A request that is answered with an error: HTTP status, and the fields of OpenAI's error object."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code


ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 409: "conflict_error", 429: "rate_limit_error"}


def error_body(message: str, *, status: int, param: str | None = None, code: str | None = None) -> bytes:
    """The body of an error answer. The type follows from the status, as in OpenAI's own answers."""
    kind = ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}, "simulated": True}).encode()


def refusal_of(error: ValidationError) -> Refusal:
    """The first thing wrong with a body, named by its path."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Refusal(f"The body is not valid JSON: {first['msg']}.", code="invalid_json")
    param = place_of(first["loc"]) or None
    return Refusal(f"Invalid value for '{param}': {first['msg']}.", param=param, code="invalid_value")
