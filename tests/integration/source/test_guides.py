"""Every shell block of the three guides runs as it is written, in order."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.embedded.stack import Caller

pytestmark = pytest.mark.capability("S1", "E17", "K2")

GUIDES = Path(__file__).parents[3] / "docs/guides"

STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body -s "$@" || { echo "FAILED: $*" >&2; return 1; }; echo; }\n'
"""A line that is refused ends the script."""


@pytest.mark.parametrize("guide", ["clarifying-sessions.md", "content-jobs.md", "source-systems.md"])
async def test_what_the_guide_says_to_type_works(caller: Caller, tmp_path: Path, guide: str) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (GUIDES / guide).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", STRICT + "\n".join(blocks), stdout=-1, stderr=-1, cwd=tmp_path,
        env={"URL": caller.url, "KEY": caller.key, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    said, wrong = await process.communicate()
    assert process.returncode == 0, (wrong.decode()[-600:], said.decode()[-900:])
