"""`burnish backup`, `burnish restore`, `burnish webhooks release`."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from burnish.counted import counted
from burnish.embedded.child import StartFailed
from burnish.ending import take_sigterm_as_ctrl_c, told_when_broken_off
from burnish.launcher.home import Home, find_home
from burnish.options import HomeOption, JsonOption, named

T = TypeVar("T")


def backup(
    to: Annotated[Path, typer.Argument(help="Folder that gets the backup, in a folder of its own.", metavar="FOLDER", parser=named)],
    keep: Annotated[int, typer.Option(min=0, help="Remove older backups there but the newest so many; 0 keeps all.")] = 0,
    only_erasures: Annotated[
        bool, typer.Option("--only-erasures", help="Write FOLDER/erasures.jsonl and nothing else: small, to be taken often.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Back up a running installation: the database, the streams and a manifest. Never the key-encryption key: keep that apart.

    Of the installation in the home or, with DATABASE_URL (a login that row-level security does not bind) and NATS_URL (the provisioner's)
    set, of the deployment they belong to.
    """
    from burnish.backup.manifest import TOMBSTONES, read_manifest
    from burnish.backup.take import Sources, forget_old, read_tombstones, take_backup, write_tombstones

    take_sigterm_as_ctrl_c()
    database_url, nats_url = _running(find_home(home))
    if only_erasures:
        tombstones = asyncio.run(_told(read_tombstones(nats_url)))
        with _writing(to):
            to.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_tombstones(tombstones, to / TOMBSTONES)
        _note(database_url, "erasures")
        told = counted(len(tombstones), "erasure is", "erasures are")
        print(json.dumps({"erasures": len(tombstones)}) if as_json else f"{told} in {to / TOMBSTONES}.")
        return
    with _writing(to):
        with told_when_broken_off(f"{to} holds the backups that it held before."):
            folder = asyncio.run(_told(take_backup(Sources(database_url, nats_url), to)))
        _note(database_url, "whole")
        removed = forget_old(to, keep=keep) if keep else []
    manifest = read_manifest(folder)
    if as_json:
        facts = {"folder": str(folder), "taken_at": manifest.taken_at, "kek_id": manifest.kek_id, "rows": manifest.counts}
        print(json.dumps(facts | {"removed": [one.name for one in removed]}))
        return
    print(f"{folder}\n{sum(one.bytes for one in manifest.files):,} bytes, {counted(manifest.counts['executions'], 'execution')}.")
    print(f"Its secrets open with the key {manifest.kek_id} alone, which is not in it: keep secrets.json elsewhere.", file=sys.stderr)
    for one in removed:
        print(f"Removed {one.name}.", file=sys.stderr)


def restore(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="What `burnish backup` printed.", metavar="BACKUP")],
    erasures: Annotated[
        list[Path] | None,
        typer.Option("--erasures", exists=True, help="A later erasures.jsonl or a later backup: what was erased since is erased again."),
    ] = None,
    database_only: Annotated[
        bool, typer.Option("--database-only", help="Leave NATS as it is; for a database that was lost alone.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Restore a backup into an empty home or, with DATABASE_URL and NATS_URL set, into an empty PostgreSQL and NATS.

    Nothing of Burnish may run there meanwhile. Webhooks and alert messages stay until `burnish webhooks release`.
    """
    from burnish.backup.home_restore import restore_home
    from burnish.backup.manifest import checked
    from burnish.backup.restore import Target, refuse_misfits, tombstones_of
    from burnish.backup.restore import restore as fill
    from burnish.launcher.passwords import environment_keyring, is_named_by_environment
    from burnish.launcher.streams import wanted_replicas

    take_sigterm_as_ctrl_c()
    manifest = checked(folder)
    tombstones = tombstones_of(folder, erasures or ())
    if url := os.environ.get("DATABASE_URL"):
        if not is_named_by_environment():
            raise StartFailed("Name the key-encryption key by BURNISH_KEK: a backup that cannot be opened is no use.")
        refuse_misfits(manifest, environment_keyring())
        nats_url = None if database_only else _needed("NATS_URL")
        target = Target(admin=url, migrator=url, nats_url=nats_url, replicas=wanted_replicas(os.environ))
        with told_when_broken_off("Empty the servers before you try again."):
            rows = asyncio.run(_told(fill(folder, manifest, target, tombstones=tombstones)))
    elif database_only:
        raise StartFailed("--database-only is for servers of your own (DATABASE_URL); a home gets both back.")
    else:
        with told_when_broken_off("The home is as empty as before."):
            rows = restore_home(find_home(home), folder, manifest, tombstones=tombstones)
    if as_json:
        print(json.dumps({"taken_at": manifest.taken_at, "rows": rows, "erasures": len(tombstones)}))
        return
    print(f"Restored as of {datetime.fromisoformat(manifest.taken_at):%Y-%m-%d %H:%M:%S} UTC: {counted(rows['executions'], 'execution')}.")
    print("Webhooks and alert messages are held. Start it, run `burnish doctor --audit`, then `burnish webhooks release`.", file=sys.stderr)


def release_webhooks(
    everything: Annotated[
        bool, typer.Option("--everything", help="Also what was waiting when the backup was taken; receivers may have it already.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """After a restore, let webhooks and alert messages go out again.

    What came with the backup stays unsent unless you say --everything; its deliveries are cancelled with the reason `restored` and can be
    replayed. In the installation that runs in the home or, with DATABASE_URL set, in the deployment it belongs to.
    """
    from burnish.backup.release import release
    from burnish.launcher.state import running_connection

    place = find_home(home)
    url = os.environ.get("DATABASE_URL") or (running_connection(place) or {}).get("database_url")
    if url is None:
        raise StartFailed(f"Nothing runs in {place.path}. Start it with `burnish up --detach`, or name another home with --home.")
    released = asyncio.run(release(url, everything=everything))
    if as_json:
        print(
            json.dumps({"held": released is not None, "kept": released.kept if released else 0, "sent": released.sent if released else 0})
        )
    elif released is None:
        print("Nothing is held.")
    else:
        print(f"Messages go out again: {released.sent} that waited go now, {released.kept} from before the restore stay unsent.")


def _note(database_url: str, kind: Literal["whole", "erasures"]) -> None:
    """The backup is there, whether or not the database can be told."""
    from burnish.backup.take import note_taken

    try:
        asyncio.run(_told(note_taken(database_url, kind)))
    except StartFailed as error:
        print(f"The backup is complete, but the alert on late ones does not know of it: {error}", file=sys.stderr)


def _running(home: Home) -> tuple[str, str]:
    """Addresses of PostgreSQL and NATS of what is to be backed up."""
    from burnish.launcher.state import running_connection

    if url := os.environ.get("DATABASE_URL"):
        return url, _needed("NATS_URL")
    connection = running_connection(home)
    if connection is None:
        raise StartFailed(f"Nothing runs in {home.path}. Start it with `burnish up --detach`, or name another home with --home.")
    return connection["database_url"], connection["nats_url"]


def _needed(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise StartFailed(f"{variable} is missing; with DATABASE_URL both servers have to be named.")
    return value


@contextmanager
def _writing(to: Path) -> Iterator[None]:
    """A folder that takes no file, and a disk that is full, in words for an operator."""
    try:
        yield
    except OSError as error:
        raise StartFailed(f"The backup cannot be written to {to}: {error.strerror or error}.") from error


async def _told(work: Coroutine[Any, Any, T]) -> T:
    """What the servers refused, in words for an operator."""
    import asyncpg

    from burnish_shared.bus.api import ApiError
    from burnish_shared.errors import Unavailable

    try:
        return await work
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError) as error:
        raise StartFailed(f"PostgreSQL broke it off: {error}") from error
    except Unavailable as error:
        raise StartFailed(error.message) from error
    except ApiError as error:
        raise StartFailed(f"NATS refused: {error}.") from error
