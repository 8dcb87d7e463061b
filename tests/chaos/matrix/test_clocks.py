"""Row 24: every service has another time of day than the others, and clocks are set while they run."""

import asyncio
import json
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.chaos.matrix.field import Field, field, summary
from tests.fakes.receiver import Received

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

SOURCE: Final = Path(__file__).with_name("clock_skew.c")
TEN_MINUTES_S: Final = 600
AN_HOUR_S: Final = 3600
DEADLINE_S: Final = "20"
"""A slow machine takes longer than the eight seconds that are enough elsewhere; a wrong clock would still be minutes early."""

WRONG_S: Final = {
    "gateway-1": TEN_MINUTES_S, "gateway-2": -TEN_MINUTES_S, "executor-1": -TEN_MINUTES_S, "executor-2": TEN_MINUTES_S,
    "analytics-1": -TEN_MINUTES_S, "webhooks-1": TEN_MINUTES_S, "optimizer-1": -TEN_MINUTES_S,
}  # fmt: skip


@dataclass(slots=True)
class Verifier:
    """A receiver with the right time, which takes what was signed with its secret within the last five minutes or the next."""

    secret: str
    accepted: int = 0
    refused: list[str] = attribute(default_factory=list)

    def rejects(self, request: Received) -> bool:
        try:
            Webhook(self.secret).verify(request.body, request.headers)
        except WebhookVerificationError as error:
            self.refused.append(f"{request.headers.get('webhook-timestamp')}: {error}")
            return True
        self.accepted += 1
        return False


@pytest.mark.fault(24)
@pytest.mark.promise("C-12", "P-09", "W-03")
async def test_no_two_clocks_agree(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler to build other clocks with")
    library = tmp_path / "clock_skew.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True, capture_output=True)
    folder = tmp_path / "clocks"
    folder.mkdir()
    for name, seconds in WRONG_S.items():
        set_clock(folder / name, seconds)
    began_at = datetime.now(UTC)
    async with field(tmp_path, dice, LD_PRELOAD=str(library), CLOCK_SKEW_FOLDER=str(folder), BURNISH_DEADLINE_S=DEADLINE_S) as on:
        verifier = Verifier(on.secret)
        on.receiver.rejects = verifier.rejects
        await asyncio.sleep(8)
        refused = not_answered(on.load.told)
        off = {name: (first_logged(tmp_path / "home" / "logs", name) - began_at).total_seconds() for name in WRONG_S}
        assert {name: round(seconds / TEN_MINUTES_S) for name, seconds in off.items()} == {
            name: seconds // TEN_MINUTES_S for name, seconds in WRONG_S.items()
        }, f"by their own logs the clocks are off by {off}"
        for name in dice.sample(sorted(WRONG_S), len(WRONG_S)):
            set_clock(folder / name, -AN_HOUR_S)
            await on.calm(0.3, 0.8)
        for _ in range(4):
            for name in dice.sample(sorted(WRONG_S), 4):
                set_clock(folder / name, dice.choice((-AN_HOUR_S, -60, 60, TEN_MINUTES_S)))
            await on.calm(2, 3)
        [row] = await on.place.rows(
            "SELECT count(*), min(latency_ms) AS least, count(*) FILTER (WHERE status = 'timeout') AS late FROM executions"
        )
        failing = await on.place.rows("SELECT count(*) FROM webhook_attempts WHERE error_class IS NOT NULL")
        assert verifier.accepted > 20 and verifier.refused == [], verifier
        await assert_tells_apart(on, on.receiver.at("/hook")[0])
    assert refused == {}, "clocks that only differ refused calls"
    assert row["count"] > 100 and row["least"] >= 0 and row["late"] == 0, row
    assert failing[0]["count"] == 0, "a delivery was not taken"
    tell(
        f"clocks of 7 processes up to 20 minutes apart, by their own logs; each set back by an hour, then 16 times set by lot;"
        f" {verifier.accepted} webhooks verified, none refused;"
        f" {summary(on.load)}; then open: {not_answered(on.load.told)}"
    )


def first_logged(logs: Path, name: str) -> datetime:
    """When a process wrote its first line, by its own clock."""
    service, _, number = name.rpartition("-")
    log = logs / (f"{service}.log" if number == "1" else f"{name}.log")
    return next(datetime.fromisoformat(json.loads(line)["timestamp"]) for line in log.read_text().splitlines() if '"timestamp"' in line)


async def assert_tells_apart(on: Field, delivered: Received) -> None:
    """The receiver takes a delivery again as it was, and neither with other bytes nor signed by one of the wrong clocks."""
    now, signer = datetime.now(UTC), Webhook(on.secret)
    same = {name: value for name, value in delivered.headers.items() if name.startswith("webhook-") or name == "content-type"}

    async def answered(body: bytes, headers: Mapping[str, str]) -> int:
        async with on.http.post(on.receiver.url(), data=body, headers=headers) as response:
            return response.status

    def signed_at(time: datetime) -> Mapping[str, str]:
        signature = signer.sign(delivered.id, time, delivered.body.decode())
        return same | {"webhook-timestamp": str(int(time.timestamp())), "webhook-signature": signature}

    assert await answered(delivered.body, same) == 200
    assert await answered(delivered.body, signed_at(now)) == 200
    assert await answered(delivered.body + b" ", same) == 500, "a receiver that takes other bytes verifies nothing"
    for wrong_s in (TEN_MINUTES_S, -TEN_MINUTES_S, -AN_HOUR_S):
        assert await answered(delivered.body, signed_at(now + timedelta(seconds=wrong_s))) == 500, wrong_s


def not_answered(told: Mapping[str, int]) -> dict[str, int]:
    """Calls that came to nothing, save those whose callers left by themselves."""
    return {name: count for name, count in told.items() if "unknown" in name and not name.startswith("left")}


def set_clock(file: Path, seconds: int) -> None:
    """In place, because the process has it mapped."""
    file.touch()
    with file.open("r+b") as open_file:
        open_file.write(struct.pack("<q", seconds * 10**9))
