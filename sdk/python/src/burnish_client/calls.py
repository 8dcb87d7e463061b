"""Every method as a request, once for both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from typing_extensions import TypedDict, Unpack

from burnish_client.paths import segment
from burnish_client.prompts import Key
from burnish_client.wire import Call, without_nones

PROMPT_TIMEOUT_S: Final = 3.0
"""How long an answer is waited for where something else can be served: a server that hangs is as good as away."""

AFTER_DEADLINE_S: Final = 10.0
"""How much longer than its own deadline an execution is waited for."""


class ExecutionOptions(TypedDict, total=False):
    """What may be given with an execution. Anything else of the body goes through `request`."""

    label: str
    version: int
    messages: Sequence[Mapping[str, Any]]
    model: str
    overrides: Mapping[str, Any]
    user_id: str
    session_id: str
    app: str
    metadata: Mapping[str, Any]
    deadline_s: float
    client_request_id: str
    fallback_models: Sequence[str]
    background: bool
    idempotency_key: str


class FeedbackOptions(TypedDict, total=False):
    """What a reaction says, at least one of the first five. `metric`: a name of yours and its value.

    `feedback_id`: a UUID of yours; given again, the reaction replaces the earlier one.
    """

    thumb: Literal["up", "down"]
    score: float
    comment: str
    correction: str
    metric: tuple[str, float]
    session_id: str
    user_id: str
    context: Mapping[str, Any]
    feedback_id: str


class BatchOptions(TypedDict, total=False):
    """`max_cost_nusd`: it pauses before it would cost more."""

    prompt: str
    label: str
    name: str
    models: Sequence[str]
    versions: Sequence[int]
    max_cost_nusd: int
    app: str
    idempotency_key: str


def execute(prompt: str | None, variables: Mapping[str, Any] | None, *, stream: bool = False, **given: Unpack[ExecutionOptions]) -> Call:
    """POST /v1/executions. `background`: the answer is {id, status: queued}."""
    body: dict[str, Any] = {"prompt": prompt, "variables": dict(variables) if variables else None, **given}
    key, background = body.pop("idempotency_key", None), body.pop("background", False)
    body |= ({"stream": True} if stream else {"response_shape": "with_metadata"}) | ({"mode": "background"} if background else {})
    deadline_s = given.get("deadline_s")
    timeout_s = None if deadline_s is None else deadline_s + AFTER_DEADLINE_S
    return Call("POST", "/v1/executions", without_nones(body), headers=_with_key(key), timeout_s=timeout_s)


def feedback(execution_id: str | None, **given: Unpack[FeedbackOptions]) -> Call:
    """POST /v1/feedback, on an execution or a session."""
    body: dict[str, Any] = {"execution_id": execution_id, **given}
    if (metric := body.get("metric")) is not None:
        body["metric"] = {"name": metric[0], "value": metric[1]}
    return Call("POST", "/v1/feedback", without_nones(body))


def prompt(key: Key, *, etag: str | None, can_wait: bool) -> Call:
    """GET /v1/prompts/{slug}, conditional where a copy is known. `can_wait`: nothing else could be served."""
    query = {"label": key.label, "version": key.version}
    headers = {"If-None-Match": etag} if etag else {}
    return Call("GET", f"/v1/prompts/{segment(key.slug)}", query=query, headers=headers, timeout_s=None if can_wait else PROMPT_TIMEOUT_S)


def start_batch(inputs: Sequence[Mapping[str, Any]], **given: Unpack[BatchOptions]) -> Call:
    """POST /v1/batches: the same request for each of `inputs`, which are variables; times `models` or `versions` where given."""
    body: dict[str, Any] = dict(given)
    key = body.pop("idempotency_key", None)
    request = {name: body.pop(name) for name in ("prompt", "label", "app") if name in body}
    lines = [{"variables": dict(one)} for one in inputs]
    return Call("POST", "/v1/batches", {"inputs": lines, "request": request, **body}, headers=_with_key(key))


def _with_key(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}
