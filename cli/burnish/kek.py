"""`burnish kek`: change the key-encryption key of a running installation."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from burnish.counted import counted
from burnish.launcher.files import write_json
from burnish.launcher.home import Home, find_home
from burnish.launcher.operated import Operated, find_operated
from burnish.launcher.passwords import is_named_by_environment, new_kek, stored_secrets
from burnish.launcher.state import present_state
from burnish.options import HomeOption, JsonOption

app = typer.Typer(help="The key-encryption key, under which all secrets lie.", no_args_is_help=True)


@app.command()
def new(home: HomeOption = None) -> None:
    """Make a new key for the installation in the home; the old one still opens until `burnish kek forget`.

    Start the installation again afterwards, then run `burnish kek rotate`.
    """
    place = find_home(home)
    _refuse_foreign_keys()
    _refuse_empty(place)
    stored = stored_secrets(place)
    if stored.get("kek_previous"):
        sys.exit("burnish: a rotation is under way already; end it with `burnish kek rotate` and `burnish kek forget`.")
    write_json(place.secrets, stored | {"kek": new_kek(), "kek_previous": [stored["kek"]]}, is_durable=True)
    print("The new key is made. Now `burnish down`, `burnish up --detach`, and `burnish kek rotate`.")


@app.command()
def rotate(
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Secrets re-wrapped in one transaction.")] = 200,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring every secret under the current key, while the services run. Can be stopped and begun again at any time.

    All services must know both keys by then: BURNISH_KEK the new one, BURNISH_KEK_PREVIOUS the old one. Exit code 0 only when the
    old key can be removed.
    """
    from burnish_shared.auth.installation import check_keyring
    from burnish_shared.auth.rotation import Rotation
    from burnish_shared.auth.rotation import rotate as rotate_all
    from burnish_shared.db.session import Database

    place = find_home(home)
    operated = find_operated(place)
    _refuse_unknown_key(place, operated)

    async def run() -> Rotation:
        database = await Database.open(operated.database_url, application_name="burnish-kek", max_size=1)
        try:
            await check_keyring(database, operated.keyring)
            return await rotate_all(database, operated.keyring, batch=batch, progress=_say_progress)
        finally:
            await database.close()

    done = asyncio.run(run())
    if as_json:
        print(json.dumps({"key_id": done.key_id, "rewrapped": done.rewrapped, "left": done.left, "complete": done.is_complete}))
    print(f"Re-wrapped {counted(sum(done.rewrapped.values()), 'secret')} under the key {done.key_id}.", file=sys.stderr)
    if done.is_complete:
        how = "run `burnish kek forget`" if operated.is_home else "take it out of BURNISH_KEK_PREVIOUS"
        print(f"Nothing lies under another key: the old key can be removed now ({how}).", file=sys.stderr)
        return
    _say_left(done.left)
    raise typer.Exit(1)


@app.command()
def forget(home: HomeOption = None) -> None:
    """Remove the old key from the home, once nothing lies under it."""
    place = find_home(home)
    _refuse_foreign_keys()
    _refuse_empty(place)
    if not stored_secrets(place).get("kek_previous"):
        print("There is no old key: nothing to remove.")
        return
    if left := asyncio.run(left_under_other_keys(find_operated(place))):
        _say_left(left)
        raise typer.Exit(1)
    stored = stored_secrets(place)
    write_json(place.secrets, {name: value for name, value in stored.items() if name != "kek_previous"}, is_durable=True)
    print("The old key is removed. Services that run keep it in memory until they are started again.")


async def left_under_other_keys(operated: Operated) -> dict[str, dict[str, int]]:
    """Column → id of another key than the current one → secrets under it. Raises StartRefused with keys of another database."""
    from burnish_shared.auth.installation import check_keyring
    from burnish_shared.auth.rotation import under_other_keys
    from burnish_shared.db.session import Database

    database = await Database.open(operated.database_url, application_name="burnish-kek", max_size=1)
    try:
        await check_keyring(database, operated.keyring)
        return await under_other_keys(database, operated.keyring)
    finally:
        await database.close()


def _refuse_foreign_keys() -> None:
    if is_named_by_environment():
        sys.exit("burnish: the environment names the key-encryption key, so it is kept there and not in the home; change it there.")


def _refuse_empty(home: Home) -> None:
    """A home that was mistyped has no key to change, and gets none."""
    if not home.secrets.exists() and not home.postgres.exists():
        sys.exit(f"burnish: there is no installation in {home.path}; name its home with --home or BURNISH_HOME.")


def _refuse_unknown_key(home: Home, operated: Operated) -> None:
    """The services of a home got their keys when they started: what they do not know must not be sealed with."""
    if operated.is_home and present_state(home).kek_id != operated.keyring.current_id.hex():
        sys.exit("burnish: the services were started before the new key was made; `burnish down` and `burnish up --detach` first.")


def _say_progress(column: str, number: int) -> None:
    print(f"{column:<42} {number}", file=sys.stderr)


def _say_left(left: dict[str, dict[str, int]]) -> None:
    print("Not everything lies under the current key; keep the others:", file=sys.stderr)
    for column, keys in left.items():
        for key_id, number in keys.items():
            print(f"  {column:<42} {number} under {key_id}", file=sys.stderr)
