"""JSON at the edge: strict bodies, and one error schema."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar, get_args, get_origin

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.utils import create_model_field
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from starlette.routing import Match
from starlette.types import Scope

from burnish_gateway.describe_routes import needs_credentials
from burnish_gateway.error_answer import ERROR_STATUSES, ErrorAnswer, ErrorBody
from burnish_gateway.known_fields import no_field, without_sides
from burnish_gateway.null_is_absence import absent_by_null
from burnish_gateway.other_bodies import json_of
from burnish_gateway.strict_json import parse_json
from burnish_gateway.unread import BODY_IS_HERE, BODY_WAS_READ, unread_of, whole_body
from burnish_gateway.wording import VISIBLE, in_words
from burnish_shared.errors import BodyTooSlow, BurnishError, InvalidBody, InvalidField, PayloadTooLarge, Unauthenticated, whole_s
from burnish_shared.logging import redact_keys
from burnish_shared.places import place_of

BODY_MOST_BYTES = 1024 * 1024
"""Larger bodies are refused before they are parsed (PROMISES G-15)."""

CHAT_MOST_BYTES = 8 * 1024 * 1024
"""Of calls of a model, whose messages may hold images."""

SILENT_MOST_S = 30.0
"""So long a body may bring nothing, whoever sends it: nobody has been asked yet who they are, and what came is in memory. A connection that
changes from one network to another, or loses packets, is back within seconds."""

BODY_START_S = 60.0
BODY_LEAST_BYTES_PER_S = 64 * 1024
"""So long a whole body may take, and a second more for each of so many bytes that have come. A line of 512 kbit/s brings the longest body
(32 MiB, within 9.5 minutes), one of 140 kbit/s a body of 1 MiB; drops that keep a connection busy hold memory for no longer than that."""

M = TypeVar("M", bound=BaseModel)


class ApiModel(BaseModel):
    """A request body: unknown fields are refused, no type is guessed, no number is infinite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    ELSEWHERE: ClassVar[Mapping[str, str]] = {}
    """Fields that other APIs have here, and the field of this body into which they belong."""

    @model_validator(mode="wrap")
    @classmethod
    def _by_the_rules_of_json(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """FastAPI hands over parsed JSON; strictness is JSON's: a string may be a date or a UUID, but never a number."""
        if info.mode == "python" and isinstance(value, dict) and value:
            return parse_model(cls, json.dumps(value).encode())
        return handler(value)


WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods whose body is read before anything else. That of a DELETE means nothing, and counts for its Idempotency-Key alone."""


@cache
def _field_of_errors() -> Any:
    """The framework's field of an error, which all routes share."""
    return create_model_field(name="ErrorAnswer", type_=ErrorAnswer, mode="serialization")


class StrictRoute(APIRoute):
    """Reads and checks a JSON body by `parse_json` before FastAPI looks at it."""

    most_bytes = BODY_MOST_BYTES

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        answers: dict[int | str, dict[str, Any]] = options.pop("responses", None) or {}
        refusals = {status for status, answer in answers.items() if answer.get("model") is ErrorAnswer}
        super().__init__(path, endpoint, responses={one: answers[one] for one in answers.keys() - refusals}, **options)
        # The framework would build the model of one and the same error ten times for each of 400 routes: four fifths of all models, and
        # two of the seven seconds of processor time that a gateway takes to start on a small machine.
        self.responses = answers
        self.response_fields |= dict.fromkeys(refusals, _field_of_errors())
        self._begins = self.path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the framework's, which tries one route after the other: of 300, all but a few differ before their first parameter, and are
        told so without a regular expression."""
        if not scope.get("root_path") and not scope["path"].startswith(self._begins):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_json = self.body_field is not None
        needs_caller = needs_credentials(self.dependant)

        async def checked(request: Request) -> Response:
            if request.method in WITH_BODY:
                if needs_caller:
                    check_credentials(request)
                raw = await read_body(request, most_bytes=self.most_bytes)
                if takes_json:
                    request = _said_to_be_json(request)
                if raw and request.method != "DELETE" and (takes_json or "json" in request.headers.get("content-type", "json")):
                    json_of(raw, path=request.scope["path"])
                request._body = raw  # where Starlette keeps a body that was read already
            return await handle(request)

        return checked


def check_credentials(request: Request) -> None:
    """Raises Unauthenticated where the request brings nothing that could say who asks: before its body is read, which may be long."""
    request.app.state.gateway.authenticator.carried(request)


def _said_to_be_json(request: Request) -> Request:
    """Where a route takes JSON, a body is read as JSON whatever its header says: curl calls it a form unless it is told better."""
    others = [one for one in request.scope["headers"] if one[0] != b"content-type"]
    return Request({**request.scope, "headers": [*others, (b"content-type", b"application/json")]}, request.receive)


class ChatRoute(StrictRoute):
    """The same where a body may hold images."""

    most_bytes = CHAT_MOST_BYTES


def make_router(tag: str, *, route_class: type[APIRoute] = StrictRoute) -> APIRouter:
    """A router of one feature whose bodies are strict, and whose errors have the one schema in OpenAPI too."""
    return APIRouter(route_class=route_class, tags=[tag], responses={code: {"model": ErrorAnswer} for code in ERROR_STATUSES})


def include(into: APIRouter, *others: APIRouter) -> None:
    """Answers the routes of the others too, behind those that are there; each has its tags and errors from `make_router`.

    `APIRouter.include_router` would build them once more, with the models of all bodies and answers, for every application and in the
    middle of its first requests: 1.2 s of one core for all routes, in which nobody is answered, and 25 MiB.
    """
    for other in others:
        into.routes.extend(other.routes)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain U+0000")
    return text


Text = Annotated[str, AfterValidator(_no_nul)]
"""Text without NUL, which PostgreSQL cannot store."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=VISIBLE), AfterValidator(_no_nul)]


IDENTITY = frozenset({"identity"})


def content_encoding(request: Request) -> str:
    """In lower case: codings are the same however they are written (RFC 9110, 8.4.1)."""
    return request.headers.get("content-encoding", "identity").strip().lower()


async def read_body(request: Request, *, most_bytes: int = BODY_MOST_BYTES, encodings: frozenset[str] = IDENTITY) -> bytes:
    """The raw body. Raises PayloadTooLarge as soon as it is too long, whatever Content-Length says, BodyTooSlow where it stops coming or
    takes too long, and Unavailable where a stopped gateway waits for it no longer. Compressed bodies are refused, except for `encodings`,
    which the route unpacks itself.
    """
    if content_encoding(request) not in encodings:
        packed = "".join(f", or {one}" for one in sorted(encodings - IDENTITY))
        raise InvalidBody(f"Bodies compressed so are not accepted; send the body as it is{packed}.", param="content-encoding")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_bytes:
        raise PayloadTooLarge(f"The body has {declared} bytes; at most {most_bytes} are accepted.")
    was_read, request.scope[BODY_WAS_READ] = BODY_WAS_READ in request.scope, True  # A route that has read it leaves it in the request.
    if not was_read and request.scope.get(BODY_IS_HERE):
        return await whole_body(request, most_bytes=most_bytes)
    parts: list[bytes] = []
    size = 0
    now = asyncio.get_running_loop().time
    looked_at = now()
    end_at = looked_at + BODY_START_S
    try:
        with unread_of(request.app).reading():
            async with asyncio.timeout(min(SILENT_MOST_S, BODY_START_S)) as limit:
                async for part in request.stream():
                    size += len(part)
                    if size > most_bytes:
                        raise PayloadTooLarge(f"The body is longer than {most_bytes} bytes.")
                    parts.append(part)
                    if now() - looked_at > SILENT_MOST_S / 30:  # Once a second: bodies of calls come whole, and theirs is the hot path.
                        looked_at = now()
                        limit.reschedule(min(looked_at + SILENT_MOST_S, end_at + size / BODY_LEAST_BYTES_PER_S))
    except TimeoutError:
        told = f"The body did not come whole: after {size} bytes it stopped, or was too slow. Nothing of it was done; send it again."
        raise BodyTooSlow(told, headers={"connection": "close"}) from None
    return b"".join(parts)


OF_METADATA: Final = "metadata[key]"
"""How a parameter is called that stands for any key, as OpenAI's clients write it."""


def check_parameters(request: Request) -> None:
    """Raises InvalidField for a query parameter that the route does not know: a misspelt one would find everything; for one that is
    given again, of which the last would win in silence; and for NUL in any.
    """
    known = _parameters(request.scope["route"].dependant)
    for name in request.query_params:
        declared = OF_METADATA if name.startswith("metadata[") and name.endswith("]") else name
        if declared not in known:
            there_are = f"there are {', '.join(sorted(known))}" if known else "it takes none"
            raise InvalidField(f"{name[:100]}: is no parameter of this call; {there_are}.", param=name[:200])
        if not known[declared] and len(request.query_params.getlist(name)) > 1:
            raise InvalidField(f"{name}: is given more than once, and this call takes one value of it; give it once.", param=name)
    for name, value in request.query_params.multi_items():
        if "\x00" in name or "\x00" in value:
            shown = name.replace("\x00", "\\u0000")[:200]
            raise InvalidField(f"{shown}: must not contain U+0000.", param=shown)


def _parameters(dependant: Dependant) -> dict[str, bool]:
    """Those of the query, of the route itself and of what it depends on, and whether each takes several values."""
    known = {one.alias: _takes_several(one.field_info.annotation) for one in dependant.query_params}
    for one in dependant.dependencies:
        known |= _parameters(one)
    return known


def _takes_several(annotation: Any) -> bool:
    """`list[str]`, also where None may stand in its place."""
    return get_origin(annotation) is list or any(_takes_several(one) for one in get_args(annotation))


def parse_model(model: type[M], raw: bytes, *, path: str = "") -> M:
    """The body of `path` as `model`. Raises InvalidBody (400) for no JSON object, InvalidField (422) naming the first wrong field.

    Null for a field that has a default, and can't be null, is as if it were not there: many clients write down all that they know.
    """
    given = json_of(raw, path=path) if path else parse_json(raw)
    if not isinstance(given, dict):
        raise InvalidBody("The body must be a JSON object.")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        absent = absent_by_null(model, given, error)
        if absent:
            with contextlib.suppress(ValidationError):
                return model.model_validate_json(json.dumps({name: one for name, one in given.items() if name not in absent}))
        raise invalid_field(error, model=model) from error


def invalid_field(error: ValidationError | RequestValidationError, *, model: type[BaseModel] = BaseModel) -> InvalidField:
    """The first problem as an error that names the field and the fix, and all of them in `details`; values are never repeated.

    Several fields that are missing are all named at once. `model`: of the body, whose fields are told to who named another.
    """
    found = error.errors()[:20]
    place = 1 if isinstance(error, RequestValidationError) else 0  # FastAPI says first where a value stands: body, query, …
    told = sides_settled([(one["type"], _problem(one, one["loc"][place:], model=model)) for one in found])
    problems = [problem for _, problem in told]
    missing = [problem["param"] for kind, problem in told if kind == "missing"]
    first = problems[0]
    where, message = first["param"] or "body", first["message"]
    if len(missing) > 1 and first["param"] in missing:
        where, message = ", ".join(missing), "are needed"
    return InvalidField(f"{where}: {message}", param=first["param"] or None, details={"problems": problems})


def sides_settled(found: list[tuple[str, dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    """Of a field that may be several things pydantic says what is wrong for each of them. What the value was meant as is told; else all.

    `{"ttl_s": 0}` is no `true`, but it was meant as an object, whose `ttl_s` is too small.
    """
    settled: dict[int, tuple[str, dict[str, str]]] = {}
    shapes: dict[str, int] = {}
    for place, (kind, problem) in enumerate(found):
        param = problem["param"]
        if not (kind.endswith("_type") or kind == "literal_error"):
            settled[place] = (kind, problem)
        elif any(_says_more(other, than=param) for other in found):
            continue
        elif param in shapes:
            before, added = settled[shapes[param]][1]["message"], problem["message"].removeprefix("must be ")
            words = before if added in before.removeprefix("must be ").split(", or ") else f"{before}, or {added}"
            settled[shapes[param]] = (kind, {"param": param, "message": words})
        else:
            shapes[param] = place
            settled[place] = (kind, problem)
    return list(settled.values())


def _says_more(other: tuple[str, dict[str, str]], *, than: str) -> bool:
    """Whether it is of something in that field, or of the field itself, whose value then is of the kind that was wanted."""
    kind, problem = other
    is_of_its_kind = problem["param"] == than and not (kind.endswith("_type") or kind == "literal_error")
    return is_of_its_kind or (than != "" and problem["param"].startswith((f"{than}.", f"{than}[")))


NAMES_A_FIELD = re.compile(r"([a-z][a-z0-9_.\[\]]*): (.+)", re.S)
"""What a check of several fields says: of which one it is."""


def _problem(error: Any, location: tuple[int | str, ...], *, model: type[BaseModel]) -> dict[str, str]:
    """`param` and `message` of one of pydantic's errors."""
    param, message = _path(without_sides(model, location)), in_words(error)
    if error["type"] == "extra_forbidden":
        belongs = getattr(model, "ELSEWHERE", {}).get(param)
        message = f'belongs into {belongs} here: "{belongs}": {{"{param}": …}}' if belongs else no_field(model, location)
    named = NAMES_A_FIELD.match(message) if error["type"] == "value_error" else None
    if named is not None:
        param, message = f"{param}.{named[1]}" if param else named[1], named[2]
    return {"param": param, "message": message}


def json_body(model: type[BaseModel], *, role: str) -> dict[str, Any]:
    """`openapi_extra` of a route that verifies its caller and reads its JSON body itself. `role`: what the route asks for.

    Definitions are written in place: a `$ref` would point nowhere.
    """
    content = {"application/json": {"schema": inlined_schema(model)}}
    return {"requestBody": {"required": True, "content": content}, "x-burnish-role": role}


def inlined_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON schema without definitions beside it."""
    schema = model.model_json_schema()
    inlined: dict[str, Any] = _inline(schema, schema.pop("$defs", {}))
    return inlined


def json_response(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = (
        value.model_dump_json(by_alias=True).encode()
        if isinstance(value, BaseModel)
        else json.dumps(value, ensure_ascii=False, default=str).encode()
    )
    return Response(body, status_code=status, media_type="application/json", headers=headers)


GONE = 499
"""The client went away before its request was read: nginx's number for it; nobody sees it but the metrics."""


def error_response(error: BurnishError, *, request_id: str) -> Response:
    """The one shape of an error. A key that was sent where none belongs is not sent back (PROMISES S-05)."""
    wait_s = None if error.retry_after_s is None else whole_s(error.retry_after_s)
    body = ErrorAnswer(
        error=ErrorBody(
            type=error.type, code=error.code, message=error.message, param=error.param, request_id=request_id, retryable=error.retryable,
            retry_after_s=wait_s, details=error.details or None,
        )
    )  # fmt: skip
    headers = {**error.headers, "x-request-id": request_id}
    if error.status == Unauthenticated.status:
        headers["www-authenticate"] = "Bearer"  # RFC 9110, 15.5.2: a 401 says how to do better
    if wait_s is not None:
        headers["retry-after"] = str(wait_s)
    return Response(redact_keys(body.model_dump_json()).encode(), status_code=error.status, media_type="application/json", headers=headers)


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {name: _inline(one, definitions) for name, one in schema.items()}
    return [_inline(one, definitions) for one in schema] if isinstance(schema, list) else schema


OF_UNIONS = re.compile(
    r"(function-(after|before|plain|wrap)|list|dict|set|tuple|constrained|nullable|literal|tagged-union|is-instance|json-or-python|lax-or-strict)\["
)
"""How pydantic calls the side of a union that did not fit, in the path to it."""

PLAIN_TYPES = frozenset({"str", "bool", "int", "float", "none", "bytes", "constrained-str", "constrained-int", "constrained-float"})
"""The same of sides that are no more than a type; no field of a body is called so."""


def _path(location: Sequence[int | str]) -> str:
    """As the caller wrote it. `[key]`: how pydantic says of an object that the name itself, not its value, is wrong."""
    location = location[:-1] if location and location[-1] == "[key]" else location
    named = [part for part in location if not (isinstance(part, str) and (OF_UNIONS.match(part) or part in PLAIN_TYPES))]
    return place_of(named)[:200]
