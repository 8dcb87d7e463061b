"""Which Burnish, and with which key: a profile, the environment, or what runs on this machine."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class NoPlace(Exception):
    """Nobody said which Burnish, or with which key; or what was said is no address."""


@dataclass(frozen=True)
class Place:
    """`source`: where this was found, in words. Raises NoPlace for an address without `http://` or `https://`."""

    url: str
    key: str
    source: str

    def __post_init__(self) -> None:
        if not self.url.lower().startswith(("http://", "https://")):
            raise NoPlace(f"'{self.url}' ({self.source}) is no address: write it with its scheme, such as https://{self.url or 'host'}.")


def profiles_path() -> Path:
    """Readable by its owner alone, because it holds keys."""
    base = os.environ.get("BURNISH_CONFIG_DIR") or os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "burnish" / "profiles.json"


def read_profiles() -> dict[str, dict[str, str]]:
    """By name; empty where there are none."""
    said = _read_json(profiles_path())
    return said if isinstance(said, dict) else {}


def write_profiles(profiles: dict[str, dict[str, str]]) -> None:
    """In place of all, at once; never readable by others, not for an instant."""
    path = profiles_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(profiles, file, indent=2)
    os.replace(beside, path)


def find_place(profile: str | None) -> Place:
    """The named profile, else the environment, else the profile `default`, else what runs on this machine. Raises NoPlace.

    An address for which no key is known is refused: a command must not go elsewhere than somebody said.
    """
    from burnish_client.wire import DEFAULT_URL

    profiles = read_profiles()
    if profile is not None:
        if profile not in profiles:
            raise NoPlace(f"There is no profile '{profile}'. Make it with `burnish login --profile {profile}`.")
        return Place(profiles[profile]["url"], profiles[profile]["api_key"], f"profile {profile}")
    if key := os.environ.get("BURNISH_API_KEY"):
        return Place(os.environ.get("BURNISH_BASE_URL") or DEFAULT_URL, key, "BURNISH_API_KEY")
    found = _kept_here(profiles)
    base = os.environ.get("BURNISH_BASE_URL")
    if base and (found is None or _bare(found.url) != _bare(base)):
        raise NoPlace(
            f"BURNISH_BASE_URL names {base}, and no key is known for it: set BURNISH_API_KEY, sign in with `burnish login`, or unset it."
        )
    if found is None:
        raise NoPlace(
            "Which Burnish? Start one with `burnish up`, sign in with `burnish login`, or set BURNISH_API_KEY and BURNISH_BASE_URL."
        )
    return found


def _kept_here(profiles: dict[str, dict[str, str]]) -> Place | None:
    if "default" in profiles:
        return Place(profiles["default"]["url"], profiles["default"]["api_key"], "profile default")
    home = Path(os.environ.get("BURNISH_HOME") or Path.home() / ".burnish")
    running = _read_json(home / "connection.json")
    if isinstance(running, dict) and "api_key" in running:
        return Place(str(running["url"]), str(running["api_key"]), f"what runs in {home}")
    return None


def _bare(url: str) -> str:
    return url.rstrip("/").removesuffix("/v1").lower()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
