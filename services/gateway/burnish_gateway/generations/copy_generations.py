"""Fork a line at a generation, go back to one, and read a line from a file. What stands is never changed: copies are appended."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.generations import store
from burnish_gateway.generations.bodies import ForkBody, ImportBody, LineForm, Which
from burnish_gateway.generations.choose import line_of, no_such_line, whole
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_shared.contracts.generations import digest_of
from burnish_shared.db.generation_store import Line, Member, open_line, write_generation
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_slug


async def fork(tx: Tx, principal: Principal, line_id: UUID, body: ForkBody) -> Line:
    """A line of its own that begins with this generation; each candidate is cloned from the one it copies. Raises NotFound, Conflict."""
    source = await line_of(tx, principal.workspace_id, line_id)
    generation = await whole(tx, principal.workspace_id, source, body)
    made = Line(
        principal.workspace_id, new_uuid(), source["prompt_id"], source["slug"], source["base_version"], "fork", principal.actor,
        name=body.name or source["name"], source=(line_id, generation["number"]),
    )  # fmt: skip
    await open_line(tx, made, simulated=source["simulated"])
    await write_generation(tx, made, number=0, members=_members(generation))
    return made


async def restore(tx: Tx, principal: Principal, line_id: UUID, which: Which) -> int:
    """Appends a copy of this generation as the latest one; what came between stays in the history. Returns its number.

    Raises NotFound, Conflict while the line's job may still write.
    """
    line = await line_of(tx, principal.workspace_id, line_id, for_update=True)
    if await store.is_under_way(tx, principal.workspace_id, line_id):
        raise Conflict("The job that writes these generations is not over; cancel it first, or fork the line.", param="line_id")
    generation = await whole(tx, principal.workspace_id, line, which)
    number = int(line["latest_number"]) + 1
    await write_generation(
        tx, _line(line, principal), number=number, members=_members(generation, lives_on=True), restored_from=generation["number"]
    )
    return number


async def snapshot(tx: Tx, principal: Principal, line_id: UUID, which: Which, *, name: str, note: str) -> Record:
    """A name for one generation. Raises NotFound, Conflict for a name that is taken."""
    line = await store.hold_line(tx, principal.workspace_id, line_id)
    if line is None:
        raise no_such_line()
    number = (await whole(tx, principal.workspace_id, line, which))["number"]
    kept = await store.insert_snapshot(
        tx, principal.workspace_id, line_id, prompt_id=line["prompt_id"], name=name, number=number, note=note, by=principal.actor
    )
    if kept is None:
        raise Conflict(f"This line has a snapshot '{name}' already; remove it first, or choose another name.", param="name")
    return kept


async def import_line(tx: Tx, principal: Principal, body: ImportBody) -> Line:
    """A new line with the generations, candidates and snapshots of the file. Raises NotFound, InvalidField, naming the place."""
    file = body.file
    check_whole(file)
    slug = parse_slug(body.prompt or file.prompt, param="prompt" if body.prompt else "file.prompt")
    head = await prompts_store.find_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    base_version, _ = head.named(label=None, version=body.base_version or file.base_version)
    made = Line(
        principal.workspace_id, new_uuid(), head.prompt.prompt_id, slug, base_version, "import", principal.actor,
        name=body.name or file.name,
    )  # fmt: skip
    await open_line(tx, made, simulated=file.simulated)
    for number, members, restored_from in read_generations(file):
        await write_generation(tx, made, number=number, members=members, restored_from=restored_from)
    for one in file.snapshots:
        await store.insert_snapshot(
            tx,
            made.workspace_id,
            made.line_id,
            prompt_id=made.prompt_id,
            name=one.name,
            number=one.number,
            note=one.note,
            by=made.created_by,
        )
    return made


def check_whole(file: LineForm) -> None:
    """Raises InvalidField where the file does not hold together."""
    known = {one.id for one in file.candidates}
    for index, one in enumerate(file.candidates):
        if digest_of(one.text).hex() != one.id:
            raise InvalidField(f"file.candidates[{index}].id: is not the SHA-256 of its text.", param=f"file.candidates[{index}].id")
        for place, parent in enumerate(one.parents):
            _check_known(parent.candidate, known, f"file.candidates[{index}].parents[{place}].candidate")
    _check_lineage(file)
    numbers = [one.number for one in file.generations]
    if numbers != sorted(set(numbers)):
        raise InvalidField("file.generations: each number once, in order.", param="file.generations")
    for index, generation in enumerate(file.generations):
        for place, member in enumerate(generation.members):
            _check_known(member.candidate, known, f"file.generations[{index}].members[{place}].candidate")
    names: set[str] = set()
    for index, kept in enumerate(file.snapshots):
        if kept.name in names:
            raise InvalidField(
                f"file.snapshots[{index}].name: the file has a snapshot '{kept.name}' before it.", param=f"file.snapshots[{index}].name"
            )
        names.add(kept.name)
        if kept.number not in numbers:
            raise InvalidField(
                f"file.snapshots[{index}].number: the file has no generation {kept.number}.", param=f"file.snapshots[{index}].number"
            )


def _check_lineage(file: LineForm) -> None:
    """Nobody is their own ancestor, and a parent has a place in the line, unless that may be in a generation that the file left out."""
    place_of = {one.id: place for place, one in enumerate(file.candidates)}
    try:
        TopologicalSorter({one.id: [parent.candidate for parent in one.parents] for one in file.candidates}).prepare()
    except CycleError as error:
        param = f"file.candidates[{place_of[error.args[1][0]]}].parents"
        raise InvalidField(f"{param}: the candidate would be its own ancestor; take one of these parents out.", param=param) from None
    if file.generations_left_out:
        return
    members = {member.candidate for generation in file.generations for member in generation.members}
    for index, one in enumerate(file.candidates):
        for place, parent in enumerate(one.parents):
            if one.id in members and parent.candidate not in members:
                param = f"file.candidates[{index}].parents[{place}].candidate"
                raise InvalidField(f"{param}: {parent.candidate[:12]}… is in no generation of the file, so it would be lost.", param=param)


def read_generations(file: LineForm) -> list[tuple[int, list[Member], int | None]]:
    """Number, members, and what it is a copy of. A candidate names its parents where it comes first, later itself: it lives on."""
    text = {one.id: one.text for one in file.candidates}
    parents = {one.id: one.parents for one in file.candidates}
    seen: set[str] = set()
    read: list[tuple[int, list[Member], int | None]] = []
    for generation in file.generations:
        members: list[Member] = []
        for one in generation.members:
            own = text[one.candidate]
            given = () if one.candidate in seen else parents[one.candidate]
            from_ = (own,) if one.candidate in seen else tuple(text[parent.candidate] for parent in given)
            members.append(
                Member(own, one.made_by, from_, one.fitness, one.scores, one.evaluations, tuple(parent.kind for parent in given))
            )
        seen |= {one.candidate for one in generation.members}
        read.append((generation.number, members, generation.restored_from))
    return read


def _members(generation: dict[str, Any], *, lives_on: bool = False) -> Sequence[Member]:
    return [
        Member(
            one["text"], one["made_by"], (one["text"],) if lives_on else (), one["fitness"], one["scores"], one["evaluations"],
        )
        for one in generation["members"]
        if one["text"] is not None
    ]  # fmt: skip


def _line(row: Record, principal: Principal) -> Line:
    return Line(
        principal.workspace_id, row["line_id"], row["prompt_id"], row["slug"], row["base_version"], row["origin"], row["created_by"],
        job_id=row["line_id"] if row["origin"] == "job" else None,
    )  # fmt: skip


def _check_known(candidate: str, known: set[str], param: str) -> None:
    if candidate not in known:
        raise InvalidField(f"{param}: the file has no candidate {candidate[:12]}….", param=param)
