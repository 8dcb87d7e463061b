"""Who has what open. Pure; in memory alone, for as long as somebody goes on saying so: nothing of it is written anywhere.

Each tab says every HEARTBEAT_S where it is. What was not said again for STAYS_MS is over, so that a tab that vanished vanishes here too.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

HEARTBEAT_S: Final = 15
STAYS_MS: Final = 45_000
TABS_MOST: Final = 500
"""Of one workspace; beyond it the one that was heard of longest ago is forgotten."""

PLACE: Final = r"^[a-z_-]{1,32}/[A-Za-z0-9_.-]{1,100}$"
"""What is open: the kind and the id, such as `prompts/support-triage`."""

Place = Annotated[str, Field(pattern=PLACE, description="What is open: its kind and id, such as `prompts/support-triage`.")]
Tab = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="A name of the tab's own, so that two tabs of one person are two.")]
State = Literal["viewing", "editing", "left"]


class Said(BaseModel):
    """What a tab says, as gateways tell each other."""

    model_config = ConfigDict(frozen=True)

    place: Place
    tab: Tab
    user_id: UUID
    state: State


@dataclass(slots=True)
class _Tab:
    user_id: UUID
    state: State
    since_ms: int
    until_ms: int


@dataclass(slots=True)
class Presence:
    """People by workspace and place. Times are milliseconds since 1970."""

    _tabs: dict[UUID, OrderedDict[tuple[str, str], _Tab]] = field(default_factory=dict)

    def hear(self, workspace_id: UUID, said: Said, *, now_ms: int) -> bool:
        """Whether anybody sees a difference."""
        tabs = self._tabs.setdefault(workspace_id, OrderedDict())
        key = (said.place, said.tab)
        before = tabs.pop(key, None)
        if said.state == "left":
            if not tabs:
                del self._tabs[workspace_id]
            return before is not None
        is_same = before is not None and before.user_id == said.user_id
        since_ms = before.since_ms if before is not None and is_same else now_ms
        tabs[key] = _Tab(said.user_id, said.state, since_ms, now_ms + STAYS_MS)
        if len(tabs) > TABS_MOST:
            tabs.popitem(last=False)
        return before is None or not is_same or before.state != said.state

    def people(self, workspace_id: UUID, place: str, *, now_ms: int) -> list[dict[str, Any]]:
        """Who is there, whoever came first before all others: {user_id, editing, since_ms}. Somebody with two tabs is one."""
        found: dict[UUID, dict[str, Any]] = {}
        for (where, _), tab in self._tabs.get(workspace_id, {}).items():
            if where != place or tab.until_ms <= now_ms:
                continue
            one = found.setdefault(tab.user_id, {"user_id": tab.user_id, "editing": False, "since_ms": tab.since_ms})
            one["editing"] = one["editing"] or tab.state == "editing"
            one["since_ms"] = min(one["since_ms"], tab.since_ms)
        return sorted(found.values(), key=lambda one: (one["since_ms"], one["user_id"]))

    def expire(self, *, now_ms: int) -> set[tuple[UUID, str]]:
        """Forgets what was not said again; where that was."""
        gone: set[tuple[UUID, str]] = set()
        for workspace_id, tabs in list(self._tabs.items()):
            for key in [key for key, tab in tabs.items() if tab.until_ms <= now_ms]:
                del tabs[key]
                gone.add((workspace_id, key[0]))
            if not tabs:
                del self._tabs[workspace_id]
        return gone
