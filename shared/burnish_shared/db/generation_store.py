"""Writes a generation of a line with its candidates, and where they come from: the optimizer's, and the gateway's forks and imports.

Everything runs in the caller's transaction. A generation that stands is never changed: writing it again does nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from burnish_shared.contracts.generations import MEMBERS_MOST, EdgeKind, candidate_id, digest_of, kind_of
from burnish_shared.db.session import Tx

Origin = Literal["job", "fork", "import"]


@dataclass(frozen=True, slots=True)
class Member:
    """One candidate of a generation. `parents`: texts that it was made of, written before or with it; none: the line's base version.
    `kinds`: how it comes from each of them; none: as what made it says.

    `fitness` None: not measured. `scores`: measures by name; one that could not be taken is None. A text that lives on unchanged names
    itself, or nothing new, as its parent.
    """

    text: str
    made_by: str
    parents: tuple[str, ...] = ()
    fitness: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    evaluations: int = 0
    kinds: tuple[EdgeKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of generations of one prompt. `source`: the generation of another line that it goes on from. `job_id`: whose line it is."""

    workspace_id: UUID
    line_id: UUID
    prompt_id: UUID
    slug: str
    base_version: int
    origin: Origin
    created_by: str
    name: str = ""
    source: tuple[UUID, int] | None = None
    job_id: UUID | None = None


async def open_line(tx: Tx, line: Line, *, simulated: bool) -> None:
    """Does nothing where it stands."""
    await tx.execute(
        """INSERT INTO generation_lines (line_id, workspace_id, prompt_id, slug, base_version, name, origin, from_line_id, from_number,
                                         simulated, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING""",
        line.line_id, line.workspace_id, line.prompt_id, line.slug, line.base_version, line.name, line.origin,
        *(line.source or (None, None)), simulated, line.created_by,
    )  # fmt: skip


async def write_generation(tx: Tx, line: Line, *, number: int, members: Sequence[Member], restored_from: int | None = None) -> bool:
    """Keeps the best MEMBERS_MOST of one generation, and moves latest and best. False: it stood already, or is empty."""
    kept = sorted(_each_once(members), key=lambda one: -(one.fitness if one.fitness is not None else float("-inf")))[:MEMBERS_MOST]
    if not kept:
        return False
    fitness = [one.fitness for one in kept if one.fitness is not None]
    best = max(fitness, default=None)
    is_new = await tx.fetchval(
        """INSERT INTO generations (workspace_id, prompt_id, line_id, number, members, size, best_fitness, mean_fitness, restored_from)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING true""",
        line.workspace_id, line.prompt_id, line.line_id, number, [_as_json(line, one) for one in kept], len(kept), best,
        sum(fitness) / len(fitness) if fitness else None, restored_from,
    )  # fmt: skip
    if not is_new:
        return False
    await _remember(tx, line, kept, number=number, is_measured=restored_from is None)
    await _link(tx, line, kept)
    await tx.execute(
        """UPDATE generation_lines SET latest_number = greatest(latest_number, $3), updated_at = clock_timestamp(),
                  best_number = CASE WHEN best_number IS NULL OR $4 > coalesce(best_fitness, '-infinity') THEN $3 ELSE best_number END,
                  best_fitness = greatest(best_fitness, $4)
            WHERE workspace_id = $1 AND line_id = $2""",
        line.workspace_id, line.line_id, number, best,
    )  # fmt: skip
    return True


def _each_once(members: Sequence[Member]) -> list[Member]:
    return list({one.text: one for one in members}.values())


def _as_json(line: Line, one: Member) -> dict[str, Any]:
    return {
        "candidate_id": str(candidate_id(line.line_id, digest_of(one.text))),
        "made_by": one.made_by,
        "fitness": one.fitness,
        "scores": dict(one.scores),
        "evaluations": one.evaluations,
    }


async def _remember(tx: Tx, line: Line, members: Sequence[Member], *, number: int, is_measured: bool) -> None:
    """`is_measured` False: a copy of an earlier generation, whose figures replace none that are newer. Nor does a generation whose search
    ended before a candidate was measured again take away what is known of it."""
    digests = [digest_of(one.text) for one in members]
    await tx.execute(
        """INSERT INTO lineage_candidates (candidate_id, workspace_id, prompt_id, line_id, digest, text, first_number, made_by, fitness,
                                           scores, evaluations)
           SELECT m.id, $1, $2, $3, m.digest, m.text, $4, m.made_by, m.fitness, m.scores, m.evaluations
             FROM unnest($5::uuid[], $6::bytea[], $7::text[], $8::text[], $9::float8[], $10::jsonb[], $11::integer[])
                  m (id, digest, text, made_by, fitness, scores, evaluations)
           ON CONFLICT (candidate_id)
           DO UPDATE SET fitness = EXCLUDED.fitness, scores = EXCLUDED.scores, evaluations = EXCLUDED.evaluations
            WHERE $12 AND (EXCLUDED.fitness IS NOT NULL OR lineage_candidates.fitness IS NULL)""",
        line.workspace_id,
        line.prompt_id,
        line.line_id,
        number,
        [candidate_id(line.line_id, one) for one in digests],
        digests,
        [one.text for one in members],
        [one.made_by for one in members],
        [one.fitness for one in members],
        [dict(one.scores) for one in members],
        [one.evaluations for one in members],
        is_measured,
    )


async def _link(tx: Tx, line: Line, members: Sequence[Member]) -> None:
    """An edge to each parent of this line. Without parents: to the candidate of the source that says the same, else to the version."""
    edges: list[tuple[UUID, str, UUID, int]] = []
    for one in members:
        own = candidate_id(line.line_id, digest_of(one.text))
        kinds = one.kinds or (kind_of(one.made_by),) * len(one.parents)
        parents = dict.fromkeys((text, kind) for text, kind in zip(one.parents, kinds, strict=True) if text != one.text)
        if parents:
            edges += [(own, kind, candidate_id(line.line_id, digest_of(text)), 0) for text, kind in parents]
        elif not one.parents:
            edges.append((own, "derived_from", line.prompt_id, line.base_version))
    await tx.execute(
        """INSERT INTO candidate_edges (workspace_id, prompt_id, child_id, child_number, kind, parent_id, parent_number, job_id)
           SELECT $1, $2, e.child, 0, CASE WHEN s.candidate_id IS NULL THEN e.kind ELSE 'cloned_from' END,
                  coalesce(s.candidate_id, e.parent), CASE WHEN s.candidate_id IS NULL THEN e.number ELSE 0 END, $3
             FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::integer[]) e (child, kind, parent, number)
             LEFT JOIN lineage_candidates own ON own.candidate_id = e.child AND e.number > 0
             LEFT JOIN lineage_candidates s ON s.workspace_id = $1 AND s.line_id = $8 AND s.digest = own.digest
           ON CONFLICT DO NOTHING""",
        line.workspace_id,
        line.prompt_id,
        line.job_id,
        [child for child, *_ in edges],
        [kind for _, kind, *_ in edges],
        [parent for *_, parent, _ in edges],
        [number for *_, number in edges],
        line.source[0] if line.source else None,
    )
