"""What a prompt takes over from the calls of the group that it is made of, and what a cancellation sets going."""

import sys
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from burnish_gateway.execution import cancel as cancelling
from burnish_gateway.groups import adopt_group
from burnish_shared.prompt_settings import DEFAULT_OUTPUT_TOKENS


@pytest.mark.capability("E1")
@pytest.mark.parametrize(("cap", "kept"), [(DEFAULT_OUTPUT_TOKENS, {}), (50, {"max_tokens": 50})])
async def test_the_cap_that_nobody_asked_for_is_not_taken_over(cap: int, kept: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def newest_content(*_: Any) -> dict[str, Any]:
        said = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello."}]
        return {"messages": said, "settings": {"temperature": 0.5, "max_tokens": cap}, "model": "m"}

    monkeypatch.setattr("burnish_gateway.groups.store.newest_content", newest_content)
    asked: Any = SimpleNamespace(messages=None, model=None)
    content = await adopt_group._content(cast(Any, None), uuid4(), asked, newest=[uuid4()])
    assert content.settings == {"temperature": 0.5, **kept} and content.model == "m"


class _Unit:
    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: Any) -> None:
        return None


@pytest.mark.capability("E15")
@pytest.mark.parametrize("was_queued", [True, False])
async def test_the_event_of_what_was_called_off_while_it_waited_leaves_at_once(was_queued: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancel_queued(*_: Any) -> bool:
        return was_queued

    async def find_execution(*_: Any) -> dict[str, str]:
        return {"status": "cancelled"}

    async def flush(_: Any) -> None: ...

    store = sys.modules["burnish_gateway.execution.store"]
    for name, instead in (("cancel_queued", cancel_queued), ("find_execution", find_execution), ("flush", flush)):
        monkeypatch.setattr(store, name, instead)
    woken: list[bool] = []
    gateway: Any = SimpleNamespace(
        db=SimpleNamespace(unit_of_work=lambda **_: _Unit()), relay=SimpleNamespace(wake=lambda: woken.append(True))
    )
    principal: Any = SimpleNamespace(workspace_id=uuid4())
    assert await cancelling.cancel(gateway, principal, uuid4()) == "cancelled"
    assert woken == ([True] if was_queued else [])
