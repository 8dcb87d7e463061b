"""What the built page weighs, chunk by chunk, from Vite's manifest. kB are 1,000 bytes; gz is gzip at level 9."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTRY_KB = 120.0
EDITOR_PAGE_KB = 130.0
PAGE_KB = 80.0
SHELL_KB = 64.0
"""Every page brings it: what it grows by, each first visit does."""

CSS_KB = 12.0
FIRST_LOAD_KB = 260.0
ALL_KB = 3_000.0

SHELL = "kit"
"""Name of the chunk that holds navigation and the kit's common parts, which every page has (docs/decisions)."""

OVER = "float"
"""Name of the chunk of dialogs and lists, which comes with the first act on a page (docs/decisions/0032)."""

EDITOR_CHUNK = ("codemirror", "codeeditor", "code-editor", "editor", "diff")
"""A page that pulls in a chunk of one of these names has the editor in it, and its larger budget."""


@dataclass(frozen=True, slots=True)
class Size:
    """One figure beside what it may be at most. `parts`: the files that count."""

    what: str
    kb: float
    most_kb: float
    parts: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        return self.kb <= self.most_kb


def sizes(ui: Path) -> list[Size]:
    """The entry first, then each page, then what all share. Raises FileNotFoundError where the page is not built."""
    manifest: dict[str, Any] = json.loads((ui / ".vite" / "manifest.json").read_text())
    entry = next(name for name, one in manifest.items() if one.get("isEntry"))
    first = closure(manifest, entry)
    shell = {file for name, one in manifest.items() if one.get("name") == SHELL for file in closure(manifest, name)} - first
    found = [Size("entry JS", _gz_kb(ui, first), ENTRY_KB, tuple(sorted(first)))]
    if shell:
        found.append(Size("shell and kit", _gz_kb(ui, shell), SHELL_KB, tuple(sorted(shell))))
    over = {file for name, one in manifest.items() if one.get("name") == OVER for file in closure(manifest, name)} - first - shell
    if over:
        found.append(Size("what lies over the page, loaded later", _gz_kb(ui, over), PAGE_KB, tuple(sorted(over))))
    for name, one in sorted(manifest.items()):
        if one.get("isDynamicEntry"):
            own = closure(manifest, name) - first - shell
            has_editor = any(word in file.lower() for file in own for word in EDITOR_CHUNK)
            found.append(Size(f"chunk {name}", _gz_kb(ui, own), EDITOR_PAGE_KB if has_editor else PAGE_KB, tuple(sorted(own))))
    css = {path.relative_to(ui).as_posix() for path in ui.rglob("*.css")}
    found.append(Size("CSS, all of it", _gz_kb(ui, css), CSS_KB))
    everything = [path for path in ui.rglob("*") if path.is_file() and path.suffix not in {".br", ".gz"}]
    found.append(Size("build on disk, uncompressed", sum(path.stat().st_size for path in everything) / 1_000, ALL_KB))
    return found


def closure(manifest: dict[str, Any], name: str) -> set[str]:
    """The files that loading `name` loads at once: itself and what it imports statically."""
    return set(_files(manifest, name, seen=set()))


def _files(manifest: dict[str, Any], name: str, *, seen: set[str]) -> Iterator[str]:
    if name in seen:
        return
    seen.add(name)
    yield manifest[name]["file"]
    for imported in manifest[name].get("imports", ()):
        yield from _files(manifest, imported, seen=seen)


def _gz_kb(ui: Path, names: set[str]) -> float:
    return sum(len(gzip.compress((ui / name).read_bytes(), 9)) for name in names) / 1_000
