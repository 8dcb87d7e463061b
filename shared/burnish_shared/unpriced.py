"""What a call may ask of a provider that no price of ours names: whoever has a key there pays, and nobody else may be made to. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.executions import Route
from burnish_shared.providers import wire_of

BUYS_MORE: Final = frozenset({"plugins", "web_search_options", "best_of", "mcp_servers"})
"""Fields beside ours that make a provider charge for more than tokens."""


def other_tool(settings: Mapping[str, Any]) -> tuple[int, Any] | None:
    """Place and type of the first tool that is no function of the caller's; a provider may run it, and charge for it."""
    for at, tool in enumerate(settings.get("tools") or ()):
        if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(tool.get("function"), dict):
            return at, tool.get("type") if isinstance(tool, dict) else None
    return None


def unpriced(settings: Mapping[str, Any], extra: Mapping[str, Any]) -> str | None:
    """The first field of a call that costs what no price names, None: there is none."""
    if (tool := other_tool(settings)) is not None:
        return f"tools[{tool[0]}].type"
    return min(extra.keys() & BUYS_MORE, default=None)


def may_be_given(settings: Mapping[str, Any], extra: Mapping[str, Any], *, route: Route) -> bool:
    """Whether this model may be asked as another one was: its provider has words for the tools, and the operator buys nothing unpriced."""
    if route.keys == "platform" and unpriced(settings, extra) is not None:
        return False
    return wire_of(route.provider) != "anthropic" or other_tool(settings) is None
