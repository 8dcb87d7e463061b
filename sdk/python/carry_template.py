"""Build hook: puts the template language of the server into the wheel, so that prompts are rendered the same without it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "burnish_shared"
FILES = ("template/*.py", "errors.py", "slug.py")


class CarryTemplate(BuildHookInterface):  # type: ignore[type-arg]
    """Copies to `burnish_client/_carried`, with imports of `burnish_shared` pointing there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An unpacked source distribution has the copy already, and no server beside it."""
        target = HERE / "src" / "burnish_client" / "_carried"
        if not SHARED.is_dir():
            return
        for pattern in FILES:
            for source in sorted(SHARED.glob(pattern)):
                copy = target / source.relative_to(SHARED)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(source.read_text().replace("burnish_shared", "burnish_client._carried"))
        (target / "__init__.py").write_text('"""Carried over from the server by carry_template.py; do not edit."""\n')
        build_data["artifacts"].append("src/burnish_client/_carried/**")
