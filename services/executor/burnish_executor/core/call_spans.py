"""What spans say of an execution and of the calls it makes, by OpenTelemetry's conventions for generative AI. Never text. Pure.

Names: https://github.com/open-telemetry/semantic-conventions-genai. Our own import reads `burnish.prompt`, `.version` and `.label`.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from burnish_executor.core.answer import Answer
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse, Outcome, Route, Status
from burnish_shared.prompt_settings import cap_of
from burnish_shared.providers import wire_of

Value = str | int | float | bool | tuple[str, ...]
Attributes = Mapping[str, Value]

WELL_KNOWN: Final[Mapping[str, str]] = {
    "google": "gcp.gemini", "mistral": "mistral_ai", "bedrock": "aws.bedrock", "azure": "azure.ai.openai", "xai": "x_ai",
}  # fmt: skip
"""`gen_ai.provider.name` of providers that are called otherwise here."""

NUMBERS: Final = ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed")
"""Settings that are called the same in `gen_ai.request.…`."""

OUTPUT_TYPES: Final[Mapping[str, str]] = {"text": "text", "json_object": "json", "json_schema": "json"}
FAILED: Final = frozenset({Status.ERROR, Status.TIMEOUT, Status.RATE_LIMITED})
PORTS: Final = {"http": 80, "https": 443}


def name_of(request: ExecutionRequest) -> str:
    return f"{_operation(request)} {request.route.upstream_model}"


def of_execution(request: ExecutionRequest) -> Attributes:
    """Of all that is done for one execution."""
    ids = {"burnish.execution_id": str(request.execution_id), "burnish.workspace_id": str(request.workspace_id)}
    return {**ids, "burnish.lane": request.lane.value, **_for_whom(request)}


def of_outcome(outcome: Outcome) -> tuple[Attributes, str | None]:
    """Of its end, and the code of what went wrong. Who goes away, or is stopped by a guardrail, is no error."""
    told = {"burnish.status": outcome.status.value, "burnish.cost_nusd": outcome.cost_nusd, "burnish.cached": outcome.cached}
    return told, (outcome.error.code if outcome.error else outcome.status.value) if outcome.status in FAILED else None


def of_call(request: ExecutionRequest, use: KeyUse) -> Attributes:
    """Of a call that begins."""
    settings = request.settings
    told: dict[str, Value] = {
        "gen_ai.operation.name": _operation(request),
        "gen_ai.provider.name": WELL_KNOWN.get(request.route.provider, request.route.provider),
        "gen_ai.request.model": request.route.upstream_model,
        "burnish.model": request.route.model,
        "burnish.key_source": use.source,
        **_for_whom(request),
        **_server(request.route),
    }
    told |= {f"gen_ai.request.{name}": value for name in NUMBERS if isinstance(value := settings.get(name), int | float)}
    if isinstance(cap := settings.get(cap_of(settings)), int) and request.kind == "chat":
        told["gen_ai.request.max_tokens"] = cap
    if isinstance(choices := settings.get("n"), int) and choices != 1:
        told["gen_ai.request.choice.count"] = choices
    if isinstance(dimensions := settings.get("dimensions"), int) and request.kind == "embedding":
        told["gen_ai.embeddings.dimension.count"] = dimensions
    asked = settings.get("response_format")
    if isinstance(asked, Mapping) and (output := OUTPUT_TYPES.get(str(asked.get("type")))):
        told["gen_ai.output.type"] = output
    return told | ({"gen_ai.request.stream": True} if request.stream else {})


def of_answer(answer: Answer, *, first_token_s: float | None) -> Attributes:
    """Of its end. What the provider did not say is left out. `first_token_s`: since the call began; None where it was not streamed."""
    told: dict[str, Value] = {}
    reasons = tuple(one.finish_reason for one in (answer, *answer.others) if one.finish_reason is not None)
    if reasons:
        told["gen_ai.response.finish_reasons"] = reasons
    if first_token_s is not None:
        told["gen_ai.response.time_to_first_chunk"] = first_token_s
    if (usage := answer.usage) is None:
        return told
    told |= {"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens}
    seldom = {
        "gen_ai.usage.cache_read.input_tokens": usage.cached_input_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_input_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return told | {name: tokens for name, tokens in seldom.items() if tokens}


def _operation(request: ExecutionRequest) -> str:
    return "embeddings" if request.kind == "embedding" else "chat"


def _for_whom(request: ExecutionRequest) -> dict[str, Value]:
    """Prompt and version, and the conversation it is part of."""
    told: dict[str, Value] = {}
    if (prompt := request.prompt) is not None:
        told = {"gen_ai.prompt.name": prompt.slug, "burnish.prompt": prompt.slug, "burnish.version": prompt.version}
        told |= {"burnish.label": prompt.label} if prompt.label else {}
    return told | ({"gen_ai.conversation.id": request.caller.session_id} if request.caller.session_id else {})


def _server(route: Route) -> dict[str, Value]:
    """Where the model is; LiteLLM finds the addresses of its providers by itself."""
    if wire_of(route.provider) == "litellm" and not route.own_base_url:
        return {}
    address = urlsplit(route.base_url)
    return {"server.address": address.hostname, "server.port": address.port or PORTS.get(address.scheme, 443)} if address.hostname else {}
