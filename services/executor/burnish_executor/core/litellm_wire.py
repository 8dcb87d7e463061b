"""OpenAI's format as LiteLLM's process takes it: the model with LiteLLM's name of its provider before it. Pure."""

from dataclasses import dataclass
from typing import Any

from burnish_executor.core.openai_wire import OpenAIWire
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.providers import litellm_name_of


@dataclass(frozen=True, slots=True)
class LiteLLMWire(OpenAIWire):
    """`POST /v1/chat/completions` of `io/llm.py`."""

    path: str = "/v1/chat/completions"

    def body(self, request: ExecutionRequest) -> dict[str, Any]:
        named = f"{litellm_name_of(request.route.provider)}/{request.route.upstream_model}"
        return {**OpenAIWire.body(self, request), "model": named}
