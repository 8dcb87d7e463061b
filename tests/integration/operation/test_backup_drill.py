"""The drill of docs/guides/backup.md: back up under load, lose everything, restore, and look (PROMISES P-04, P-06)."""

import asyncio
import base64
import json
import random
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.chaos.ground import Ground, ground
from tests.chaos.load import Load
from tests.chaos.test_kill_each import END_S
from tests.embedded.installation import Installation
from tests.fakes.receiver import Received, Receiver, receiving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]

PERSON = "ada-of-the-drill"
ANSWERED = 40
"""Calls before the backup begins; some of them are still under way then."""

KEPT = ("secrets.json", "workspace.json", "admin.json")
"""What an operator keeps apart from backups (docs/guides/backup.md)."""


@pytest.mark.chaos
@pytest.mark.promise("P-04", "P-06", "P-09", "S-04", "W-10")
@pytest.mark.timeout(500)
async def test_what_was_answered_is_restored_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    journal, kept = tmp_path / "journal.jsonl", tmp_path / "kept"
    async with receiving() as receiver:
        receiver.modes = {"/down": ["500"]}
        async with ground(tmp_path / "home", replicas="") as place:
            backup = await back_up_under_load(place, receiver, journal, tmp_path / "backups")
            await what_comes_after(place, receiver)
            erasures = tmp_path / "erasures"
            await run(place.installation, "backup", str(erasures), "--only-erasures")
            keep_apart(place.installation.home, kept)
        shutil.rmtree(tmp_path / "home")
        assert_holds_no_key(backup, kept)
        before = list(receiver.requests)

        shutil.copytree(kept, tmp_path / "new")
        new = Installation(tmp_path / "new")
        told = await run(new, "restore", str(backup), "--erasures", str(erasures / "erasures.jsonl"))
        assert told["erasures"] == 1 and told["rows"]["executions"] > 0
        assert "restored_as_of" in json.loads((tmp_path / "new" / "demo.json").read_text()), "`burnish up` would play the demo there"
        async with ground(tmp_path / "new", replicas="") as place:
            code, report, said = await place.audit(journal)
            assert code == 0, (report, said)
            assert await place.rows("SELECT FROM executions WHERE end_user = $1", PERSON) == [], "forgotten again before it was ready"
            await assert_nothing_comes_twice(place, receiver, before)


async def back_up_under_load(place: Ground, receiver: Receiver, journal: Path, parent: Path) -> Path:
    """The journal ends when the backup begins; what is under way then may be in it or not."""
    async with caller(place) as http:
        for path in ("/hook", "/down"):
            await post(http, "/v1/webhooks/endpoints", {"url": receiver.url(path), "events": ["execution.completed", "data.erased"]}, 201)
        await post(http, "/v1/executions", call("a person asks", user_id=PERSON), 200)
    load = Load(place.url, place.api_key, journal, random.Random(7), rate=30.0)
    running = asyncio.create_task(load.run())
    while load.calls < ANSWERED or not load.background or not load.reacted:
        await asyncio.sleep(0.05)
    load.stop.set()
    backing_up = asyncio.create_task(run(place.installation, "backup", str(parent)))
    await asyncio.wait_for(running, END_S)
    assert load.violations == []
    return Path((await backing_up)["folder"])


async def what_comes_after(place: Ground, receiver: Receiver) -> None:
    """Deliveries that waited at the time of the backup are made; more happens; a person is forgotten."""
    receiver.modes = {}
    async with caller(place) as http:
        lost = await post(http, "/v1/executions", call("of the lost hours") | {"mode": "background"}, 202)
        erasure = await post(http, "/v1/erasures", {"user_id": PERSON}, 202)

        def all_told(requests: list[Received]) -> bool:
            return all(
                wanted in {one.body for one in map(facts, requests) if one.path == path}
                for path in ("/hook", "/down")
                for wanted in (lost["id"], erasure["id"])
            )

        await receiver.wait_for(all_told, timeout_s=END_S)
    (waiting,) = await place.rows("SELECT count(*) AS n FROM webhook_deliveries WHERE status = 'pending'")
    while waiting["n"]:
        await asyncio.sleep(0.1)
        (waiting,) = await place.rows("SELECT count(*) AS n FROM webhook_deliveries WHERE status = 'pending'")


async def assert_nothing_comes_twice(place: Ground, receiver: Receiver, before: list[Received]) -> None:
    """Nothing while it is held; after the release what is new, and nothing that a receiver had; that can be sent again on wish."""
    async with caller(place) as http:
        fresh = await post(http, "/v1/executions", call("of the new days") | {"mode": "background"}, 202)
        held = "SELECT FROM webhook_deliveries WHERE status = 'pending' AND object_id = $1"
        while len(await place.rows(held, fresh["id"])) < 2:
            await asyncio.sleep(0.1)
        assert receiver.requests == before, "sent before an operator said so"
        released = await run(place.installation, "webhooks", "release")
        assert released["held"] and released["kept"] > 0 and released["sent"] >= 2, released

        def told_of(execution_id: str) -> Any:
            return lambda requests: (
                {one.path for one in map(facts, requests[len(before) :]) if one.body == execution_id} == {"/hook", "/down"}
            )

        await receiver.wait_for(told_of(fresh["id"]), timeout_s=END_S)
        after = [facts(one) for one in receiver.requests[len(before) :]]
        assert not {(one.path, one.body) for one in after} & {(one.path, one.body) for one in map(facts, before)}
        assert await run(place.installation, "webhooks", "release") == {"held": False, "kept": 0, "sent": 0}
        (again,) = await place.rows("SELECT event_id, endpoint_id FROM webhook_deliveries WHERE reason = 'restored' LIMIT 1")
        deliveries = await get(http, "/v1/webhooks/deliveries?reason=restored&limit=1")
        assert deliveries["data"][0]["status"] == "cancelled", again
        await post(http, f"/v1/webhooks/deliveries/{deliveries['data'][0]['id']}/replay", {}, 202)
        await receiver.wait_for(lambda requests: len(requests) > len(before) + len(after), timeout_s=END_S)


class Facts:
    """Which receiver was told of which object."""

    def __init__(self, path: str, body: str) -> None:
        self.path, self.body = path, body


def facts(request: Received) -> Facts:
    data = json.loads(request.body)["data"]
    return Facts(request.path, str(data.get("execution_id") or data.get("erasure_id")))


def call(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "simulated/chat", "messages": [{"role": "user", "content": text}], **more}


def caller(place: Ground) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(place.url, headers={"authorization": f"Bearer {place.api_key}"})


async def post(http: aiohttp.ClientSession, path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
    """Asks again as long as it is told to wait: for a minute after a restore a limit counts as used up (PROMISES G-16)."""
    async with asyncio.timeout(END_S):
        while True:
            async with http.post(path, json=body) as response:
                answer: dict[str, Any] = await response.json()
                if response.status != 429 or "limit_per_minute" not in answer["error"]["details"]:
                    assert response.status == status, answer
                    return answer
                wait_s = int(response.headers["retry-after"])
            await asyncio.sleep(wait_s)


async def get(http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with http.get(path) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def run(installation: Installation, *words: str) -> dict[str, Any]:
    finished = await asyncio.to_thread(installation.run, *words, "--json")
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def keep_apart(home: Path, kept: Path) -> None:
    kept.mkdir()
    for name in KEPT:
        shutil.copy(home / name, kept / name)


def assert_holds_no_key(backup: Path, kept: Path) -> None:
    """Neither as text nor as bytes, nor what every password follows from."""
    stored = json.loads((kept / "secrets.json").read_text())
    secrets = [stored["kek"].encode(), base64.b64decode(stored["kek"]), stored["seed"].encode(), bytes.fromhex(stored["seed"])]
    for path in backup.iterdir():
        text = path.read_bytes()
        assert not any(one in text for one in secrets), path
        assert path.stat().st_mode & 0o077 == 0, path
