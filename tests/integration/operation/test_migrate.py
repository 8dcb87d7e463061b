"""`burnish migrate` says where the schema is, not where it was asked to go."""

import asyncio
from pathlib import Path

import pytest

from burnish.launcher.database import newest_revision
from burnish.launcher.home import Home
from burnish.migration import migrate_everything
from tests.embedded.databases import DatabaseUrls

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]


@pytest.mark.parametrize(
    ("target", "is_down", "code", "said"),
    [
        ("head", False, 0, f"The schema is at {newest_revision()}."),
        ("0050", False, 1, f"The schema is at {newest_revision()}.\nThat is beyond 0050: to go back, say --down."),
        ("head", True, 1, "Say where to go back to"),
    ],
)
async def test_it_says_where_the_schema_is(
    database_urls: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, is_down: bool, code: int, said: str
) -> None:
    environment = {"DATABASE_URL": database_urls["owner"]}
    assert await asyncio.to_thread(migrate_everything, Home(tmp_path), target=target, is_down=is_down, environment=environment) == code
    assert said in capsys.readouterr().err
