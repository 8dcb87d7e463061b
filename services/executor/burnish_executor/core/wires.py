"""Which format each provider speaks."""

from typing import Final

from burnish_executor.core.anthropic_wire import AnthropicWire
from burnish_executor.core.litellm_wire import LiteLLMWire
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_executor.core.wire import Wire
from burnish_shared.providers import WireName

WIRES: Final[dict[WireName, Wire]] = {"openai": OpenAIWire(), "anthropic": AnthropicWire(), "litellm": LiteLLMWire()}
