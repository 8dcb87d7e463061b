"""Embeddings: from a body to a request for an executor, and from its outcome to OpenAI's answer. Pure."""

import base64
import json
from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.compat.chat import id_in
from burnish_gateway.compat.embeddings_body import EmbeddingsBody
from burnish_gateway.compat.format import Facts
from burnish_gateway.models.provider_extra import checked_extra
from burnish_shared.contracts.executions import Caller, ExecutionRequest, Lane, Route
from burnish_shared.errors import BurnishError, Conflict, InvalidField
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.hops import current_hops
from burnish_shared.money import MAX_AMOUNT_NUSD
from burnish_shared.providers import wire_of
from burnish_shared.tracing import valid


class EmbeddingNotKept(Conflict):
    """The first request with this key was answered and paid for; texts may not be kept here, nor vectors of more than a few inputs."""

    code = "answer_not_kept"


class EmbeddingsIncomplete(BurnishError):
    """The provider gave another number of vectors than there were inputs."""

    code = "provider_malformed"
    status = 502


def embedding_request(
    body: EmbeddingsBody,
    *,
    execution_id: UUID,
    principal: Principal,
    route: Route,
    budget_account_ids: Sequence[int],
    now: datetime,
    deadline_s: float,
    request_id: str,
    traceparent: str | None,
) -> ExecutionRequest:
    """Held for by its input alone. Raises InvalidField for a model whose provider has no embeddings, UnsupportedParameter."""
    if wire_of(route.provider) == "anthropic":
        raise InvalidField(f"model: the provider of {route.model!r} offers no embeddings.", param="model")
    inputs, metadata = body.inputs(), dict(body.metadata or {})
    settings = {"dimensions": body.dimensions} if body.dimensions is not None else {}
    extra = checked_extra(body.model_extra or {}, route=route, spoken="openai")
    return ExecutionRequest(
        execution_id=execution_id, workspace_id=principal.workspace_id, lane=Lane.INTERACTIVE, fence=1,
        deadline_at=now + timedelta(seconds=deadline_s), hold_nusd=_hold_nusd(inputs, route, extra=extra),
        account_ids=[principal.workspace.credit_account_id, *budget_account_ids], route=route, kind="embedding", messages=inputs,
        settings=settings, timeout_s=deadline_s, extra=extra,
        caller=Caller(
            user_id=body.user, session_id=body.session_id or id_in(metadata, "session_id"), app=body.app or id_in(metadata, "app"),
            metadata=metadata, api_key_id=str(principal.api_key_id) if principal.api_key_id else None,
        ),
        store_content=principal.workspace.store_content, request_id=request_id, traceparent=valid(traceparent), hops=current_hops(),
        sent_at=now,
    )  # fmt: skip


def _hold_nusd(inputs: Sequence[dict[str, Any]], route: Route, *, extra: Mapping[str, Any]) -> int:
    amount = hold_nusd(inputs, {}, route, extra=extra, kind="embedding")
    if amount > MAX_AMOUNT_NUSD:
        raise InvalidField("This call could cost more than a million dollars; send fewer inputs.", param="input")
    return amount


def embeddings(outcome: Facts, *, inputs: int, as_base64: bool) -> Facts:
    """OpenAI's list. `inputs`: how many there were. Raises EmbeddingNotKept for one that is told again and was not kept, and
    EmbeddingsIncomplete.
    """
    if not outcome["output"]:
        raise EmbeddingNotKept("The vectors of this call are not kept; ask again with another Idempotency-Key.")
    vectors: list[str] = json.loads(outcome["output"])
    if len(vectors) != inputs:
        raise EmbeddingsIncomplete(
            "The provider gave another number of embeddings than was asked for.", details={"execution_id": outcome["id"]}
        )
    shown = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": one if as_base64 else array("f", base64.b64decode(one)).tolist()}
            for index, one in enumerate(vectors)
        ],
        "model": outcome["model"],
        "usage": {
            "prompt_tokens": outcome["usage"]["input_tokens"], "total_tokens": outcome["usage"]["input_tokens"],
            "cost_nusd": outcome["cost_nusd"], "source": outcome["usage"]["source"],
        },
    }  # fmt: skip
    return shown | ({"simulated": True} if outcome["simulated"] else {})
