"""`burnish dlq`: messages that could not be handled, for whoever runs the installation."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from burnish.counted import counted
from burnish.launcher.home import find_home
from burnish.launcher.operated import Operated, find_operated
from burnish.launcher.users import operators_database
from burnish.options import HomeOption, JsonOption
from burnish.users import run
from burnish_shared.errors import NotFound

if TYPE_CHECKING:
    from burnish_shared.db.session import Tx

app = typer.Typer(help="Messages that could not be handled (dead letters).", no_args_is_help=True)

AT_ONCE: Final = 100
"""Letters replayed in one transaction; each may bring up to a megabyte."""

IdsArgument = Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Ids of dead letters, as `burnish dlq list` shows them.")]
ConsumerOption = Annotated[str | None, typer.Option("--consumer", help="Of this consumer, those that were not replayed yet.")]


@app.command("list")
def list_letters(
    consumer: Annotated[str | None, typer.Option("--consumer", help="Only those of this consumer.")] = None,
    with_replayed: Annotated[bool, typer.Option("--all", help="Also those that were replayed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the oldest first.")] = 200,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what waits among the dead letters, and why; never its content."""
    found = run(_list(find_operated(find_home(home)), consumer, with_replayed=with_replayed, limit=limit))
    if as_json:
        print(json.dumps(found, default=str))
        return
    for one in found:
        state = "replayed" if one["replayed_at"] else "lost" if one["payload_bytes"] is None else counted(one["payload_bytes"], "byte")
        print(f"{one['dead_letter_id']}  {one['at']:%Y-%m-%d %H:%M}  {one['consumer']:<24} {state:<12} {one['subject']}: {one['reason']}")


@app.command("replay")
def replay_letters(ids: IdsArgument = None, consumer: ConsumerOption = None, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Send messages to their consumers once more, after the cause is mended. Nothing is done twice: each keeps its event id.

    Exit code 1 where the message itself is lost, or nobody sends its subject any more, so that it can only be discarded.
    """
    _check_choice(ids, consumer)
    replayed, lost, unsendable = run(_replay(find_operated(find_home(home)), ids, consumer))
    if as_json:
        print(json.dumps({"replayed": replayed, "lost": [*map(str, lost)], "unsendable": [*map(str, unsendable)]}))
    print(f"{replayed} sent once more; `burnish doctor --audit` says whether they came to their end.", file=sys.stderr)
    if lost:
        print("The message itself is lost of these; `burnish dlq discard` removes them:", *lost, sep="\n  ", file=sys.stderr)
    if unsendable:
        print("Nobody sends the subject of these any more, so they can only be discarded:", *unsendable, sep="\n  ", file=sys.stderr)
    if lost or unsendable:
        raise typer.Exit(1)


@app.command("discard")
def discard_letters(ids: IdsArgument = None, consumer: ConsumerOption = None, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Give messages up for good: what they say is never handled, and the audit asks for them no more."""
    _check_choice(ids, consumer)
    discarded = run(_discard(find_operated(find_home(home)), ids, consumer))
    if as_json:
        print(json.dumps({"discarded": discarded}))
    print(f"{discarded} removed for good.", file=sys.stderr)


def _check_choice(ids: Sequence[UUID] | None, consumer: str | None) -> None:
    if bool(ids) == bool(consumer):
        raise typer.BadParameter("give ids, or --consumer; `burnish dlq list` shows both", param_hint="ID or --consumer")


async def _list(operated: Operated, consumer: str | None, *, with_replayed: bool, limit: int) -> list[dict[str, Any]]:
    from burnish_shared.bus import dead_letters_store as store

    async with operators_database(operated.database_url) as db, db.unit_of_work(read_only=True) as tx:
        if consumer:
            await _check_consumer(tx, consumer)
        return [dict(row) for row in await store.listed(tx, consumer=consumer, with_replayed=with_replayed, limit=limit)]


async def _replay(operated: Operated, ids: Sequence[UUID] | None, consumer: str | None) -> tuple[int, list[UUID], list[UUID]]:
    """How many were sent once more, of which the message is lost, and which have a subject that is sent no more. Raises NotFound."""
    from burnish_shared.bus import dead_letters, dead_letters_store

    replayed, lost, unsendable = 0, list[UUID](), list[UUID]()
    async with operators_database(operated.database_url) as db:
        async with db.unit_of_work() as tx:
            wanted = await _wanted(tx, ids, consumer)
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            async with db.unit_of_work() as tx:
                unsent = await dead_letters.unsendable(tx, part)
                replayed += await dead_letters.replay(tx, [one for one in part if one not in unsent])
                lost += await dead_letters_store.without_payload(tx, part)
                unsendable += [one for one in part if one in unsent]
    return replayed, lost, unsendable


async def _discard(operated: Operated, ids: Sequence[UUID] | None, consumer: str | None) -> int:
    from burnish_shared.bus import dead_letters_store

    async with operators_database(operated.database_url) as db, db.unit_of_work() as tx:
        return await dead_letters_store.discard(tx, await _wanted(tx, ids, consumer))


async def _check_consumer(tx: "Tx", consumer: str) -> None:
    """Raises NotFound for one that neither is there nor has left letters: else a typing error would look as if nothing waited."""
    from burnish_shared import streams
    from burnish_shared.bus import dead_letters_store

    known = {one.durable for one in streams.CONSUMERS}
    if consumer not in known and not await dead_letters_store.listed(tx, consumer=consumer, with_replayed=True, limit=1):
        raise NotFound(f"There is no consumer {consumer}; there are {', '.join(sorted(known))}.")


async def _wanted(tx: "Tx", ids: Sequence[UUID] | None, consumer: str | None) -> Sequence[UUID]:
    """Raises NotFound for an id that is none, and as `_check_consumer`."""
    from burnish_shared.bus import dead_letters_store

    if consumer:
        await _check_consumer(tx, consumer)
        return await dead_letters_store.waiting(tx, consumer)
    wanted = list(dict.fromkeys(ids or ()))
    if unknown := set(wanted) - await dead_letters_store.there(tx, wanted):
        raise NotFound(f"There is no dead letter {', '.join(map(str, unknown))}.")
    return wanted
