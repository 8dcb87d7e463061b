"""Fields of ours beside those of a format, and what `model: auto` may be told in `metadata`, where a client has nothing else. Pure."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field

from burnish_gateway.execution.routes import CacheAsked, cache_asked, check_requirements
from burnish_gateway.models.requirements import Requirements
from burnish_gateway.wire import parse_model
from burnish_shared.errors import BurnishError, InvalidField
from burnish_shared.prompt_settings import FALLBACKS_MOST

Id = Annotated[str, Field(min_length=1, max_length=200)]

M = TypeVar("M", bound=BaseModel)


class CallFields(BaseModel):
    """What `POST /v1/executions` knows under the same names. A null counts as not given."""

    deadline_s: Annotated[float, Field(gt=0, le=600, description="Within how many seconds the call has to end.")] | None = None
    fallback_models: (
        Annotated[list[Id], Field(max_length=FALLBACKS_MOST, description="In place of the prompt's or the model's; [] for none.")] | None
    ) = None
    client_request_id: Annotated[Id, Field(description="What you call this call, once in a workspace.")] | None = None
    requirements: Annotated[dict[str, Any], Field(description="What the model must meet where it is `auto`.")] | None = None
    cache: (
        Annotated[
            bool | dict[str, Any],
            Field(description="`true`: an answer that was given before will do; `false`: the model is to be asked; or `{mode, ttl_s}`."),
        ]
        | None
    ) = None


def of_call(body: CallFields, metadata: Mapping[str, Any], *, model: str | None) -> dict[str, Any]:
    """As fields of an Order. `model`: the one that the call names. Raises InvalidField naming the field."""
    asked = body.cache
    return {
        "deadline_s": body.deadline_s,
        "fallback_models": body.fallback_models,
        "client_request_id": body.client_request_id,
        "requirements": _requirements(body.requirements, metadata.get("requirements"), model=model),
        "cache": cache_asked(_as(CacheAsked, json.dumps(asked), param="cache") if isinstance(asked, dict) else asked),
    }


def _requirements(given: dict[str, Any] | None, said: object, *, model: str | None) -> dict[str, Any] | None:
    """`said`: in `metadata`, as text that holds a JSON object; the field of the body wins. None where nothing is said."""
    if given is None and said is None:
        return None
    if given is None and not isinstance(said, str):
        raise InvalidField("metadata.requirements: must be a JSON object, as text.", param="metadata.requirements")
    param = "metadata.requirements" if given is None else "requirements"
    asked = _as(Requirements, str(said) if given is None else json.dumps(given), param=param)
    check_requirements(asked, model, param=param)
    return asked.model_dump(exclude_none=True)


def _as(model: type[M], text: str, *, param: str) -> M:
    try:
        return parse_model(model, text.encode())
    except BurnishError as error:
        raise InvalidField(f"{param}: {error.message}", param=param) from error
