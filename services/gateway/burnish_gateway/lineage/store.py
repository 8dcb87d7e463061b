"""Reads a lineage as one graph: one statement, whatever its size, which walks the edges by their indexes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.lineage.graph import Edge, Graph, Node
from burnish_shared.db.session import Tx

NODES_MOST: Final = 5_000
"""A graph is cut off here, the farthest nodes first."""

CHAINS_MOST: Final = 500
"""Versions of chains beside a graph, those that were tested last."""

CHAINS_SQL: Final = """
WITH newest AS MATERIALIZED (
  SELECT DISTINCT ON (t.chain_id, t.version) t.test_run_id FROM test_runs t
   WHERE t.workspace_id = $1 AND t.chain_id IS NOT NULL AND t.status = 'completed' AND t.failed_of IS NULL
   ORDER BY t.chain_id, t.version, t.test_run_id DESC),
ran AS MATERIALIZED (
  SELECT DISTINCT t.test_run_id FROM newest n JOIN test_runs t ON t.workspace_id = $1 AND t.test_run_id = n.test_run_id
   CROSS JOIN LATERAL jsonb_each(t.chain -> 'prompts') s (step, runs)
    JOIN unnest($2::text[], $3::integer[]) k (prompt_id, version)
      ON k.prompt_id = s.runs ->> 'prompt_id' AND k.version = (s.runs ->> 'version')::integer
   ORDER BY t.test_run_id DESC LIMIT $4)
SELECT t.chain ->> 'slug' AS slug, t.version, t.chain -> 'prompts' AS prompts, t.simulated,
       (t.result -> 'metrics' ->> 'overall_accuracy')::float8 AS accuracy, v.created_at,
       ARRAY(SELECT l.label FROM chain_labels l WHERE l.workspace_id = $1 AND l.chain_id = t.chain_id AND l.version = t.version
              ORDER BY l.label) AS labels
  FROM ran JOIN test_runs t ON t.workspace_id = $1 AND t.test_run_id = ran.test_run_id
  JOIN chain_versions v ON v.workspace_id = $1 AND v.chain_id = t.chain_id AND v.version = t.version
 ORDER BY t.test_run_id DESC"""
"""The newest run of each version of a chain first, and of those the ones that ran a version of the graph, which is read once: a question
of each run about all nodes would take their product."""

GRAPH_SQL: Final = """
WITH RECURSIVE reach (id, number) AS (
    SELECT s.id, s.number FROM unnest($2::uuid[], $3::integer[]) s (id, number)
  UNION
    SELECT n.id, n.number FROM reach r CROSS JOIN LATERAL (
      SELECT e.parent_prompt_id AS id, e.parent_version AS number FROM lineage_edges e
       WHERE $4 AND r.number > 0 AND e.workspace_id = $1 AND e.prompt_id = r.id AND e.version = r.number AND e.parent_prompt_id IS NOT NULL
      UNION ALL SELECT v.prompt_id, v.base_version FROM prompt_versions v
       WHERE $4 AND r.number > 0 AND v.workspace_id = $1 AND v.prompt_id = r.id AND v.version = r.number AND v.base_version IS NOT NULL
      UNION ALL SELECT c.parent_id, c.parent_number FROM candidate_edges c
       WHERE $4 AND $6 AND c.workspace_id = $1 AND c.child_id = r.id AND c.child_number = r.number
      UNION ALL SELECT e.prompt_id, e.version FROM lineage_edges e
       WHERE $5 AND r.number > 0 AND e.workspace_id = $1 AND e.parent_prompt_id = r.id AND e.parent_version = r.number
      UNION ALL SELECT v.prompt_id, v.version FROM prompt_versions v
       WHERE $5 AND r.number > 0 AND v.workspace_id = $1 AND v.prompt_id = r.id AND v.base_version = r.number
      UNION ALL SELECT c.child_id, c.child_number FROM candidate_edges c
       WHERE $5 AND $6 AND c.workspace_id = $1 AND c.parent_id = r.id AND c.parent_number = r.number) n),
kept AS MATERIALIZED (SELECT id, number FROM reach LIMIT $7),
measured AS (
    SELECT DISTINCT ON (t.prompt_id, t.version) t.prompt_id, t.version, (t.result -> 'metrics' ->> 'overall_accuracy')::float8 AS accuracy,
           t.simulated
      FROM test_runs t JOIN prompt_versions v ON v.workspace_id = $1 AND v.prompt_id = t.prompt_id AND v.version = t.version
     WHERE t.workspace_id = $1 AND t.status = 'completed' AND t.failed_of IS NULL
       AND t.prompt_id = ANY (ARRAY(SELECT DISTINCT id FROM kept WHERE number > 0))
     ORDER BY t.prompt_id, t.version, (t.model = v.model) DESC, t.test_run_id DESC),
named AS (
    SELECT l.prompt_id, l.version, array_agg(l.label ORDER BY l.label) AS labels FROM prompt_labels l
     WHERE l.workspace_id = $1 AND l.prompt_id = ANY (ARRAY(SELECT DISTINCT id FROM kept WHERE number > 0))
     GROUP BY l.prompt_id, l.version),
edges AS (
    SELECT e.prompt_id AS child_id, e.version AS child_number, e.kind, e.parent_prompt_id AS parent_id, e.parent_version AS parent_number,
           e.job_id, e.source_entry_id, e.source_slug, e.source_version
      FROM kept k JOIN lineage_edges e ON k.number > 0 AND e.workspace_id = $1 AND e.prompt_id = k.id AND e.version = k.number
    UNION ALL
    SELECT v.prompt_id, v.version, 'derived_from', v.prompt_id, v.base_version, NULL, NULL, NULL, NULL
      FROM kept k JOIN prompt_versions v ON k.number > 0 AND v.workspace_id = $1 AND v.prompt_id = k.id AND v.version = k.number
     WHERE v.base_version IS NOT NULL AND NOT EXISTS (
       SELECT FROM lineage_edges e WHERE e.workspace_id = $1 AND e.prompt_id = v.prompt_id AND e.version = v.version
          AND e.parent_prompt_id = v.prompt_id AND e.parent_version = v.base_version)
    UNION ALL
    SELECT c.child_id, c.child_number, c.kind, c.parent_id, c.parent_number, c.job_id, NULL, NULL, NULL
      FROM kept k JOIN candidate_edges c ON $6 AND c.workspace_id = $1 AND c.child_id = k.id AND c.child_number = k.number)
SELECT (SELECT jsonb_agg(jsonb_build_array(k.id, k.number, coalesce(p.slug, q.slug), v.model, v.source, n.labels, m.accuracy, v.created_at,
                                           c.line_id, c.made_by, c.fitness, c.created_at,
                                           coalesce(CASE WHEN k.number > 0 THEN m.accuracy IS NOT NULL AND m.simulated
                                                         ELSE c.fitness IS NOT NULL AND g.simulated END, false)))
          FROM kept k
          LEFT JOIN prompt_versions v ON k.number > 0 AND v.workspace_id = $1 AND v.prompt_id = k.id AND v.version = k.number
          LEFT JOIN prompts p ON p.workspace_id = $1 AND p.prompt_id = v.prompt_id
          LEFT JOIN lineage_candidates c ON k.number = 0 AND c.workspace_id = $1 AND c.candidate_id = k.id
          LEFT JOIN generation_lines g ON g.workspace_id = $1 AND g.line_id = c.line_id
          LEFT JOIN prompts q ON q.workspace_id = $1 AND q.prompt_id = c.prompt_id
          LEFT JOIN named n ON n.prompt_id = k.id AND n.version = k.number
          LEFT JOIN measured m ON m.prompt_id = k.id AND m.version = k.number
         WHERE v.version IS NOT NULL OR c.candidate_id IS NOT NULL) AS nodes,
       (SELECT jsonb_agg(jsonb_build_array(e.child_id, e.child_number, e.kind, e.parent_id, e.parent_number, e.job_id, e.source_entry_id,
                                           e.source_slug, e.source_version)) FROM edges e) AS edges,
       (SELECT count(*) FROM kept) AS count"""


async def read_graph(
    tx: Tx, workspace_id: UUID, starts: Sequence[tuple[UUID, int]], *, up: bool, down: bool, candidates: bool, most: int = NODES_MOST
) -> tuple[Graph, bool]:
    """What can be reached from these nodes, and whether it was cut off. With `candidates` also texts that searches made."""
    row = await tx.fetchrow(
        GRAPH_SQL, workspace_id, [one for one, _ in starts], [number for _, number in starts], up, down, candidates, most + 1
    )
    if row is None:
        raise RuntimeError("an aggregate has one row")
    ids: dict[tuple[str, int], str] = {}
    nodes: list[Node] = []
    for one in (row["nodes"] or [])[:most]:
        node = _node(one)
        ids[one[0], one[1]] = node.id
        nodes.append(node)
    edges: list[Edge] = []
    for child_id, child_number, kind, parent_id, parent_number, job_id, entry_id, slug, version in row["edges"] or []:
        child, parent = ids.get((child_id, child_number)), ids.get((parent_id, parent_number))
        if entry_id is not None:
            parent = f"entry:{entry_id}"
            nodes.append(Node(parent, "published", slug, version))
        if child is not None and parent is not None:
            edges.append(Edge(child, kind, parent, UUID(job_id) if job_id else None))
    if down:
        await _add_chains(tx, workspace_id, ids, nodes, edges)
    return Graph(nodes, edges), row["count"] > most


async def _add_chains(tx: Tx, workspace_id: UUID, ids: dict[tuple[str, int], str], nodes: list[Node], edges: list[Edge]) -> None:
    """Versions of chains whose newest test run ran one of these versions in a step: what came of them, too. `ids`: (prompt, version) →
    how the graph calls it; candidates have version 0."""
    versions = [one for one in ids if one[1] > 0]
    given = [prompt_id for prompt_id, _ in versions], [version for _, version in versions]
    for row in await tx.fetch(CHAINS_SQL, workspace_id, *given, CHAINS_MOST):
        name = f"chain:{row['slug']}@{row['version']}"
        nodes.append(
            Node(
                name, "chain", row["slug"], row["version"], labels=tuple(row["labels"]), score=row["accuracy"],
                simulated=row["accuracy"] is not None and row["simulated"], created_at=row["created_at"],
            )
        )  # fmt: skip
        ran = dict.fromkeys(ids.get((one["prompt_id"], one["version"])) for one in row["prompts"].values())  # two steps may run one
        edges += [Edge(name, "runs", parent) for parent in ran if parent is not None]


async def versions_of(tx: Tx, workspace_id: UUID, prompt_id: UUID, *, most: int = NODES_MOST) -> list[tuple[UUID, int]]:
    """The newest first."""
    rows = await tx.fetch(
        "SELECT version FROM prompt_versions WHERE workspace_id = $1 AND prompt_id = $2 ORDER BY version DESC LIMIT $3",
        workspace_id,
        prompt_id,
        most,
    )
    return [(prompt_id, row["version"]) for row in rows]


async def find_candidate(tx: Tx, workspace_id: UUID, prompt_id: UUID, candidate_id: UUID) -> dict[str, Any] | None:
    """One candidate of this prompt with its text, and the version that its line's candidates are variations of."""
    row = await tx.fetchrow(
        """SELECT c.candidate_id, c.line_id, c.text, c.first_number, c.made_by, c.fitness, c.scores, c.evaluations, c.created_at,
                  l.base_version, l.simulated, CASE WHEN l.origin = 'job' THEN l.line_id END AS job_id
             FROM lineage_candidates c JOIN generation_lines l ON l.workspace_id = c.workspace_id AND l.line_id = c.line_id
            WHERE c.workspace_id = $1 AND c.prompt_id = $2 AND c.candidate_id = $3""",
        workspace_id,
        prompt_id,
        candidate_id,
    )
    return dict(row) if row else None


async def model_of_line(tx: Tx, workspace_id: UUID, line_id: UUID) -> str | None:
    """For which model the texts of a line are: its job's, or that of the line that it was forked from. None: of an imported one."""
    model: str | None = await tx.fetchval(
        """WITH RECURSIVE up (line_id, from_line_id) AS (
               SELECT line_id, from_line_id FROM generation_lines WHERE workspace_id = $1 AND line_id = $2
             UNION
               SELECT l.line_id, l.from_line_id FROM up JOIN generation_lines l ON l.workspace_id = $1 AND l.line_id = up.from_line_id
                WHERE NOT EXISTS (SELECT FROM optimization_jobs j WHERE j.workspace_id = $1 AND j.job_id = up.line_id))
           SELECT j.task_model FROM up JOIN optimization_jobs j ON j.workspace_id = $1 AND j.job_id = up.line_id""",
        workspace_id,
        line_id,
    )
    return model


async def insert_edge(
    tx: Tx, workspace_id: UUID, *, child: tuple[UUID, int], kind: str, candidate_id: UUID, prompt_id: UUID, job_id: UUID | None
) -> None:
    """A version that was made of a candidate. Does nothing where it stands."""
    await tx.execute(
        """INSERT INTO candidate_edges (workspace_id, prompt_id, child_id, child_number, kind, parent_id, parent_number, job_id)
           VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT DO NOTHING""",
        workspace_id,
        prompt_id,
        *child,
        kind,
        candidate_id,
        job_id,
    )


async def link_accepted(tx: Tx, workspace_id: UUID, *, prompt_id: UUID, version: int, job_id: UUID, digest: str) -> None:
    """The version of an accepted suggestion comes from the candidate that was measured, where its search kept it."""
    await tx.execute(
        """INSERT INTO candidate_edges (workspace_id, prompt_id, child_id, child_number, kind, parent_id, parent_number, job_id)
           SELECT $1, $2, $2, $3, 'derived_from', c.candidate_id, 0, $4 FROM lineage_candidates c
            WHERE c.workspace_id = $1 AND c.line_id = $4 AND c.digest = $5 ON CONFLICT DO NOTHING""",
        workspace_id,
        prompt_id,
        version,
        job_id,
        bytes.fromhex(digest),
    )


def _node(row: list[Any]) -> Node:
    id_, number, slug, model, _source, labels, accuracy, created_at, line_id, made_by, fitness, born_at, is_simulated = row
    if number:
        return Node(
            f"{slug}@{number}", "version", slug, number, model=model, made_by=_source, labels=tuple(labels or ()), score=accuracy,
            simulated=is_simulated, created_at=datetime.fromisoformat(created_at),
        )  # fmt: skip
    return Node(
        id_, "candidate", slug, candidate_id=UUID(id_), line_id=UUID(line_id), made_by=made_by, score=fitness,
        simulated=is_simulated, created_at=datetime.fromisoformat(born_at),
    )  # fmt: skip
