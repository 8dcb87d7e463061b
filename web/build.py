#!/usr/bin/env python3
"""Builds the page into the gateway's package, where that has to be done and can be done. Standard library alone.

`python web/build.py` builds only what changed (a digest of the sources and the lock file stands in the build) and never fails: without
Node, or where npm fails, it says so in one line, and the gateway says the same at /app/. `--must` fails instead, and tries again what
failed before. The new build takes the place of the old one in one move, so that a running gateway never sees half a page.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

WEB = Path(__file__).resolve().parent
ROOT = WEB.parent
GATEWAY = ROOT / "services" / "gateway" / "burnish_gateway"
UI, BUILDING, BEFORE = GATEWAY / "_ui", GATEWAY / ".ui-building", GATEWAY / ".ui-before"
STAMP = ".stamp"
LOG, FAILED, LOCK = WEB / ".build.log", WEB / ".build.failed", WEB / ".build.lock"

NODE_LEAST = (20, 19)
"""What Vite asks for (`engines` of package.json)."""

SOURCES = ("src", "public", "scripts")
SOURCE_FILES = ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "build.py")
NO_SOURCE = re.compile(r"\.(test|spec)\.tsx?$")
PATIENCE_S = 600


class CannotBuild(Exception):
    """Says why, in a sentence without its beginning."""


def main() -> int:
    must = "--must" in sys.argv[1:]
    if not (WEB / "package.json").is_file():
        return 0  # A source without the page.
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = digest_of_sources()
        if is_built(key) or (not must and FAILED.is_file() and FAILED.read_text() == key):
            return 0
        try:
            began = time.monotonic()
            build(key)
        except CannotBuild as problem:
            FAILED.write_text(key)
            rest = "" if must else "; everything else goes on without it, `make page` tries again"
            print(f"The page was not built: {problem}{rest}.", file=sys.stderr)
            return int(must)
        FAILED.unlink(missing_ok=True)
        print(f"Built the page in {time.monotonic() - began:.0f} s.", file=sys.stderr)
    return 0


def is_built(key: str) -> bool:
    stamp = UI / STAMP
    return stamp.is_file() and stamp.read_text() == key and (UI / "index.html").is_file()


def digest_of_sources() -> str:
    """SHA-256 over the names and contents of what the build reads."""
    files = [path for folder in SOURCES for path in sorted((WEB / folder).rglob("*")) if path.is_file() and not NO_SOURCE.search(path.name)]
    files += [path for name in SOURCE_FILES if (path := WEB / name).is_file()]
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build(key: str) -> None:
    npm = check_node()
    LOG.write_text("")
    if not has_packages():
        print("Fetching what the page is built from (about 30 s the first time) …", file=sys.stderr)
        run([npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=60000"])
    print("Building the page …", file=sys.stderr)
    shutil.rmtree(BUILDING, ignore_errors=True)
    run([npm, "run", "build"])
    if not (BUILDING / "index.html").is_file():
        raise CannotBuild(f"npm run build left no index.html ({LOG.relative_to(ROOT)})")
    if not any(BUILDING.rglob("*.br")):
        raise CannotBuild("npm run build compressed nothing (web/scripts/compress.mjs)")
    (BUILDING / STAMP).write_text(key)
    shutil.rmtree(BEFORE, ignore_errors=True)
    if UI.exists():
        UI.rename(BEFORE)
    BUILDING.rename(UI)
    shutil.rmtree(BEFORE, ignore_errors=True)


def check_node() -> str:
    """The path of npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise CannotBuild(f"Node {'.'.join(map(str, NODE_LEAST))} or newer and npm are not here")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    found = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if found < NODE_LEAST:
        raise CannotBuild(f"it needs Node {'.'.join(map(str, NODE_LEAST))} or newer, and this is {said or 'none that runs'}")
    return npm


def has_packages() -> bool:
    """Whether node_modules holds what the lock file names; what belongs to other machines may be missing."""
    try:
        wanted = json.loads((WEB / "package-lock.json").read_text())["packages"]
        there = json.loads((WEB / "node_modules" / ".package-lock.json").read_text())["packages"]
    except (OSError, ValueError, KeyError):
        return False
    return all(
        there[name].get("version") == one.get("version") if name in there else one.get("optional", False) or one.get("peer", False)
        for name, one in wanted.items()
        if name
    )


def run(command: list[str]) -> None:
    """Raises CannotBuild with the end of what it said; all of it is in the log."""
    environment = {**os.environ, "BURNISH_UI_OUT": str(BUILDING), "NO_COLOR": "1", "CI": "1"}
    with LOG.open("a") as log:
        try:
            subprocess.run(command, cwd=WEB, env=environment, stdout=log, stderr=log, check=True, timeout=PATIENCE_S)  # noqa: S603
        except (subprocess.SubprocessError, OSError):
            said = [line for line in LOG.read_text().splitlines() if line.strip()]
            name = " ".join(command[1:3])
            print("\n".join(said[-12:]), file=sys.stderr)
            raise CannotBuild(f"npm {name} failed ({LOG.relative_to(ROOT)})") from None


if __name__ == "__main__":
    sys.exit(main())
