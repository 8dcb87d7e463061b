"""Which Burnish, and with which key: a profile, the environment, or what runs on this machine."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

USUAL_PORTS: Final = {"http": 80, "https": 443}


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

    BURNISH_BASE_URL alone takes the key that is kept of that address. One of which none is known is refused: a command must not go
    elsewhere than somebody said.
    """
    from burnish_client.wire import DEFAULT_URL

    profiles = read_profiles()
    if profile is not None:
        if profile not in profiles:
            raise NoPlace(f"There is no profile '{profile}'. Make it with `burnish login --profile {profile}`.")
        return _of_profile(profiles, profile)
    base = os.environ.get("BURNISH_BASE_URL", "").strip()
    if key := os.environ.get("BURNISH_API_KEY"):
        return Place(base or DEFAULT_URL, key, "BURNISH_API_KEY")
    running = _running()
    if base:
        return _place_of(base, profiles, running)
    if "default" in profiles:
        return _of_profile(profiles, "default")
    if running is None:
        raise NoPlace(
            "Which Burnish? Start one with `burnish up`, sign in with `burnish login`, or set BURNISH_API_KEY and BURNISH_BASE_URL."
        )
    return running


def _place_of(base: str, profiles: dict[str, dict[str, str]], running: Place | None) -> Place:
    """Whatever has this address: the profile `default`, else what runs here, else another profile, if one key is meant by all."""
    wanted = Place(base, "", "BURNISH_BASE_URL")
    there = [name for name in profiles if _bare(profiles[name]["url"]) == _bare(wanted.url)]
    if "default" in there:
        return _of_profile(profiles, "default")
    if running is not None and _bare(running.url) == _bare(wanted.url):
        return running
    if len({profiles[name]["api_key"] for name in there}) > 1:
        raise NoPlace(f"BURNISH_BASE_URL names {base}, of which several profiles have a key: say --profile with {' or '.join(there)}.")
    if not there:
        raise NoPlace(
            f"BURNISH_BASE_URL names {base}, and no key is known for it: set BURNISH_API_KEY, sign in with `burnish login`, or unset it."
        )
    return _of_profile(profiles, there[0])


def _of_profile(profiles: dict[str, dict[str, str]], name: str) -> Place:
    return Place(profiles[name]["url"], profiles[name]["api_key"], f"profile {name}")


def _running() -> Place | None:
    home = Path(os.environ.get("BURNISH_HOME") or Path.home() / ".burnish")
    said = _read_json(home / "connection.json")
    if isinstance(said, dict) and "api_key" in said:
        return Place(str(said["url"]), str(said["api_key"]), f"what runs in {home}")
    return None


def _bare(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path, so that two ways to write one address are equal. What cannot be read is its own text."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or USUAL_PORTS.get(parts.scheme)
    except ValueError:
        return "", url.strip(), None, ""
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    return parts.scheme, host, port, parts.path.rstrip("/").removesuffix("/v1").rstrip("/")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
