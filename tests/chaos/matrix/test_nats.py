"""Rows 5 to 10: NATS stands still, dies, loses what it had, and has no room."""

import asyncio
import json
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client

from tests.chaos.load import Told
from tests.chaos.matrix.field import HELLO, Field, field, summary
from tests.pace import fair_clock

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

FROZEN_S: Final = 30.0
ANSWERED_WITHIN_S: Final = 2.0
"""PROMISES G-09."""

SILENT_S: Final = 16.0
"""After three pings without an answer, five seconds apart, NATS counts as away."""

BUSY_S: Final = 0.5
"""What a machine under load may add to a time limit, beside the time that it gave to nobody; one answer may take longer."""

BACK_WITHIN_S: Final = 15.0
RESUMED_WITHIN_S: Final = 5.0
"""The row of the matrix: from the moment that NATS takes connections again."""

NOTICED_WITHIN_S: Final = 30.0

OLDER_S: Final = 60.0
"""The row of the matrix: a minute is lost."""

UNDER_WAY: Final = 6
"""Background calls that wait for their model when NATS stops, and have their answer while it stands still."""

HELD: Final = ("EXECUTIONS", "RECORDS", "FEEDBACK", "EVENTS")


@pytest.mark.fault(5)
@pytest.mark.promise("G-09", "M-11", "E-01")
async def test_nats_stands_still(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    took: list[float] = []
    probed: list[tuple[int, ...]] = []
    async with field(tmp_path, dice, mixed=False) as on:
        await on.model("own/slow", "slow,s=3")
        pids = on.place.state()["pids"]
        await on.calm(1, 2)
        asked_before = [await background(on, "own/slow") for _ in range(UNDER_WAY)]
        async with asyncio.timeout(20):
            while await on.place.provider_calls("slow") < UNDER_WAY:
                await asyncio.sleep(0.05)
        frozen = asyncio.create_task(on.place.freeze("nats", FROZEN_S))
        await asyncio.sleep(1.5)
        with fair_clock() as clock:
            noticed_at = clock() + SILENT_S
            while not frozen.done():
                began_at = clock()
                status, answer = await on.ask("POST", "/v1/executions", HELLO | {"stream": len(took) % 2 == 1})
                if frozen.done():
                    break
                took.append(clock() - began_at)
                if clock() > noticed_at:
                    probed.append(tuple([await probe(on, path) for path in ("/healthz", "/readyz")]))
                assert (status, answer["error"]["retryable"]) == (503, True), answer
                feedback = {"execution_id": str(uuid4()), "thumb": "up"}
                assert (await on.ask("POST", "/v1/feedback", feedback))[0] == 202
                await asyncio.sleep(0.3)
        await frozen
        back_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)
        assert on.place.state()["pids"] == pids, "something was started anew"
        through_s = await on.told_s()  # Behind whatever NATS says again once it goes on.
        rows = await on.place.rows("SELECT status, fence FROM executions WHERE execution_id = ANY ($1)", asked_before)
        assert [row["status"] for row in rows] == ["success"] * UNDER_WAY, rows
        assert await on.place.provider_calls("slow") == UNDER_WAY, "what was answered meanwhile was asked for again"
    assert len(probed) > 3 and set(probed[:-1]) == {(200, 503)}, "alive, and not ready"
    *others, slowest_s = sorted(took)
    assert len(others) > 5 and others[-1] < ANSWERED_WITHIN_S + BUSY_S, took
    tell(
        f"{FROZEN_S:.0f} s: the slowest of {len(took)} 503 after {slowest_s:.1f} s, served again {back_s:.1f} s after it, consumers"
        f" {through_s:.1f} s later; {UNDER_WAY} calls under way were asked of their provider once; {summary(on.load)}"
    )


async def probe(on: Field, path: str) -> int:
    async with on.http.get(on.place.url + path) as response:
        return response.status


async def background(on: Field, model: str) -> UUID:
    status, answer = await on.ask("POST", "/v1/executions", HELLO | {"model": model, "mode": "background"})
    assert status == 202, answer
    return UUID(answer["id"])


@pytest.mark.fault(6)
@pytest.mark.promise("M-01", "M-11", "G-01")
async def test_nats_is_killed(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    slowest_s, kept = 0.0, 0
    async with field(tmp_path, dice) as on:
        for _ in range(4):
            await on.calm(1, 2)
            before = await last_sequences(on)
            pid = on.place.signal("nats", signal.SIGKILL)
            await on.place.started_anew("nats", of_pid=pid)
            after = await last_sequences(on)  # At once: what comes new would hide what is missing.
            slowest_s = max(slowest_s, await on.told_s())
            assert not (lost := {name: (last, after[name]) for name, last in before.items() if after[name] < last}), lost
            kept += sum(before.values())
            await on.place.heal("nats", of_pid=pid)
    assert kept, "the streams held nothing that could be lost"
    assert slowest_s < RESUMED_WITHIN_S
    tell(f"4 killed, no stream was shorter afterwards; a background call and its webhook were through {slowest_s:.1f} s after NATS took"
         f" connections again, at most; {summary(on.load)}")  # fmt: skip


async def last_sequences(on: Field) -> dict[str, int]:
    """The number of the last message that each stream acknowledged."""
    async with on.place.nats("provisioner") as provisioner:
        return {name: (await asked(provisioner, f"STREAM.INFO.{name}"))["state"]["last_seq"] for name in HELD}


@pytest.mark.fault(7)
@pytest.mark.promise("M-05", "M-03")
async def test_a_power_loss_takes_what_nats_had_acknowledged(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice) as on:
        older = tmp_path / "older-store"
        await on.calm(1, 2)
        on.load.doubts_feedback = True
        await asyncio.to_thread(on.place.copy_store_of_nats, older)
        before = on.load.calls
        await asyncio.sleep(OLDER_S)
        lost = on.load.calls - before
        await on.place.put_back_store_of_nats(older)
        on.load.doubts_feedback = False
        noticed = await losses_noticed(on)
        await on.calm(3, 5)
    tell(f"the store of {OLDER_S:.0f} s and {lost} calls before, noticed of {', '.join(noticed)}; {summary(on.load)}")


async def losses_noticed(on: Field) -> list[str]:
    """The streams of which a service says that messages are gone, which an alert is about; waits for the first."""
    async with asyncio.timeout(NOTICED_WITHIN_S):
        while True:
            samples = {name: f'burnish_stream_losses_total{{stream="{name}"}}' for name in HELD}
            services = list(on.place.state()["metrics"])
            noticed = [name for name, sample in samples.items() if any([await on.place.measured(one, sample) for one in services])]
            if noticed:
                return noticed
            await asyncio.sleep(0.2)


@pytest.mark.fault(8)
@pytest.mark.promise("M-05")
async def test_the_store_is_wiped(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice) as on:
        await on.calm(3, 5)
        on.load.doubts_feedback = True
        (empty := tmp_path / "empty-store").mkdir()
        await on.place.put_back_store_of_nats(empty)
        back_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)
        on.load.doubts_feedback = False
        noticed = await losses_noticed(on)
        await on.told_s()
        await on.calm(2, 3)
    tell(f"served again {back_s:.1f} s after NATS was back; the loss was noticed of {', '.join(noticed)}; {summary(on.load)}")


SMALL_BYTES: Final = 128 << 10
COMMENT: Final = "It came late, and nobody said why. " * 55


@pytest.mark.fault(9)
@pytest.mark.promise("M-15", "G-09")
async def test_streams_are_full(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice, mixed=False, batches=False) as on, on.place.nats("provisioner") as provisioner:
        usual = {name: (await asked(provisioner, f"STREAM.INFO.{name}"))["config"] for name in ("FEEDBACK", "RECORDS")}
        for name, config in usual.items():
            await asked(provisioner, f"STREAM.UPDATE.{name}", config | {"max_bytes": SMALL_BYTES})
        asleep = asyncio.create_task(on.place.freeze("analytics", 12.0))
        sent, calls, firsts = 0, 0, []
        while not asleep.done():
            sent += await react(on)
            calls += await served(on)
            firsts.append((await asked(provisioner, "STREAM.INFO.FEEDBACK"))["state"]["first_seq"])
        state = (await asked(provisioner, "STREAM.INFO.FEEDBACK"))["state"]
        [waiting] = await on.place.rows("SELECT count(*) FROM outbox WHERE service = 'gateway' AND created_at > now() - interval '1 minute'"
                                        " AND subject LIKE '%feedback%'")  # fmt: skip
        await asleep
        for name, config in usual.items():
            await asked(provisioner, f"STREAM.UPDATE.{name}", config)
    assert waiting["count"] > 0, f"the stream was never full: {state}"
    assert sorted(firsts) == firsts and firsts[-1] <= firsts[0] + 500, "the stream dropped what was old"
    tell(
        f"{sent} reactions were all taken, {waiting['count']} messages of them by the outbox, and {calls} calls answered;"
        f" {summary(on.load)}"
    )


async def served(on: Field) -> int:
    """A call, which must be answered: only its record waits for room."""
    status, answer = await on.ask("POST", "/v1/executions", HELLO)
    assert status == 200, answer
    return 1


async def react(on: Field) -> int:
    """Long reactions, each of which must be taken."""
    bodies = [{"execution_id": str(uuid4()), "feedback_id": str(uuid4()), "thumb": "up", "comment": COMMENT} for _ in range(20)]
    for answer in await asyncio.gather(*(on.ask("POST", "/v1/feedback", body) for body in bodies)):
        assert answer[0] == 202, answer
    for body in bodies:
        on.load.note("feedback", Told("accepted", body["feedback_id"]), route="feedback")
    return len(bodies)


async def asked(client: Client, subject: str, body: Any = None) -> Any:
    answer = json.loads((await client.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=5)).data)
    assert "error" not in answer, answer
    return answer


DISK_BYTES: Final = 64 << 20
LEFT_BYTES: Final = 64 << 10
FULL_S: Final = 12.0


@pytest.mark.fault(10)
@pytest.mark.promise("G-09", "M-01")
async def test_the_disk_is_full(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may mount a small disk of its own")
    store = tmp_path / "home" / "nats" / "store"
    store.mkdir(parents=True)
    mount = f'mount -t tmpfs -o size={DISK_BYTES},mode=0700 none {store} && exec "$@"'
    async with field(tmp_path, dice, mixed=False, batches=False, prefix=("unshare", "--mount", "sh", "-c", mount, "sh")) as on:
        await on.calm(2, 3)
        disk = Path(f"/proc/{on.place.pid('nats')}/root{store}")  # As that process sees it.
        filler = disk / "filler"
        await asyncio.to_thread(fill, filler)
        pid, told, calls = on.place.pid("nats"), 0, 0
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):  # Until a write meets the full disk; a file of NATS may have had room of its own.
            while b"no space left on device" not in (tmp_path / "home" / "logs" / "nats.log").read_bytes():
                told += await react(on)
                await asyncio.sleep(0.2)
        began_at = loop.time()
        while loop.time() - began_at < FULL_S:
            told += await react(on)
            calls += await served(on)
            await asyncio.sleep(0.2)
        assert on.place.pid("nats") == pid, "NATS was started anew"
        filler.unlink()
        room_at = loop.time()
        await on.place.heal("nats", of_pid=pid)  # It goes on refusing what it could not write once; the launcher sees to that.
        await on.seconds_until_served(within_s=30)
        back_s = loop.time() - room_at
        through_s = await on.told_s()
    tell(f"{FULL_S:.0f} s without room: {told} reactions were all taken, {calls} calls answered; NATS was restarted by itself; served"
         f" {back_s:.1f} s after there was room, every stream {through_s:.1f} s later; {summary(on.load)}")  # fmt: skip


def fill(filler: Path) -> None:
    """Leaves room for a few messages."""
    usage = os.statvfs(filler.parent)
    left = usage.f_bavail * usage.f_frsize
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, left - LEFT_BYTES))
