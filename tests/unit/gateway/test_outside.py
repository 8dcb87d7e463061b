"""What a unit of work needs computed is computed while it is not there, and taken only from what is still the same."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Sequence

import pytest

from burnish_gateway.outside import (
    ATTEMPTS_MOST,
    DEADLOCKS_MOST,
    LARGE_AT_ONCE,
    Needed,
    NeedsResult,
    Outside,
    all_of,
    remember,
    remembered,
    result_of,
)
from burnish_shared.errors import Busy, Deadlocked

pytestmark = [pytest.mark.asyncio, pytest.mark.capability("D1")]


def needed(given: object, compute: Callable[[], object], *, turn: str | None = "a", is_large: bool = False) -> object:
    """What a unit of work does."""
    found = result_of(given)
    if found is None:
        raise NeedsResult(Needed(given, compute, turn=turn, is_large=is_large))
    return found


async def test_it_is_computed_once_between_two_attempts_in_a_thread() -> None:
    where: list[object] = []

    async def attempt() -> object:
        where.append("attempt")
        return needed([1, 2], lambda: where.append(threading.current_thread()) or "made")

    assert await Outside().run(attempt) == "made"
    assert where[0] == where[2] == "attempt" and len(where) == 3 and where[1] is not threading.main_thread()
    assert result_of([1, 2]) is None, "what was computed is that unit of work's"


async def test_what_changed_meanwhile_is_computed_again_until_it_never_stays() -> None:
    version = 0

    async def changed_by_others(times: int) -> object:
        nonlocal version
        found, version = version, min(version + 1, times)
        return needed(("v", found), lambda: f"of {found}")

    assert await Outside().run(lambda: changed_by_others(3)) == "of 3"
    version = 0
    with pytest.raises(Busy) as refused:
        await Outside().run(lambda: changed_by_others(10**6))
    assert version == ATTEMPTS_MOST + 1 and refused.value.retry_after_s == 1


async def test_of_two_that_wait_for_each_other_the_one_that_was_ended_begins_anew_a_few_times() -> None:
    attempts = 0

    async def ended(times: int) -> object:
        nonlocal attempts
        attempts += 1
        if attempts <= times:
            raise Deadlocked("held by others", retry_after_s=1)
        return needed("said", lambda: "made")

    assert await Outside().run(lambda: ended(DEADLOCKS_MOST - 1)) == "made" and attempts == DEADLOCKS_MOST + 1
    attempts = 0
    with pytest.raises(Deadlocked):
        await Outside().run(lambda: ended(10**6))
    assert attempts == DEADLOCKS_MOST


async def test_what_is_held_or_takes_too_long_is_not_tried_again_by_itself() -> None:
    """It waited already for as long as anybody may."""
    attempts = 0

    async def held() -> object:
        nonlocal attempts
        attempts += 1
        raise Busy("held by others", retry_after_s=1)

    with pytest.raises(Busy):
        await Outside().run(held)
    assert attempts == 1


async def test_of_what_kept_changing_only_the_newest_result_is_held() -> None:
    class Result:
        pass

    made: list[weakref.ref[Result]] = []
    held: list[int] = []

    def compute() -> Result:
        result = Result()
        made.append(weakref.ref(result))
        return result

    async def attempt() -> object:
        gc.collect()
        held.append(sum(one() is not None for one in made))
        return needed(len(held) if len(held) < 6 else 6, compute)

    assert isinstance(await Outside().run(attempt), Result)
    assert held == [0, 1, 1, 1, 1, 1, 1]


async def test_what_is_taken_stays_while_another_result_of_its_turn_is_computed() -> None:
    attempts = 0

    async def attempt() -> list[object]:
        nonlocal attempts
        attempts += 1
        return [needed(n, lambda n=n: n + 1) for n in range(3)]

    assert await Outside().run(attempt) == [1, 2, 3] and attempts == 4


async def test_what_grows_is_read_once_for_all_attempts_of_a_run_and_of_no_other() -> None:
    read = 0

    async def attempt() -> object:
        nonlocal read
        read += 1
        return needed(remembered("words") or remember("words", f"until {read}"), lambda: "made", turn=f"{read}")

    outside = Outside()
    assert (await outside.run(attempt), read) == ("made", 2)
    assert (await outside.run(attempt), read) == ("made", 4), "each reads what is there when it begins"
    assert remembered("words") is None and remember("words", "outside of a run") and remembered("words") is None


async def test_what_several_need_is_computed_at_one_go() -> None:
    attempts, begun = 0, list[int]()

    async def one(n: int) -> object:
        begun.append(n)
        return needed(n, lambda: n + 1, turn=f"{n}")

    async def attempt() -> list[object]:
        nonlocal attempts
        attempts += 1
        return await all_of(one(n) for n in range(2 * ATTEMPTS_MOST))

    assert await Outside().run(attempt) == [n + 1 for n in range(2 * ATTEMPTS_MOST)]
    assert attempts == 2 and begun == [*range(2 * ATTEMPTS_MOST)] * 2


async def test_what_one_of_several_raises_is_raised() -> None:
    async def odd() -> object:
        raise KeyError("odd")

    async def missing() -> object:
        return needed(1, lambda: 1)

    with pytest.raises(KeyError):
        await Outside().run(lambda: all_of(step() for step in (missing, odd)))


async def test_many_things_may_each_need_something() -> None:
    async def attempt() -> list[object]:
        return [needed(n, lambda n=n: n + 1, turn=str(n)) for n in range(3 * ATTEMPTS_MOST)]

    assert await Outside().run(attempt) == [n + 1 for n in range(3 * ATTEMPTS_MOST)]


async def test_who_changes_the_same_thing_waits_and_who_changes_others_does_not() -> None:
    """From the computing to the end of the unit of work that takes it."""
    outside, inside = Outside(), dict.fromkeys("ab", 0)
    together, most = 0, 0

    async def one(turn: str, n: int) -> None:
        async def attempt() -> None:
            nonlocal together, most
            needed((turn, n), lambda: 1, turn=turn)
            inside[turn] += 1
            assert inside[turn] == 1, "two of one turn"
            together += 1
            most = max(most, together)
            if together == 2:
                both.set()
            await (both.wait() if n == 0 else asyncio.sleep(0))
            together -= 1
            inside[turn] -= 1

        await outside.run(attempt)

    both = asyncio.Event()
    calls = [asyncio.create_task(one(turn, n)) for n in range(5) for turn in "ab"]
    async with asyncio.timeout(10):
        await asyncio.gather(*calls)
    assert most == 2


async def test_two_who_need_each_others_things_do_not_wait_for_ever() -> None:
    outside = Outside()

    async def both(first: str, second: str) -> tuple[object, object]:
        async def attempt() -> tuple[object, object]:
            return needed(first, lambda: first, turn=first), needed(second, lambda: second, turn=second)

        return await outside.run(attempt)

    async with asyncio.timeout(10):
        assert await asyncio.gather(both("a", "b"), both("b", "a")) == [("a", "b"), ("b", "a")]

    async def at_one_go(turns: Sequence[str]) -> list[object]:
        async def one(turn: str) -> object:
            await asyncio.sleep(0)
            return needed(turn, lambda: turn, turn=turn)

        return await outside.run(lambda: all_of(map(one, turns)))

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(at_one_go(turns) for turns in ("abc", "cba", "bac", "ca"))) == [[*"abc"], [*"cba"], [*"bac"], [*"ca"]]


async def test_of_what_is_large_two_are_computed_at_once() -> None:
    outside, lock, at_once, most = Outside(), threading.Lock(), 0, 0
    gate = threading.Event()

    def compute() -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            if at_once == LARGE_AT_ONCE:
                gate.set()
        gate.wait(10)
        with lock:
            at_once -= 1
        return "done"

    async def one(n: int) -> object:
        async def attempt() -> object:
            return needed(n, compute, turn=None, is_large=True)

        return await outside.run(attempt)

    assert await asyncio.gather(*map(one, range(6))) == ["done"] * 6
    assert most == LARGE_AT_ONCE


async def test_many_things_without_a_turn_are_each_computed_once() -> None:
    """An import into several datasets that hold nothing yet."""
    computed: list[int] = []

    async def one(n: int) -> object:
        return needed(n, lambda: computed.append(n) or n, turn=None)

    many = ATTEMPTS_MOST + 2
    assert await Outside().run(lambda: all_of([one(n) for n in range(many)])) == list(range(many))
    assert computed == list(range(many))
