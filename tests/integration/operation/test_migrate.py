"""`burnish migrate` says where the schema is, not where it was asked to go."""

import asyncio
from pathlib import Path

import pytest

from burnish.embedded.child import StartFailed
from burnish.launcher import streams
from burnish.launcher.home import Home
from burnish.migration import migrate_everything
from burnish_shared.db.known_schema import newest_revision
from tests.embedded.databases import DatabaseUrls
from tests.embedded.ports import own_port

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]


@pytest.mark.parametrize(
    ("target", "is_down", "code", "said"),
    [
        ("head", False, 0, f"The schema is at {newest_revision()}."),
        ("0050", False, 1, f"The schema is at {newest_revision()}.\nThat is beyond 0050: to go back, say --down."),
        ("head", True, 1, "Say where to go back to"),
        ("9999", False, 1, "migration failed:\nCan't locate revision identified by '9999'\n"),
    ],
)
async def test_it_says_where_the_schema_is(
    database_urls: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, is_down: bool, code: int, said: str
) -> None:
    environment = {"DATABASE_URL": database_urls["owner"]}
    assert await asyncio.to_thread(migrate_everything, Home(tmp_path), target=target, is_down=is_down, environment=environment) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["abc", "0", "6", "-1", "1.5", "٣"])
async def test_copies_that_are_none_are_refused_before_anything_is_changed(tmp_path: Path, wrong: str) -> None:
    environment = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "BURNISH_STREAM_REPLICAS": wrong}
    with pytest.raises(StartFailed, match="BURNISH_STREAM_REPLICAS"):
        await asyncio.to_thread(migrate_everything, Home(tmp_path), target="head", is_down=False, environment=environment)


async def test_it_does_not_wait_for_ever_for_nats(
    database_urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams, "CONNECT_PATIENCE_S", 0.3)
    environment = {"DATABASE_URL": database_urls["owner"], "NATS_URL": f"nats://a:b@127.0.0.1:{own_port()}"}
    with pytest.raises(StartFailed, match="NATS did not let us in"):
        await asyncio.to_thread(migrate_everything, Home(tmp_path), target="head", is_down=False, environment=environment)
    assert "The schema is at" in capsys.readouterr().err


async def test_an_address_that_no_nats_has_is_refused_at_once(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_urls["owner"], "NATS_URL": "http://a:hidden@127.0.0.1:4222"}
    with pytest.raises(StartFailed, match="NATS_URL must begin with nats://") as refused:
        await asyncio.to_thread(migrate_everything, Home(tmp_path), target="head", is_down=False, environment=environment)
    assert "hidden" not in str(refused.value)
