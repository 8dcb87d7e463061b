"""Writes the generations of a search down as they end, with their candidates as nodes of the lineage (PRODUCT O7, O8).

    await generations_store.record(tx, job, number=3, members=[Member(text, made_by="crossover", parents=(a, b), fitness=0.8)])
    seeds = await generations_store.seeds(tx, job)        # the texts that the job begins with; () where it begins at its version

Both run in the caller's transaction. Whoever goes the same way again after a crash may record again: what stands stays.
"""

from collections.abc import Sequence

from burnish_optimizer.io.runs_store import Job
from burnish_shared.db.generation_store import Line, Member, open_line, write_generation
from burnish_shared.db.session import Tx

__all__ = ["Member", "record", "seeds"]


async def record(tx: Tx, job: Job, *, number: int, members: Sequence[Member], simulated: bool = False) -> None:
    """Keeps one generation, at most MEMBERS_MOST of it, the best first; its candidates and where they come from; latest and best."""
    line = await _line(tx, job)
    await open_line(tx, line, simulated=simulated)
    await write_generation(tx, line, number=number, members=members)


async def seeds(tx: Tx, job: Job) -> tuple[str, ...]:
    """The texts of the generation that the job begins with, the best first; empty where it begins at its version."""
    rows = await tx.fetch(
        """SELECT c.text FROM optimization_jobs j
             JOIN generations g ON g.workspace_id = j.workspace_id AND g.line_id = j.start_line_id AND g.number = j.start_number
            CROSS JOIN LATERAL jsonb_array_elements(g.members) WITH ORDINALITY m (member, place)
             JOIN lineage_candidates c ON c.candidate_id = (m.member ->> 'candidate_id')::uuid AND c.workspace_id = j.workspace_id
            WHERE j.workspace_id = $1 AND j.job_id = $2 ORDER BY m.place""",
        job.workspace_id,
        job.job_id,
    )
    return tuple(row["text"] for row in rows)


async def _line(tx: Tx, job: Job) -> Line:
    row = await tx.fetchrow(
        "SELECT start_line_id, start_number, created_by FROM optimization_jobs WHERE workspace_id = $1 AND job_id = $2",
        job.workspace_id,
        job.job_id,
    )
    if row is None:
        raise LookupError(f"job {job.job_id}")
    source = None if row["start_line_id"] is None else (row["start_line_id"], row["start_number"])
    return Line(
        job.workspace_id, job.job_id, job.prompt_id, job.slug, job.base_version, "job", row["created_by"], source=source, job_id=job.job_id
    )
