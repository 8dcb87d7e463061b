"""The memo: what is known costs nothing, and keeps nobody else from running."""

import asyncio

import pytest

from burnish_optimizer.search import Budget, Item, Proposal, Reflection, Scored
from burnish_optimizer.search.memo import Memo


@pytest.mark.capability("O1")
async def test_rounds_of_which_all_is_known_leave_room_for_a_wish_to_cancel() -> None:
    async def evaluate(prompt: str, item: Item) -> Scored:
        return Scored(1.0, item.expected)

    async def propose(reflection: Reflection) -> Proposal:
        return Proposal(())

    async def rounds() -> None:
        while True:
            await memo.score([("p", Item("1", "in", "out"))])

    memo = Memo(evaluate=evaluate, propose=propose, budget=Budget(evaluations=1))
    searching = asyncio.create_task(rounds())
    async with asyncio.timeout(30):
        while not memo.evaluations:
            await asyncio.sleep(0)
        searching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await searching
    assert memo.evaluations == 1
