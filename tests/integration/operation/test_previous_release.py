"""The release before goes on working while the migrations of this one are applied, and gives way replica by replica (P-05, M-12).

No release was cut yet: the one before is what the main branch was two days before its newest commit, taken from the history of this clone.
"""

import asyncio
import random
import subprocess
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from tests.chaos.ground import ENVIRONMENT
from tests.chaos.load import Load, Told
from tests.chaos.test_kill_each import assert_right, subscribe
from tests.deploy.composed import ONCE, PACKAGES, ROOT, SERVICES, Deployment, running_deployment
from tests.fakes.receiver import receiving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1"), pytest.mark.chaos, pytest.mark.chaos_more]

AGE_S = 2 * 86_400
SQL = "shared/burnish_shared/db/sql"
RATE = 6.0
CALLS = 40
"""At each stage: all of the release before, on the new schema, and all of this release."""


def previous_release(folder: Path) -> Path:
    """Its packages, in a folder. Skips where the history does not reach so far, as in a shallow clone."""
    newest = _git("log", "-1", "--format=%ct").decode().strip()
    before = _git("rev-list", "-1", f"--before={int(newest) - AGE_S}", "HEAD").decode().strip() if newest else ""
    if not before:
        pytest.skip("the history of this clone holds no commit of two days before")
    with tarfile.open(fileobj=BytesIO(_git("archive", before, *PACKAGES))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def newest_revision(code: Path) -> str:
    """Of the schema that this checkout brings."""
    return max(path.name[:4] for path in (code / SQL).glob("[0-9]*.sql"))


def _git(*words: str) -> bytes:
    run = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=False)
    return run.stdout if run.returncode == 0 else b""


@pytest.mark.promise("P-05", "M-12", "P-09")
@pytest.mark.timeout(400)
async def test_the_release_before_works_on_the_new_schema_and_beside_this_one(tmp_path: Path) -> None:
    before = previous_release(tmp_path / "before")
    besides = ENVIRONMENT | {"BURNISH_EGRESS_ALLOW": "127.0.0.0/8"}
    (folder := tmp_path / "deployment").mkdir()
    revision = newest_revision(before)
    async with running_deployment(folder, replicas=2, code=before, revision=revision, besides=besides) as place, receiving() as receiver:
        await place.make_workspace()
        await subscribe(place, receiver)
        load = AcrossReleases(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(5), rate=RATE)
        running = asyncio.create_task(load.run())
        await answered(load)
        place.code = None
        await place.run("migrate", part="migrate")
        await answered(load)
        await place.restart("provisioner")
        assert all(count == 0 or kind.endswith((" ok", " accepted")) for kind, count in load.told.items()), load.told
        for one in replaced(place):
            await place.restart(one)
        await answered(load)
        load.stop.set()
        await asyncio.wait_for(running, 60)
        await assert_right(place, load, receiver)


class AcrossReleases(Load):
    """What it was told, without its bytes: this release writes the same answer down with fields that the one before did not have."""

    def note(self, kind: str, told: Told, key: str | None = None, *, route: str = "executions") -> None:
        Load.note(self, kind, replace(told, digest=None), key, route=route)


def replaced(place: Deployment) -> list[str]:
    """Every replica; the second of a kind last, so that both releases work side by side for a while."""
    return sorted((one for one in place.ports if one.partition("-")[0] in SERVICES and one not in ONCE), key=lambda one: ("-" in one, one))


async def answered(load: Load) -> None:
    """So many more calls came to something, among them reactions."""
    wanted, reacted = load.calls + CALLS, len(load.reacted)
    async with asyncio.timeout(60):
        while load.calls < wanted or len(load.reacted) == reacted:
            await asyncio.sleep(0.1)
