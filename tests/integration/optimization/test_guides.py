"""The shell blocks of the guides of lineages, schedules, migrations and suggestions run as they are written."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_generations import cancelled_line, served
from tests.integration.optimization.test_model_migrations import measured

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1", "O7", "O8", "D4")]

GUIDES = Path(__file__).parents[3] / "docs/guides"

STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body -s "$@" || { echo "FAILED: $*" >&2; return 1; }; echo; }\n'
"""A line that is refused ends the script."""

MIGRATION = (
    """MIGRATION=$(curl "$URL/v1/model-migrations" -H "Authorization: Bearer $KEY" | grep -o '"id":"[^"]*' | head -1 | cut -c7-)\n"""
)
SCHEDULE = (
    """SCHEDULE=$(curl "$URL/v1/optimization-schedules" -H "Authorization: Bearer $KEY" | grep -o '"id":"[^"]*' | head -1 | cut -c7-)\n"""
)


def lines_of(guide: str, *, after: str = "") -> str:
    """Ids that a reader would copy from an answer are read from the list just before the line that needs them."""
    text = (GUIDES / guide).read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text[text.index(after) :], re.DOTALL | re.MULTILINE)
    script = "\n".join(blocks)
    for name, reads in (("SCHEDULE", SCHEDULE), ("MIGRATION", MIGRATION)):
        at = script.find(f"${name}")
        if at >= 0:
            start = script.rfind("\ncurl", 0, at) + 1
            script = script[:start] + reads + script[start:]
    return script


async def typed(desk: Desk, script: str, folder: Path, **given: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", STRICT + script, stdout=-1, stderr=-1, cwd=folder,
        env={"URL": desk.caller.url, "KEY": desk.caller.key, "PATH": "/usr/bin:/bin", **given},
    )  # fmt: skip
    said, wrong = await process.communicate()
    assert process.returncode == 0, (wrong.decode()[-600:], said.decode()[-900:])


async def test_what_the_guide_of_lineages_says_to_type_works(stack: Stack, desk: Desk, tmp_path: Path) -> None:
    path = await cancelled_line(stack, desk)
    candidate = (await served(desk, "GET", f"{path}/history/0"))["members"][0]["candidate_id"]
    await typed(desk, lines_of("lineage.md"), tmp_path, LINE=path.rpartition("/")[2], CANDIDATE=candidate)
    assert (tmp_path / "line.json").read_text().startswith('{"format":"burnish.generations"')


async def test_what_the_guide_of_optimizations_says_of_schedules_migrations_and_words_works(
    stack: Stack, desk: Desk, tmp_path: Path
) -> None:
    await measured(stack, desk, "tickets")
    run = (await served(desk, "GET", "/v1/test-runs?status=completed"))["data"][0]["id"]
    await typed(desk, lines_of("optimization.md", after="## By the clock"), tmp_path, DATASET=desk.dataset_id, RUN=run)
