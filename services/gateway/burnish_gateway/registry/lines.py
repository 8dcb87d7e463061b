"""The lines of a prompt's history: the main one, which `latest` follows, and branches, each with the version where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from asyncpg import Record

from burnish_gateway.registry import store
from burnish_gateway.registry.ancestry import Parents, nearest_common_ancestor
from burnish_gateway.registry.prompt import Prompt, Version, no_such_prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.slug import LATEST, Label, parse_label

MAIN: Final = Label("main")
MAX_BRANCHES: Final = 200

_COLUMNS = "branch, version, from_version, created_by, created_at, moved_at"


@dataclass(frozen=True, slots=True)
class Branch:
    """`version`: where it stands; `from_version`: where it left."""

    branch: Label
    version: int
    from_version: int
    created_by: str
    created_at: datetime
    moved_at: datetime


def parse_branch(text: str, *, param: str = "branch") -> Label | None:
    """The branch that is meant; None for `main`. Raises InvalidField."""
    name = parse_label(text, param=param)
    if name == LATEST:
        raise InvalidField("A branch cannot be called 'latest', which names where the main line stands; choose another name.", param=param)
    return None if name == MAIN else name


async def list_branches(tx: Tx, prompt: Prompt) -> list[Branch]:
    """Those that moved last first; at most MAX_BRANCHES."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM prompt_branches WHERE workspace_id = $1 AND prompt_id = $2 ORDER BY moved_at DESC, branch LIMIT $3""",
        prompt.workspace_id,
        prompt.prompt_id,
        MAX_BRANCHES,
    )
    return [_branch(row) for row in rows]


async def start_branch(tx: Tx, prompt: Prompt, branch: Label, *, version: int, by: str) -> Branch:
    """A branch that leaves at `version`. Raises Conflict where there is one of this name, or too many. The prompt is held."""
    count = await tx.fetchval(
        "SELECT count(*) FROM prompt_branches WHERE workspace_id = $1 AND prompt_id = $2", prompt.workspace_id, prompt.prompt_id
    )
    if count >= MAX_BRANCHES:
        raise Conflict(f"The prompt '{prompt.slug}' has {MAX_BRANCHES} branches, which is the most; remove one first.", param="branch")
    row = await tx.fetchrow(
        f"""INSERT INTO prompt_branches (workspace_id, prompt_id, branch, version, from_version, created_by)
            VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING RETURNING {_COLUMNS}""",
        prompt.workspace_id,
        prompt.prompt_id,
        branch,
        version,
        by,
    )
    if row is None:
        raise Conflict(f"The prompt '{prompt.slug}' has a branch '{branch}' already; save on it, or choose another name.", param="branch")
    return _branch(row)


async def remove_branch(tx: Tx, prompt: Prompt, branch: Label) -> Branch:
    """Its versions stay. Raises NotFound."""
    row = await tx.fetchrow(
        f"DELETE FROM prompt_branches WHERE workspace_id = $1 AND prompt_id = $2 AND branch = $3 RETURNING {_COLUMNS}",
        prompt.workspace_id,
        prompt.prompt_id,
        branch,
    )
    if row is None:
        raise _no_such_branch(prompt, branch)
    return _branch(row)


async def stands_at(tx: Tx, prompt: Prompt, branch: Label | None) -> int:
    """The version where a branch, or the main line (None), stands. Raises NotFound."""
    if branch is None:
        return prompt.latest_version
    version: int | None = await tx.fetchval(
        "SELECT version FROM prompt_branches WHERE workspace_id = $1 AND prompt_id = $2 AND branch = $3",
        prompt.workspace_id,
        prompt.prompt_id,
        branch,
    )
    if version is None:
        raise _no_such_branch(prompt, branch)
    return version


async def advance(tx: Tx, prompt: Prompt, branch: Label | None, *, to: int) -> Prompt:
    """The line stands at `to` from now on. Returns the prompt with its new revision. The prompt is held."""
    if branch is None:
        revision = await store.raise_revision(tx, prompt, latest_version=to)
        return replace(prompt, latest_version=to, last_version=max(to, prompt.last_version), revision=revision)
    await tx.execute(
        """UPDATE prompt_branches SET version = $4, moved_at = clock_timestamp()
            WHERE workspace_id = $1 AND prompt_id = $2 AND branch = $3""",
        prompt.workspace_id,
        prompt.prompt_id,
        branch,
        to,
    )
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version, branched_version=to)
    return replace(prompt, last_version=max(to, prompt.last_version), revision=revision)


async def common_ancestor(tx: Tx, prompt: Prompt, a: int, b: int) -> Version | None:
    """The nearest common ancestor of two versions in the prompt's lineage; None where they have none."""

    async def parents_of(first: int, last: int) -> Parents:
        return await _parents(tx, prompt, first=first, last=last)

    number = await nearest_common_ancestor(a, b, parents_of=parents_of)
    return None if number is None else await version_of(tx, prompt, number)


async def version_of(tx: Tx, prompt: Prompt, number: int) -> Version:
    """Raises NotFound."""
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(prompt.slug, version=number)
    return found


async def versions_of(tx: Tx, prompt: Prompt, numbers: Sequence[int]) -> dict[int, Version]:
    """Number → version. Raises NotFound where one is not there."""
    found = {one.version: one for one in await store.find_versions(tx, prompt, numbers)}
    for number in numbers:
        if number not in found:
            raise no_such_prompt(prompt.slug, version=number)
    return found


async def _parents(tx: Tx, prompt: Prompt, *, first: int, last: int) -> dict[int, list[int]]:
    """What was cherry-picked is no parent: the rest of that version was not taken over."""
    rows = await tx.fetch(
        """SELECT version, parent_version FROM lineage_edges
            WHERE workspace_id = $1 AND prompt_id = $2 AND parent_prompt_id = $2 AND version BETWEEN $3 AND $4
              AND kind <> 'cherry_picked_from'
           UNION
           SELECT version, base_version FROM prompt_versions
            WHERE workspace_id = $1 AND prompt_id = $2 AND version BETWEEN $3 AND $4 AND base_version IS NOT NULL""",
        prompt.workspace_id,
        prompt.prompt_id,
        first,
        last,
    )
    parents: dict[int, list[int]] = {}
    for row in rows:
        parents.setdefault(row["version"], []).append(row["parent_version"])
    return parents


def _branch(row: Record) -> Branch:
    return Branch(**dict(row))


def _no_such_branch(prompt: Prompt, branch: Label) -> NotFound:
    return NotFound(f"The prompt '{prompt.slug}' has no branch '{branch}'.", param="branch")
