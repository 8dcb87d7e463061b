"""What the build of `web/` left in `_ui`, held in memory by name: nothing is looked up on disk by what a request says."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

UI: Final = Path(__file__).parent.parent / "_ui"
INDEX: Final = "index.html"
NONCE_PLACEHOLDER: Final = b"__CSP_NONCE__"

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Of this table and not of the machine's, which may know none or others. A file of another ending is not served."""

ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Content codings that the build wrote beside a file, the smaller first."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """`codings`: the same content, compressed when the page was built. `is_hashed`: its name changes with its content."""

    content: bytes
    codings: dict[str, bytes]
    media_type: str
    etag: str
    is_hashed: bool


@dataclass(slots=True)
class BuiltPage:
    """The files below `folder`. Read anew when the page was built again; files of the build before stay, for tabs that are still open."""

    folder: Path = UI
    _files: dict[str, BuiltFile] = field(default_factory=dict)
    _before: dict[str, BuiltFile] = field(default_factory=dict)
    _index: bytes | None = None
    _read_at_ns: int = 0

    def index(self) -> bytes | None:
        """The document, with NONCE_PLACEHOLDER in it; None: the page is not built."""
        try:
            changed_at_ns = (self.folder / INDEX).stat().st_mtime_ns
        except OSError:
            return self._index  # Between two builds, or never built.
        if changed_at_ns != self._read_at_ns:
            self._read(changed_at_ns)
        return self._index

    def file(self, name: str) -> BuiltFile | None:
        """By its name below the folder; None for one that the build did not make."""
        if self._index is None:
            self.index()
        return self._files.get(name) or self._before.get(name)

    def _read(self, changed_at_ns: int) -> None:
        found = {path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*")) if path.is_file()}
        index = found.pop(INDEX).read_bytes()
        files = {name: _built_file(name, path) for name, path in found.items() if _is_served(name, path)}
        self._before = {name: one for name, one in self._files.items() if one.is_hashed and name not in files}
        self._files, self._index, self._read_at_ns = files, index, changed_at_ns


def _is_served(name: str, path: Path) -> bool:
    return path.suffix in MEDIA_TYPES and not any(part.startswith(".") for part in name.split("/"))


def _built_file(name: str, path: Path) -> BuiltFile:
    content = path.read_bytes()
    siblings = {coding: path.with_name(path.name + suffix) for coding, suffix in ENCODINGS.items()}
    return BuiltFile(
        content=content,
        codings={coding: sibling.read_bytes() for coding, sibling in siblings.items() if sibling.is_file()},
        media_type=MEDIA_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        is_hashed=name.startswith("assets/"),
    )
