"""Which code an installation runs: what `up` compares with the code that lies there now."""

import contextlib
import hashlib
import importlib.util
import os
import sysconfig
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "burnish", "burnish_shared", "burnish_simulator", "burnish_gateway", "burnish_executor", "burnish_optimizer", "burnish_analytics",
    "burnish_webhooks",
)  # fmt: skip

LEFT_OUT: Final = frozenset({"__pycache__", "_ui"})
"""Folders. The web page is read from disk by every gateway as it is, so a new one is no reason to start anything again."""


def present_build() -> str:
    """A digest of all files of the product's packages and of the names and versions of what is installed beside them.

    Equal for equal code, wherever it lies and whenever it was written. Reads some megabytes: tens of milliseconds.
    """
    found = hashlib.blake2b(digest_size=16)
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            _add_folder(found, Path(root))
    for name in sorted(one.name for one in Path(sysconfig.get_path("purelib")).glob("*.dist-info")):
        found.update(name.encode())
    return found.hexdigest()


def _add_folder(found: "hashlib.blake2b", root: Path) -> None:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            path = Path(folder) / name
            with contextlib.suppress(OSError):  # nothing that could be run: an editor's lock that leads nowhere, or gone meanwhile
                digest = hashlib.blake2b(path.read_bytes()).digest()
                found.update(f"{root.name}/{path.relative_to(root)}\0".encode() + digest)
