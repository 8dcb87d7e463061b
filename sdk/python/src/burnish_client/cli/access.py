"""Which Burnish a command talks to, with which key, and what it says and how it ends when that does not work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from burnish_client.cli.places import NoPlace, find_place
from burnish_client.cli.shown import annotation, say

if TYPE_CHECKING:
    from burnish_client import ApiError, Burnish

NO: Final = 1
"""Exit code: it worked, and the answer is no (a gate that is not passed, a difference, a collision)."""

WRONG_USE: Final = 2
REFUSED: Final = 3
NOT_REACHED: Final = 4

OF_FORKS: Final = " Here both come from the secrets of the repository, which pull requests of forks and of Dependabot do not get."
"""Where a run on GitHub knows no Burnish."""

ProfileOption = Annotated[
    str | None, typer.Option("--profile", envvar="BURNISH_PROFILE", help="Which login to use; `burnish login` makes them.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, everything else on standard error.")]


@contextmanager
def reaching(profile: str | None, *, max_retries: int = 3, switches: Mapping[str, str] = MappingProxyType({})) -> Iterator[Burnish]:
    """A client for one command. What goes wrong inside ends the command, said in one or two lines on standard error.

    `switches`: words of the API's refusals that name fields of a body, each with what is written on the command line instead.
    """
    from burnish_client import ApiError, NotReached, StreamBroke, Unauthenticated

    try:
        place = find_place(profile)
    except NoPlace as lacking:
        stop(f"{lacking}{OF_FORKS if os.environ.get('GITHUB_ACTIONS') == 'true' else ''}", code=WRONG_USE)
    client = client_of(place.url, place.key, max_retries=max_retries, source=place.source)
    try:
        with client as burnish:
            yield burnish
    except ApiError as error:
        stop_where_not_burnish(error, place.url, place.source)
        where = f" [{error.param}]" if error.param else ""
        asked = f" It is from {place.source}, and {place.url} was asked." if isinstance(error, Unauthenticated) else ""
        said = error.message
        for field, switch in switches.items():
            said = said.replace(field, switch)
        stop(f"{said}{where} ({error.code}, request {error.request_id}){asked}", code=REFUSED)
    except NotReached as error:
        stop(f"{error} ({place.source})", code=NOT_REACHED)
    except StreamBroke as error:
        booked = f"It is booked as {error.execution_id}." if error.execution_id else f"Nothing says that {place.url} is Burnish."
        stop(f"{error} {booked}", code=NOT_REACHED)
    except (LookupError, TypeError, ValueError, AttributeError) as odd:
        lacks = f"{type(odd).__name__}: {odd}"
        stop(f"{place.url} did not answer as Burnish does ({lacks}). Is it its address? ({place.source})", code=NOT_REACHED)


def stop_where_not_burnish(error: ApiError, url: str, source: str) -> None:
    """Ends the command where a status came with nothing that Burnish says: from a proxy, or from another server."""
    if error.code == "unknown":
        stop(f"{url} answered {error.status} and not as Burnish does. Is it its address? ({source})", code=NOT_REACHED)


def client_of(url: str, key: str, *, max_retries: int, source: str) -> Burnish:
    """Ends the command where the address or the key can be none. `source`: where they were found, in words."""
    from burnish_client import Burnish
    from burnish_client.wire import is_key

    if not is_key(key):
        stop(f"The key ({source}) is none of Burnish's: it has signs that no key has. Copy it anew.", code=WRONG_USE)
    try:
        return Burnish(base_url=url, api_key=key, max_retries=max_retries, cache_folder=False)
    except ValueError:
        stop(f"'{url[:80]}' ({source}) is no address: write it with scheme and host, such as https://burnish.example.com.", code=WRONG_USE)


def stop(words: str, *, code: int) -> NoReturn:
    """Ends the command with `code`. In a run on GitHub the words are marked there, too: nobody opens a log to learn that a key lacks."""
    say(f"burnish: {words}", on_stderr=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        say(annotation(words, title="burnish"), on_stderr=True)
    raise typer.Exit(code)
