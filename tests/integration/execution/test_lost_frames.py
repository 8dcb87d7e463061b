"""The last frame of an answer gets lost, and some text before it: whoever asked hears all of it from the books, or that it is not all."""

from typing import Any

import pytest

from burnish_executor.io.replies import Reply
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import HELLO, assert_settled, rows_of

pytestmark = pytest.mark.promise("G-13")

STREAM = HELLO | {"stream": True}
CHAT = "/v1/chat/completions"


@pytest.fixture
def nothing_but_the_first_piece_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Reply.flush

    async def first_alone(self: Reply) -> None:
        await send(self) if self.chunks == 0 else self._text.clear()

    async def lost(self: Reply, outcome: bytes) -> None:
        self._text.clear()

    monkeypatch.setattr(Reply, "flush", first_alone)
    monkeypatch.setattr(Reply, "terminal", lost)


async def _keeps_no_text(caller: Caller) -> None:
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})
    assert changed.status == 200, changed.body


async def _masks(caller: Caller) -> None:
    changed = await caller("PUT", "/v1/masking", {"masking": {"patterns": [{"name": "words", "pattern": "[a-z]+"}]}})
    assert changed.status == 200, changed.body


async def _succeeded_once(stack: Stack, caller: Caller) -> int:
    """What it cost."""
    (row,) = await rows_of(stack, caller)
    assert row["status"] == "success"
    await assert_settled(stack, caller)
    return int(row["cost_nusd"])


@pytest.mark.usefixtures("nothing_but_the_first_piece_comes")
async def test_text_that_is_kept_comes_whole(stack: Stack, caller: Caller) -> None:
    *deltas, (last, done) = await caller.events("/v1/executions", STREAM)
    assert last == "done" and "".join(one["text"] for _, one in deltas) == done["output"] != ""
    await _succeeded_once(stack, caller)


@pytest.mark.usefixtures("nothing_but_the_first_piece_comes")
@pytest.mark.parametrize("otherwise_kept", [_keeps_no_text, _masks])
async def test_a_stream_whose_text_is_not_kept_as_it_was_told_ends_as_a_gap(stack: Stack, caller: Caller, otherwise_kept: Any) -> None:
    """It ended as a success, with a part of its text."""
    await otherwise_kept(caller)
    events = await caller.events("/v1/executions", STREAM)
    assert [name for name, _ in events].count("error") == 1 and "done" not in dict(events)
    error = events[-1][1]["error"]
    assert error["code"] == "stream_gap"
    assert error["details"]["cost_nusd"] == await _succeeded_once(stack, caller)


@pytest.mark.usefixtures("nothing_but_the_first_piece_comes")
@pytest.mark.parametrize("path", ["/v1/executions", CHAT])
async def test_a_call_whose_text_is_not_kept_hears_that_it_was_lost(stack: Stack, caller: Caller, path: str) -> None:
    """It got a success without a word."""
    await _keeps_no_text(caller)
    answer = await caller("POST", path, HELLO)
    assert (answer.status, answer.body["error"]["code"]) == (502, "answer_lost")
    await _succeeded_once(stack, caller)
