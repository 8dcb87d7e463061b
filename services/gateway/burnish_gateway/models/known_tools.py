"""Tools that are no functions: where they are passed on, and where they would be passed over in silence. Pure."""

from collections.abc import Mapping
from typing import Any

from burnish_gateway.models.provider_extra import UnsupportedParameter
from burnish_shared.contracts.executions import Route
from burnish_shared.providers import wire_of
from burnish_shared.unpriced import OWN_TYPE, run_by_caller


def check_tools(settings: Mapping[str, Any], *, route: Route) -> None:
    """Raises UnsupportedParameter naming the first tool that this model cannot be given."""
    for at, tool in enumerate(settings.get("tools") or []):
        kind = tool.get("type")
        why = None if kind == "function" and isinstance(tool.get("function"), dict) else _why_not(kind, route)
        if run_by_caller(tool) and wire_of(route.provider) != "anthropic":
            why, kind = f"is known to models of Anthropic's alone, and {route.model!r} is none", tool[OWN_TYPE]
        if why is not None:
            raise UnsupportedParameter(f"tools[{at}].type: {str(kind)[:40]!r} {why}; describe a function.", param=f"tools[{at}].type")


def untold(kind: Any, *, model: str, provider: str) -> str | None:
    """Why this provider is not told of a tool that is no function, whoever pays; None where it, or LiteLLM for it, has words for it."""
    if kind == "custom":
        return "is not offered"
    return f"is nothing that the provider of {model!r} is told" if wire_of(provider) == "anthropic" else None


def _why_not(kind: Any, route: Route) -> str | None:
    """None where the provider may run it: it is told of it, and it is paid with a key of the workspace."""
    if (why := untold(kind, model=route.model, provider=route.provider)) is not None:
        return why
    on_operator = route.keys == "platform" or route.platform_fallback
    return "has a price that is not known here, and needs a provider key of your own" if on_operator else None
