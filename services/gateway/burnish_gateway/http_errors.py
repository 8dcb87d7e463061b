"""What Starlette and FastAPI refuse by themselves, as errors of ours: no such address, no such method."""

from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.routing import Match

from burnish_shared.errors import BadRequest, BurnishError, Conflict, Forbidden, NotFound, Unauthenticated, Unavailable

NOTHING: Final = "There is nothing at this address."

INSTEAD: Final = {
    "/v1/responses/": "Of a response there are GET /v1/responses/{id}, DELETE, its /cancel and its /input_items; previous_response_id "
    "goes on with it. Its id is that of its execution: GET /v1/executions/{id} reads all that is known of it.",
    "/v1/chat/completions/": "Of a completion there are GET /v1/chat/completions/{id}, POST, DELETE and its /messages. Its id is that of "
    "its execution: GET /v1/executions/{id} reads all that is known of it.",
    "/v1/messages/": "Of /v1/messages the call itself, count_tokens and batches are offered.",
    "/v1/conversations": "Conversations are not kept; send the one so far as input or messages, or go on with previous_response_id of "
    "/v1/responses.",
    **{
        f"/v1/{name}": f"{what} not offered; ask the provider itself. Here are chat completions, responses, messages and embeddings."
        for name, what in {
            "images": "Images are",
            "audio": "Speech and transcription are",
            "videos": "Videos are",
            "realtime": "Realtime sessions are",
            "moderations": "Moderation is",
            "rerank": "Reranking is",
            "fine_tuning": "Fine-tuning is",
            "assistants": "Assistants are",
            "threads": "Threads of assistants are",
            "vector_stores": "Vector stores are",
            "uploads": "Uploads in parts are",
            "containers": "Containers are",
            "evals": "OpenAI's evals are",
        }.items()
    },
    "/v1/v1/": f"{NOTHING} The base URL of Anthropic's clients ends before /v1, which they add themselves.",
    **{
        f"/{name}": f"{NOTHING} The base URL of OpenAI's clients ends with /v1."
        for name in ("chat/completions", "completions", "responses", "embeddings", "models", "batches", "files")
    },
    **{
        begins: f"{NOTHING} {theirs} is {ours} here; docs/guides/moving-from-{guide}.md says what becomes what."
        for guide, others in {
            "litellm": (
                ("/key/", "A key of LiteLLM's proxy", "an API key, /v1/api-keys,"),
                ("/team/", "A team of LiteLLM's proxy", "a workspace, /v1/workspaces,"),
                ("/user/", "A user of LiteLLM's proxy", "a member, /v1/members,"),
                ("/model/", "A model of LiteLLM's proxy", "at /v1/models"),
                ("/budget/", "A budget of LiteLLM's proxy", "at /v1/budgets"),
                ("/spend/", "What LiteLLM's proxy calls spend", "at /v1/usage"),
            ),
            "tensorzero": (
                ("/inference", "TensorZero's inference", "an execution, POST /v1/executions,"),
                ("/feedback", "TensorZero's feedback", "at POST /v1/feedback"),
            ),
            "langfuse": (
                ("/api/public/otel", "Langfuse's address for OpenTelemetry", "/v1/otlp/v1/traces"),
                ("/api/public/", "Langfuse's API", "below /v1, prompts at /v1/prompts,"),
            ),
        }.items()
        for begins, theirs, ours in others
    },
}
"""What clients look for and is elsewhere here: how its address begins, and what to do."""


LISTED: Final = dict.fromkeys(("/v1/completions", "/v1/responses", "/v1/messages"), " GET /v1/executions lists what was answered.")
"""What is asked for with another method, and where it is."""

NOT_DELETED: Final = (
    " A batch is not deleted: its answers are executions, which go with their text, by age (retention_days) or by erasure "
    "(POST /v1/erasures)."
)
"""To who would delete a batch of messages."""


def _instead_of(path: str) -> str:
    if path.endswith("/"):
        return f"{NOTHING} Leave out the slash at its end."
    return next((words for begins, words in INSTEAD.items() if path.startswith(begins)), NOTHING)


def _where_else(request: Request) -> str:
    if request.url.path.startswith(("/v1/responses/", "/v1/chat/completions/")):
        return f" {_instead_of(request.url.path)}"
    if request.url.path.startswith("/v1/messages/batches/") and request.method == "DELETE":
        return NOT_DELETED
    return LISTED.get(request.url.path, "")


class _MethodNotAllowed(BadRequest):
    code = "method_not_allowed"
    status = 405


def _methods_at(request: Request) -> list[str]:
    """What may be asked for at this address. Each method is a route of its own, and Starlette names those of the first that fits."""
    fitting = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in fitting for method in getattr(route, "methods", None) or ()})


def of_http(error: HTTPException, request: Request) -> BurnishError:
    """The same refusal with a code, and words that help; its headers go along."""
    known: dict[int, BurnishError] = {
        401: Unauthenticated("Send a key as `Authorization: Bearer bk_live_…`."),
        403: Forbidden("Not allowed."),
        404: NotFound(_instead_of(request.url.path)),
        405: _MethodNotAllowed(f"{request.method} is not offered here.{_where_else(request)}"),
        409: Conflict(str(error.detail)),
        503: Unavailable(str(error.detail)),
    }
    found = known.get(error.status_code) or BadRequest(str(error.detail))
    found.headers = dict(error.headers or {})
    if error.status_code == 405:
        found.headers["Allow"] = ", ".join(_methods_at(request)) or found.headers.get("Allow", "")
    return found
