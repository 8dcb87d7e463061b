"""Every method as a request, once for both clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from typing_extensions import TypedDict, Unpack

from burnish_client.paths import segment
from burnish_client.prompts import Key
from burnish_client.types import Execution
from burnish_client.wire import Call, without_nones

PROMPT_TIMEOUT_S: Final = 3.0
"""How long an answer is waited for where something else can be served: a server that hangs is as good as away."""

AFTER_DEADLINE_S: Final = 10.0
"""How much longer than its own deadline an execution is waited for."""


class ExecutionOptions(TypedDict, total=False):
    """What may be given with an execution; None is as good as not given. Anything else of the body goes through `request`.

    `cache`: True takes an answer that was given before; `requirements`: of `model="auto"`; `prompt_key`: what calls without a prompt
    are grouped by.
    """

    label: str | None
    version: int | None
    messages: Sequence[Mapping[str, Any]] | None
    model: str | None
    overrides: Mapping[str, Any] | None
    user_id: str | None
    session_id: str | None
    app: str | None
    metadata: Mapping[str, Any] | None
    deadline_s: float | None
    client_request_id: str | None
    fallback_models: Sequence[str] | None
    requirements: Mapping[str, Any] | None
    cache: bool | Mapping[str, Any] | None
    prompt_key: str | None
    background: bool
    idempotency_key: str | None


class FeedbackOptions(TypedDict, total=False):
    """What a reaction says, at least one of the first five; None is as good as not given. `metric`: a name of yours and its value, as a
    pair or as the API's own `{"name", "value"}`.

    `feedback_id`: a UUID of yours; given again, the reaction replaces the earlier one. `imported`: `{"source", "id"}` of an execution
    made elsewhere, in place of one of ours.
    """

    thumb: Literal["up", "down"] | None
    score: float | None
    comment: str | None
    correction: str | None
    metric: tuple[str, float] | Mapping[str, Any] | None
    session_id: str | None
    imported: Mapping[str, str] | None
    user_id: str | None
    context: Mapping[str, Any] | None
    feedback_id: str | None
    idempotency_key: str | None


class BatchOptions(TypedDict, total=False):
    """`max_cost_nusd`: it pauses before it would cost more. None is as good as not given."""

    prompt: str | None
    label: str | None
    name: str | None
    models: Sequence[str] | None
    versions: Sequence[int] | None
    max_cost_nusd: int | None
    app: str | None
    metadata: Mapping[str, str] | None
    idempotency_key: str | None


BudgetTarget = Literal["workspace", "api_key", "prompt", "end_user"]


class BudgetChanges(TypedDict, total=False):
    """What is named changes. `hard=False`: calls go on beyond it, and an event tells; `warn_percent=None`: nobody is warned."""

    limit_nusd: int
    name: str
    hard: bool
    warn_percent: int | None


class BudgetOptions(TypedDict, total=False):
    """What a new budget may say besides. `target_id`: of an API key its id, of a prompt its slug, of an end user your own id, or `*` for
    each of them; without one it is the workspace's."""

    target_id: str | None
    name: str | None
    hard: bool
    warn_percent: int | None
    idempotency_key: str | None


class CommentPlace(TypedDict, total=False):
    """What a comment is on: one of the three."""

    execution_id: str
    session_id: str
    chain_run_id: str


class CommentChanges(TypedDict, total=False):
    """What is named changes. The text is its author's alone; any editor settles a comment (`resolved`)."""

    body: str
    mentions: Sequence[str]
    resolved: bool


def execute(prompt: str | None, variables: Mapping[str, Any] | None, *, in_pieces: bool = False, **given: Unpack[ExecutionOptions]) -> Call:
    """POST /v1/executions. `background`: the answer is {id, status: queued}, and `await_execution` waits for the rest.

    Raises ValueError for the `stream` of the API where the method gives the other: nothing is asked and paid that cannot be read.
    """
    body: dict[str, Any] = {"prompt": prompt, "variables": dict(variables) if variables else None, **given}
    if bool(body.pop("stream", in_pieces)) != in_pieces:
        raise ValueError("stream: is another method: `burnish.stream(…)` gives the answer piece by piece, `burnish.execute(…)` whole.")
    key, background = body.pop("idempotency_key", None), body.pop("background", False)
    body |= ({"stream": True} if in_pieces else {"response_shape": "with_metadata"}) | ({"mode": "background"} if background else {})
    deadline_s = given.get("deadline_s")
    timeout_s = None if deadline_s is None else deadline_s + AFTER_DEADLINE_S
    return Call("POST", "/v1/executions", without_nones(body), headers=_with_key(key), timeout_s=timeout_s)


def execution(execution_id: str) -> Call:
    """GET /v1/executions/{id}."""
    return Call("GET", f"/v1/executions/{segment(execution_id)}")


def has_ended(execution: Execution) -> bool:
    """Of one under way only its id, its status and when it began are told."""
    return str(execution["status"]) not in ("queued", "running")


def feedback(execution_id: str | None, **given: Unpack[FeedbackOptions]) -> Call:
    """POST /v1/feedback, on an execution or a session."""
    body: dict[str, Any] = {"execution_id": execution_id, **given}
    key = body.pop("idempotency_key", None)
    metric = body.get("metric")
    if metric is not None and not isinstance(metric, Mapping):
        name, value = metric
        body["metric"] = {"name": name, "value": value}
    return Call("POST", "/v1/feedback", without_nones(body), headers=_with_key(key))


def prompt(key: Key, *, etag: str | None, can_wait: bool) -> Call:
    """GET /v1/prompts/{slug}, conditional where a copy is known. `can_wait`: nothing else could be served."""
    query = {"label": key.label, "version": key.version}
    headers = {"If-None-Match": etag} if etag else {}
    return Call("GET", f"/v1/prompts/{segment(key.slug)}", query=query, headers=headers, timeout_s=None if can_wait else PROMPT_TIMEOUT_S)


def start_batch(inputs: Sequence[Mapping[str, Any]], **given: Unpack[BatchOptions]) -> Call:
    """POST /v1/batches: the same request for each of `inputs`, which are variables; times `models` or `versions` where given."""
    body: dict[str, Any] = dict(given)
    key = body.pop("idempotency_key", None)
    request = without_nones({name: body.pop(name, None) for name in ("prompt", "label", "app")})
    lines = [{"variables": dict(one)} for one in inputs]
    return Call("POST", "/v1/batches", {"inputs": lines, "request": request, **without_nones(body)}, headers=_with_key(key))


BUDGETS: Final = "/v1/budgets"


def create_budget(target_kind: BudgetTarget, limit_nusd: int, period: str, **given: Unpack[BudgetOptions]) -> Call:
    """POST /v1/budgets. Only `warn_percent` has a meaning of its own where it is None."""
    body: dict[str, Any] = {"target_kind": target_kind, "limit_nusd": limit_nusd, "period": period, **given}
    key = body.pop("idempotency_key", None)
    warned = {"warn_percent": body["warn_percent"]} if "warn_percent" in body else {}
    return Call("POST", BUDGETS, {**without_nones(body), **warned}, headers=_with_key(key))


def budget(method: str, budget_id: str, changes: BudgetChanges | None = None) -> Call:
    """GET, PATCH or DELETE /v1/budgets/{id}."""
    return Call(method, f"{BUDGETS}/{segment(budget_id)}", changes)


_COMMENTED: Final = {"execution_id": "executions", "session_id": "sessions", "chain_run_id": "chain-runs"}


def comments_path(place: CommentPlace) -> str:
    """Where the comments of an execution, a session or a run of a chain are. Raises ValueError unless one of the three is given."""
    given = [(kind, str(place[name])) for name, kind in _COMMENTED.items() if place.get(name)]  # type: ignore[literal-required]
    if len(given) != 1:
        raise ValueError("give one of execution_id, session_id and chain_run_id: what the comments are on")
    ((kind, name),) = given
    return f"/v1/{kind}/{segment(name)}/comments"


def add_comment(body: str, *, mentions: Sequence[str], reply_to: str | None, idempotency_key: str | None, place: CommentPlace) -> Call:
    """POST …/comments."""
    said = without_nones({"body": body, "mentions": list(mentions) or None, "reply_to": reply_to})
    return Call("POST", comments_path(place), said, headers=_with_key(idempotency_key))


def comment(method: str, comment_id: str, place: CommentPlace, changes: CommentChanges | None = None) -> Call:
    """PATCH or DELETE …/comments/{id}."""
    return Call(method, f"{comments_path(place)}/{segment(comment_id)}", changes)


def _with_key(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}
