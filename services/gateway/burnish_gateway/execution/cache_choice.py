"""Whether one call may be answered from the cache: the call says, else the version, else the workspace (PRODUCT E10). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from burnish_gateway.access.principal import WorkspaceFacts
from burnish_shared.contracts.executions import CacheUse

CacheMode = Literal["off", "deterministic", "always"]
"""`deterministic`: a call at temperature 0 alone; `always`: at any temperature."""

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class CacheSetting:
    """What a call or a version says. None: nothing, and the next one is asked."""

    mode: CacheMode | None = None
    ttl_s: int | None = None


UNSAID: Final = CacheSetting()


def setting_of(value: Mapping[str, Any] | None) -> CacheSetting:
    """From what a version holds under `cache`."""
    return UNSAID if value is None else CacheSetting(value.get("mode"), value.get("ttl_s"))


def cache_use(workspace: WorkspaceFacts, *, call: CacheSetting, version: CacheSetting, settings: Mapping[str, Any]) -> CacheUse | None:
    """None: the model is asked, and its answer is not kept. `settings`: what the model is asked with.

    A workspace that stores no text, or switched the cache off, has none whoever asks. Nothing is kept for longer than its texts are.
    """
    mode = call.mode or version.mode or workspace.cache_mode
    if mode in ("off", "asked") or workspace.cache_mode == "off" or not workspace.store_content:
        return None
    if settings.get("n") not in (None, 1) or settings.get("logprobs"):
        return None
    if mode == "deterministic" and settings.get("temperature") != 0:
        return None
    ttl_s = call.ttl_s or version.ttl_s or workspace.cache_ttl_s
    return CacheUse(ttl_s=min(ttl_s, workspace.retention_days * DAY_S))
