"""The SQL of moving prompts in and out: pages of whole prompts, and many rows in one statement."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError

from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

Row = dict[str, Any]


async def slugs_after(tx: Tx, workspace_id: UUID, *, folder: str | None, after: str, limit: int) -> list[tuple[UUID, str]]:
    """(prompt, slug) in order of the slug, which is compared byte by byte, so that every installation has the same order."""
    rows = await tx.fetch(
        """SELECT p.prompt_id, p.slug FROM prompts p
            WHERE p.workspace_id = $1 AND p.slug COLLATE "C" > $2
              AND ($3::text IS NULL OR p.folder = $3 OR starts_with(p.folder, $3 || '/')) ORDER BY p.slug COLLATE "C" LIMIT $4""",
        workspace_id, after, folder, limit,
    )  # fmt: skip
    return [(row["prompt_id"], row["slug"]) for row in rows]


async def read_prompts(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Every column of each."""
    rows = await tx.fetch(
        """SELECT p.prompt_id, to_jsonb(p) - ARRAY['search', 'text_words', 'words_rule'] AS said FROM prompts p
            WHERE p.workspace_id = $1 AND p.prompt_id = ANY ($2)""",
        workspace_id, prompt_ids,
    )  # fmt: skip
    return {row["prompt_id"]: row["said"] for row in rows}


async def read_gates(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Of prompts that say something of their own, with the evaluator's name; an archived one is left out."""
    rows = await tx.fetch(
        """SELECT p.prompt_id, p.test_run_gate, e.name AS evaluator, p.gate_min_score AS min_score FROM prompts p
             LEFT JOIN evaluators e ON e.workspace_id = $1 AND e.evaluator_id = p.gate_evaluator_id AND e.archived_at IS NULL
            WHERE p.workspace_id = $1 AND p.prompt_id = ANY ($2)
              AND (p.test_run_gate IS NOT NULL OR e.name IS NOT NULL OR p.gate_min_score IS NOT NULL)""",
        workspace_id,
        prompt_ids,
    )
    return {row["prompt_id"]: dict(row) for row in rows}


async def read_versions(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> list[Row]:
    """Every column of each version; `content` apart, because its keys have an order."""
    rows = await tx.fetch(
        """SELECT to_jsonb(v) - 'content' AS said, v.content FROM prompt_versions v
            WHERE v.workspace_id = $1 AND v.prompt_id = ANY ($2) ORDER BY v.prompt_id, v.version""",
        workspace_id, prompt_ids,
    )  # fmt: skip
    return [row["said"] | {"content": row["content"], "prompt_id": UUID(row["said"]["prompt_id"])} for row in rows]


async def read_branches(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> list[Row]:
    rows = await tx.fetch(
        """SELECT prompt_id, branch, version, from_version, created_by FROM prompt_branches
            WHERE workspace_id = $1 AND prompt_id = ANY ($2) ORDER BY prompt_id, branch COLLATE "C" """,
        workspace_id, prompt_ids,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def read_labels(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> list[Row]:
    rows = await tx.fetch(
        """SELECT prompt_id, label, version, moved_at FROM prompt_labels WHERE workspace_id = $1 AND prompt_id = ANY ($2)
            ORDER BY prompt_id, label COLLATE "C" """,
        workspace_id, prompt_ids,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def read_moves(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> list[Row]:
    rows = await tx.fetch(
        """SELECT prompt_id, label, from_version, to_version, reason, author, moved_at FROM prompt_label_moves
            WHERE workspace_id = $1 AND prompt_id = ANY ($2) ORDER BY prompt_id, moved_at, move_id""",
        workspace_id, prompt_ids,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def read_edges(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> list[Row]:
    rows = await tx.fetch(
        """SELECT e.prompt_id, e.version, e.kind, q.slug AS parent_slug, e.parent_version, e.source_entry_id, e.source_publisher,
                  e.source_slug,
                  e.source_version, e.job_id, e.suggestion_id, e.created_at
             FROM lineage_edges e LEFT JOIN prompts q ON q.workspace_id = e.workspace_id AND q.prompt_id = e.parent_prompt_id
            WHERE e.workspace_id = $1 AND e.prompt_id = ANY ($2)
            ORDER BY e.prompt_id, e.version, e.kind, q.slug COLLATE "C", e.parent_version, e.source_entry_id, e.created_at""",
        workspace_id, prompt_ids,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def list_datasets(tx: Tx, workspace_id: UUID) -> list[Row]:
    rows = await tx.fetch(
        """SELECT dataset_id, name, version, test_version, created_by, created_at, updated_at, archived_at FROM datasets
            WHERE workspace_id = $1
            ORDER BY created_at, name COLLATE "C" """,
        workspace_id,
    )
    return [dict(row) for row in rows]


async def read_items(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[Row]:
    rows = await tx.fetch(
        """SELECT split, input, expected, metadata, added_version FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND removed_version IS NULL ORDER BY position""",
        workspace_id, dataset_id,
    )  # fmt: skip
    return [dict(row) for row in rows]


async def one_at_a_time(tx: Tx, workspace_id: UUID) -> None:
    """Whoever else brings something into the workspace waits until the transaction ends: of two at once, the second finds what the first
    made. What is not there yet cannot be locked, and datasets and experiments of one name may be several."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.import'), hashtext($1))", str(workspace_id))


async def lock_standing(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> dict[str, Row]:
    """What stands under these slugs, held against other changes: the prompt, and the hash of each version by its number."""
    await tx.execute("SELECT FROM prompts WHERE workspace_id = $1 AND slug = ANY ($2) ORDER BY slug FOR UPDATE", workspace_id, slugs)
    rows = await tx.fetch(
        """SELECT p.slug, p.prompt_id, p.revision, p.archived_at, array_agg(v.content_hash ORDER BY v.version) AS hashes
             FROM prompts p JOIN prompt_versions v USING (workspace_id, prompt_id)
            WHERE p.workspace_id = $1 AND p.slug = ANY ($2) GROUP BY p.slug, p.prompt_id, p.revision, p.archived_at""",
        workspace_id, slugs,
    )  # fmt: skip
    return {row["slug"]: dict(row) for row in rows}


async def versions_of(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> dict[tuple[str, int], UUID]:
    """(slug, version) → the prompt, for everything that stands under these slugs now."""
    rows = await tx.fetch(
        """SELECT p.slug, p.prompt_id, v.version FROM prompts p JOIN prompt_versions v USING (workspace_id, prompt_id)
            WHERE p.workspace_id = $1 AND p.slug = ANY ($2)""",
        workspace_id, slugs,
    )  # fmt: skip
    return {(row["slug"], row["version"]): row["prompt_id"] for row in rows}


async def slugs_there(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> set[str]:
    rows = await tx.fetch("SELECT slug FROM prompts WHERE workspace_id = $1 AND slug = ANY ($2)", workspace_id, slugs)
    return {row["slug"] for row in rows}


async def insert_rows(tx: Tx, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows in one statement; columns that the first one does not name keep their defaults. All rows have the same columns.

    Names come from this feature alone. As json, not jsonb: it keeps the order of keys in a content. Raises Conflict where somebody made
    a prompt or chain of one of these slugs, or an evaluator of one of these names, meanwhile.
    """
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        text = json.dumps([{name: _plain(value) for name, value in row.items()} for row in rows], ensure_ascii=False, default=str)
        try:
            await tx.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::text::json)", text
            )
        except UniqueViolationError as error:
            if not str(error.constraint_name).endswith(("_slug_key", "evaluators_by_name")):
                raise
            raise Conflict(f"Some of these {table} were made here meanwhile; nothing was brought in. Bring the file in again.") from error


async def continue_prompts(tx: Tx, workspace_id: UUID, given: Mapping[UUID, int]) -> None:
    """Notes that prompts have further versions. `given`: the highest number of each; the main line moves in `move_main_lines`."""
    await tx.execute(
        """UPDATE prompts p SET branched_version = greatest(branched_version, n.version), revision = revision + 1,
                  updated_at = clock_timestamp()
             FROM unnest($2::uuid[], $3::integer[]) n(prompt_id, version) WHERE p.workspace_id = $1 AND p.prompt_id = n.prompt_id""",
        workspace_id, list(given), list(given.values()),
    )  # fmt: skip


async def move_main_lines(tx: Tx, workspace_id: UUID, newest: Mapping[UUID, int]) -> None:
    """Says of prompts where the main line stands now."""
    await tx.execute(
        """UPDATE prompts p SET latest_version = n.version
             FROM unnest($2::uuid[], $3::integer[]) n(prompt_id, version) WHERE p.workspace_id = $1 AND p.prompt_id = n.prompt_id""",
        workspace_id, list(newest), list(newest.values()),
    )  # fmt: skip


async def mark_branched(tx: Tx, workspace_id: UUID, highest: Mapping[UUID, int]) -> None:
    """`highest`: the highest number given on any line of each of these prompts, which is never given again."""
    await tx.execute(
        """UPDATE prompts p SET branched_version = n.version
             FROM unnest($2::uuid[], $3::integer[]) n(prompt_id, version) WHERE p.workspace_id = $1 AND p.prompt_id = n.prompt_id""",
        workspace_id, list(highest), list(highest.values()),
    )  # fmt: skip


async def branches_there(tx: Tx, workspace_id: UUID, prompt_ids: Sequence[UUID]) -> set[tuple[UUID, str]]:
    rows = await read_branches(tx, workspace_id, prompt_ids)
    return {(row["prompt_id"], row["branch"]) for row in rows}


async def move_branches(tx: Tx, workspace_id: UUID, moved: Mapping[tuple[UUID, str], int]) -> None:
    await tx.execute(
        """UPDATE prompt_branches b SET version = n.version, moved_at = clock_timestamp()
             FROM unnest($2::uuid[], $3::text[], $4::integer[]) n(prompt_id, branch, version)
            WHERE b.workspace_id = $1 AND b.prompt_id = n.prompt_id AND b.branch = n.branch""",
        workspace_id, [one for one, _ in moved], [name for _, name in moved], list(moved.values()),
    )  # fmt: skip


async def find_datasets(tx: Tx, workspace_id: UUID, names: Sequence[str]) -> list[Row]:
    rows = await tx.fetch(
        "SELECT dataset_id, name, created_at, archived_at FROM datasets WHERE workspace_id = $1 AND name = ANY ($2) ORDER BY dataset_id",
        workspace_id,
        names,
    )
    return [dict(row) for row in rows]


async def answers_here(tx: Tx, workspace_id: UUID, dataset_id: UUID, hashes: Sequence[bytes]) -> dict[bytes, str | None]:
    """What the dataset expects of those of these inputs that it has, by their hash; None: there is no right answer."""
    found = await tx.fetch(
        "SELECT content_hash, expected FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND content_hash = ANY ($3)",
        workspace_id, dataset_id, hashes,
    )  # fmt: skip
    return {row["content_hash"]: row["expected"] for row in found}


async def put_events(tx: Tx, messages: Sequence[tuple[str, str, bytes]], *, service: str) -> None:
    """Many events of the outbox in one statement: (subject, message id, body)."""
    await tx.execute(
        "INSERT INTO outbox (service, subject, message_id, body) SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bytea[])",
        service, [one[0] for one in messages], [one[1] for one in messages], [one[2] for one in messages],
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return "\\x" + value.hex() if isinstance(value, bytes) else value
