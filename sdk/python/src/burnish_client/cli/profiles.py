"""`burnish login`, `logout`, `whoami`: which Burnish this machine talks to."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from burnish_client.cli.access import (
    NOT_REACHED,
    REFUSED,
    WRONG_USE,
    JsonOption,
    ProfileOption,
    client_of,
    reaching,
    stop,
    stop_where_not_burnish,
)
from burnish_client.cli.places import NoPlace, find_place, profiles_path, read_profiles, write_profiles
from burnish_client.cli.shown import print_json, say

NameOption = Annotated[str, typer.Option("--profile", envvar="BURNISH_PROFILE", help="Name of the login; `default` is used by itself.")]


def login(
    url: Annotated[str, typer.Option(envvar="BURNISH_BASE_URL", help="Where Burnish listens.")] = "http://127.0.0.1:18000",
    profile: NameOption = "default",
) -> None:
    """Keep an API key for the commands here, in a file that only you can read.

    The key is asked for, or read from standard input where that is no terminal; never given as a word, which other users could see.
    """
    from burnish_client import ApiError, NotReached

    key = (typer.prompt("API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        stop("No key was given. `burnish keys create` makes one, or the page under Keys.", code=WRONG_USE)
    try:
        with client_of(url, key, max_retries=1, source="--url, and the key that was given") as burnish:
            listed = burnish.request("GET", "/v1/prompts", query={"limit": 1})
            if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
                stop(f"{url} did not answer as Burnish does. Is it its address? Nothing was kept.", code=NOT_REACHED)
            base = url.rstrip("/").removesuffix("/v1")
    except ApiError as error:
        stop_where_not_burnish(error, url, "--url")
        stop(f"{url} does not take this key: {error.message} Nothing was kept.", code=REFUSED)
    except NotReached as error:
        stop(f"{error} Nothing was kept.", code=NOT_REACHED)
    write_profiles(read_profiles() | {profile: {"url": base, "api_key": key}})
    print(f"Signed in to {base} as profile '{profile}', kept in {profiles_path()}.")


def logout(profile: NameOption = "default") -> None:
    """Forget a key that was kept. The key itself goes on working until it is revoked."""
    profiles = read_profiles()
    if profile not in profiles:
        stop(f"There is no profile '{profile}'.", code=WRONG_USE)
    del profiles[profile]
    write_profiles(profiles)
    print(f"Profile '{profile}' is forgotten. `burnish keys revoke` ends the key itself.")


def whoami(as_json: JsonOption = False, profile: ProfileOption = None) -> None:
    """Show which Burnish the commands talk to, and what the key may see."""
    with reaching(profile, max_retries=0) as burnish:
        workspaces = burnish.request("GET", "/v1/workspaces")["data"]
        rows = [] if as_json else [f"  {one['id']}  {one['name']}  ({one['role']})" for one in workspaces]
    try:
        place = find_place(profile)
    except NoPlace as lacking:
        stop(str(lacking), code=WRONG_USE)
    said: dict[str, Any] = {"url": place.url, "from": place.source, "key": f"{place.key[:16]}…", "workspaces": workspaces}
    if as_json:
        return print_json(said)
    say(f"{place.url}   by {place.source}, key {said['key']}")
    for row in rows:
        say(row)
    return None
