"""The SQL of branches, and of who came from whom. Each function runs in the caller's transaction, whose policies admit one workspace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asyncpg import Record

from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.slug import Label

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


async def move_branch(tx: Tx, prompt: Prompt, branch: Label, *, to: int) -> None:
    await tx.execute(
        """UPDATE prompt_branches SET version = $4, moved_at = clock_timestamp()
            WHERE workspace_id = $1 AND prompt_id = $2 AND branch = $3""",
        prompt.workspace_id,
        prompt.prompt_id,
        branch,
        to,
    )


async def parents(tx: Tx, prompt: Prompt, *, first: int, last: int) -> dict[int, list[int]]:
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
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["version"], []).append(row["parent_version"])
    return found


def _branch(row: Record) -> Branch:
    return Branch(**dict(row))


def _no_such_branch(prompt: Prompt, branch: Label) -> NotFound:
    return NotFound(f"The prompt '{prompt.slug}' has no branch '{branch}'.", param="branch")
