"""Which format each provider speaks."""

from typing import Final

from burnish_executor.core.anthropic_wire import AnthropicWire
from burnish_executor.core.embedding_wire import EMBEDDINGS, EMBEDDINGS_BY_LITELLM
from burnish_executor.core.litellm_wire import LiteLLMWire
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_executor.core.wire import Wire
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.providers import WireName, wire_of

WIRES: Final[dict[WireName, Wire]] = {"openai": OpenAIWire(), "anthropic": AnthropicWire(), "litellm": LiteLLMWire()}

EMBEDDING_WIRES: Final[dict[WireName, Wire]] = {"openai": EMBEDDINGS, "litellm": EMBEDDINGS_BY_LITELLM}
"""Anthropic has none."""


def wire_for(request: ExecutionRequest) -> Wire:
    """The format of this request's provider. Raises KeyError for embeddings of one that has none, which the gateway refuses."""
    return (EMBEDDING_WIRES if request.kind == "embedding" else WIRES)[wire_of(request.route.provider)]
