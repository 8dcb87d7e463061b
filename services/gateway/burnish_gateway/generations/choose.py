"""Which generation of which line is meant."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.generations import store
from burnish_gateway.generations.bodies import StartAt, Which
from burnish_gateway.uses import told
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound


def no_such_line(param: str = "line_id") -> NotFound:
    return NotFound("There is no such line of generations in this workspace.", param=param)


def no_such_generation(number: int, *, param: str = "number") -> NotFound:
    return NotFound(f"This line has no generation {number}.", param=param)


async def line_of(tx: Tx, workspace_id: UUID, line_id: UUID, *, for_update: bool = False) -> Record:
    """Raises NotFound."""
    line = await store.find_line(tx, workspace_id, line_id, for_update=for_update)
    if line is None:
        raise no_such_line()
    return line


async def number_of(tx: Tx, workspace_id: UUID, line: Record, which: Which, *, within: str = "") -> int:
    """`within`: where `which` stands in the body, for `param`.

    Raises NotFound for a snapshot that is not there, Conflict for a line that has nothing yet.
    """
    if which.snapshot is not None:
        kept = await store.find_snapshot(tx, workspace_id, line["line_id"], which.snapshot)
        if kept is None:
            raise no_such_snapshot(f"{within}snapshot")
        return kept
    number = which.number if which.number is not None else line["best_number"] if which.best else line["latest_number"]
    if number is None:
        raise Conflict("This line has no generation yet.", param=f"{within}line_id")
    return int(number)


async def whole(tx: Tx, workspace_id: UUID, line: Record, which: Which, *, within: str = "") -> dict[str, Any]:
    """The generation with its candidates. Raises NotFound, Conflict."""
    number = await number_of(tx, workspace_id, line, which, within=within)
    found = await store.read_generations(tx, workspace_id, line["line_id"], [number])
    if not found:
        raise no_such_generation(number, param=f"{within}number")
    return found[0]


async def start_of(tx: Tx, workspace_id: UUID, start: StartAt | None, *, prompt_id: UUID) -> tuple[UUID, int] | None:
    """Line and number where a job begins. Raises NotFound, Conflict, InvalidField for a line of another prompt."""
    if start is None:
        return None
    line = await store.hold_line(tx, workspace_id, start.line_id)
    if line is None:
        raise no_such_line("start.line_id")
    if line["prompt_id"] != prompt_id:
        raise InvalidField(
            f"start.line_id: these generations are of the prompt '{line['slug']}'; import them for this one first.", param="start.line_id"
        )
    return start.line_id, (await whole(tx, workspace_id, line, start, within="start."))["number"]


async def check_unscheduled(tx: Tx, workspace_id: UUID, line_id: UUID, *, snapshot: str | None = None) -> None:
    """Raises Conflict while a schedule begins there: each of its runs would be left out from then on."""
    use = await store.schedules_there(tx, workspace_id, line_id, snapshot=snapshot)
    if use is not None:
        verb = "begins" if use.count == 1 else "begin"
        raise Conflict(f"{use.words()} {verb} there; have it begin elsewhere first, or remove it.", param="line_id", details=told([use]))


def no_such_snapshot(param: str = "snapshot") -> NotFound:
    return NotFound("This line has no snapshot of this name.", param=param)
