"""What a test run or a job has to do, and what a job leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_optimizer.core.summary import summarize
from burnish_optimizer.io.work_store import Claim
from burnish_shared.contracts.executions import Route
from burnish_shared.contracts.searches import ChainSearch, Search, TestedChain
from burnish_shared.db import model_store, route_store
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import snippets_of_version, snippets_of_versions
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid
from burnish_shared.template.snippets import Snippet


@dataclass(frozen=True, slots=True)
class CallableModel:
    """A model, and where, at what price and with whose key it is called."""

    facts: ModelFacts
    route: Route


@dataclass(frozen=True, slots=True)
class TestedPrompt:
    """What a test run asks: a version of a prompt, and the model that answers."""

    __test__ = False

    prompt_id: UUID
    slug: str
    model: str
    content: dict[str, Any]
    snippets: dict[str, Snippet]


@dataclass(frozen=True, slots=True)
class TestRun:
    """Of a version of a prompt, or of one of a chain (`chain`), whose steps name prompts, versions and models. `pinned`: which versions the
    names of snippets meant when it began; None: of a run of before."""

    __test__ = False  # pytest takes the name for a test

    test_run_id: UUID
    workspace_id: UUID
    version: int
    prompt: TestedPrompt | None
    chain: TestedChain | None
    dataset_id: UUID
    dataset_version: int
    split: str
    repeats: int
    funding_account_id: int
    evaluator_ids: list[UUID]
    compare_with: UUID | None
    created_at: datetime
    hops: int = 0
    item_ids: list[UUID] | None = None
    judge_model: str | None = None
    pinned: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class FiguresSoFar:
    """What a test run that goes on no more last wrote down; `metrics` of no answer where that is nothing."""

    metrics: dict[str, Any]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Job:
    """An optimization job as it was asked for, with the version that it begins at. `pinned`: which versions the names of snippets meant
    when it was asked for; None: of a job of before."""

    job_id: UUID
    workspace_id: UUID
    prompt_id: UUID
    slug: str
    base_version: int
    dataset_id: UUID
    dataset_version: int
    task_model: str
    reflect_model: str
    seed: int
    budget_evaluations: int
    budget_nusd: int
    budget_seconds: int | None
    funding_account_id: int
    started_at: datetime
    progress: dict[str, Any]
    content: dict[str, Any]
    method: str
    search: dict[str, Any]
    created_at: datetime
    hops: int = 0
    pinned: dict[str, int] | None = None
    snippets: dict[str, Snippet] = field(default_factory=dict)

    @property
    def asked(self) -> Search:
        """How it searches; of a job from before this was kept, nothing."""
        return Search.model_validate_json(json.dumps(self.search))


async def load_test_run(tx: Tx, claim: Claim) -> TestRun:
    (row,) = await tx.fetch(
        """SELECT r.test_run_id, r.workspace_id, r.prompt_id, r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split,
                  r.repeats, r.funding_account_id, v.content, r.evaluator_ids, r.compare_with, r.created_at, r.hops, r.item_ids,
                  r.judge_model, r.chain, r.snippets AS pinned
             FROM test_runs r
             LEFT JOIN prompt_versions v ON v.workspace_id = r.workspace_id AND v.prompt_id = r.prompt_id AND v.version = r.version
            WHERE r.workspace_id = $1 AND r.test_run_id = $2""",
        claim.workspace_id,
        claim.id,
    )
    prompt, chain = None, None
    if row["chain"] is None:
        snippets = await snippets_of_version(tx, claim.workspace_id, row["content"], pinned=row["pinned"])
        prompt = TestedPrompt(row["prompt_id"], row["slug"], row["model"], row["content"], snippets)
    else:
        chain = TestedChain.model_validate_json(json.dumps(row["chain"]))
    apart = ("prompt_id", "slug", "model", "content", "chain")
    return TestRun(prompt=prompt, chain=chain, **{name: value for name, value in row.items() if name not in apart})


async def figures_so_far(tx: Tx, claim: Claim) -> FiguresSoFar:
    row = await tx.fetchrow(
        "SELECT result, simulated FROM test_runs WHERE workspace_id = $1 AND test_run_id = $2", claim.workspace_id, claim.id
    )
    result = row["result"] if row and row["result"] else summarize([])
    return FiguresSoFar(result["metrics"], bool(row and row["simulated"]))


async def load_job(tx: Tx, claim: Claim) -> Job:
    (row,) = await tx.fetch(
        """SELECT j.job_id, j.workspace_id, j.prompt_id, j.slug, j.base_version, j.dataset_id, j.dataset_version, j.task_model,
                  j.reflect_model, j.seed, j.budget_evaluations, j.budget_nusd, j.budget_seconds, j.funding_account_id, j.started_at,
                  j.progress, v.content, j.hops, j.method, j.search, j.created_at, j.snippets AS pinned
             FROM optimization_jobs j
             JOIN prompt_versions v ON v.workspace_id = j.workspace_id AND v.prompt_id = j.prompt_id AND v.version = j.base_version
            WHERE j.workspace_id = $1 AND j.job_id = $2""",
        claim.workspace_id,
        claim.id,
    )
    return Job(**dict(row), snippets=await snippets_of_version(tx, claim.workspace_id, row["content"], pinned=row["pinned"]))


async def load_chain_versions(
    tx: Tx, workspace_id: UUID, chain: TestedChain, *, pinned: Mapping[str, int] | None = None
) -> dict[str, tuple[dict[str, Any], dict[str, Snippet]]]:  # fmt: skip
    """Content and snippets of what each step of a chain runs, beside the one that a job searches. Raises InvalidField."""
    steps = {name: one for name, one in chain.prompts.items() if not (isinstance(chain, ChainSearch) and name == chain.step)}
    rows = await tx.fetch(
        """SELECT v.prompt_id, v.version, v.content
             FROM prompt_versions v JOIN unnest($2::uuid[], $3::integer[]) w (prompt_id, version) USING (prompt_id, version)
            WHERE v.workspace_id = $1""",
        workspace_id,
        [one.prompt_id for one in steps.values()],
        [one.version for one in steps.values()],
    )
    there = {(row["prompt_id"], row["version"]): row["content"] for row in rows}
    for name, one in steps.items():
        if (one.prompt_id, one.version) not in there:
            raise InvalidField(f"The step {name!r} of the chain runs {one.slug}@{one.version}, which is not there any more.", param="chain")
    snippets = dict(zip(there, await snippets_of_versions(tx, workspace_id, list(there.values()), pinned=pinned), strict=True))
    return {name: (there[one.prompt_id, one.version], snippets[one.prompt_id, one.version]) for name, one in steps.items()}


async def load_model(tx: Tx, workspace_id: UUID, model: str) -> CallableModel:
    """The model as the workspace may call it. Raises InvalidField where it is gone, retired or has no price, NoProviderKey."""
    facts = await model_store.find_model(tx, model)
    route = await route_store.find_route(tx, workspace_id, facts) if facts is not None and facts.active else None
    if facts is None or route is None:
        raise InvalidField(f"The model {model[:200]!r} cannot be called: it is unknown, retired, or has no price.", param="model")
    return CallableModel(facts, route)


async def insert_suggestion(tx: Tx, job: Job, *, content: dict[str, Any], evidence: dict[str, Any], simulated: bool) -> UUID:
    """The suggestion of a job; there is at most one."""
    suggestion_id = new_uuid()
    await tx.execute(
        """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence, simulated)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        suggestion_id,
        job.workspace_id,
        job.prompt_id,
        job.slug,
        job.base_version,
        job.job_id,
        content,
        evidence,
        simulated,
    )
    return suggestion_id
