"""Build hook: puts the template language of the server into the wheel, so that prompts are rendered the same without it."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "burnish_shared"
FILES = ("template/*.py", "errors.py", "slug.py")


class CarryTemplate(BuildHookInterface):  # type: ignore[type-arg]
    """Carries it as `burnish_client/_carried`, with imports of `burnish_shared` pointing there.

    The copy is made outside of the sources and goes with the build: beside them it would be read as code of ours. An installation that
    points at the sources finds it there alone, so there it stays.
    """

    made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An unpacked source distribution has the copy already, and no server beside it."""
        if not SHARED.is_dir():
            return
        sources = Path("src/burnish_client/_carried")
        if version == "editable":
            _carry(HERE / sources)
            return
        self.made = Path(tempfile.mkdtemp(prefix="burnish-carried-"))
        _carry(self.made)
        inside = sources if self.target_name == "sdist" else sources.relative_to("src")
        build_data["force_include"][str(self.made)] = inside.as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.made is not None:
            shutil.rmtree(self.made, ignore_errors=True)


def _carry(target: Path) -> None:
    for pattern in FILES:
        for source in sorted(SHARED.glob(pattern)):
            copy = target / source.relative_to(SHARED)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(source.read_text().replace("burnish_shared", "burnish_client._carried"))
    (target / "__init__.py").write_text('"""Carried over from the server by carry_template.py; do not edit."""\n')
