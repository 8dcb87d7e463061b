"""Experiments for the tests of the page: real ones, with users that are seeded and counted by analytics' own tables."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from burnish_analytics.core.rollup import COST, SATISFACTION, SUCCESSES, Deltas, Experiment
from burnish_analytics.io.rollup_store import add_deltas
from burnish_optimizer.core.percentiles_due import GROWTH
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.experiments.assign import Allocation, bucket_of
from burnish_shared.ids import new_uuid
from tests.integration.analytics.traffic import analytics_on, execution, thumb
from tests.page.browser import PATIENCE_MS

if TYPE_CHECKING:
    from tests.page.site import Site

ARMS = [{"name": "control", "label": "production"}, {"name": "candidate", "version": 2}]


async def two_versions(site: "Site", slug: str | None = None) -> str:
    """A prompt with production on version 1, and a version 2. Returns its slug."""
    slug = slug or f"trial-{uuid4().hex[:8]}"
    await site.call(
        "POST", "/v1/prompts", {"slug": slug, "template": "Answer {{topic}} in short.", "model": "simulated/chat", "label": "production"}
    )
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "template": "Answer {{topic}} in one sentence."})
    return slug


async def drafted(site: "Site", slug: str, **changed: Any) -> str:
    return str((await site.call("POST", "/v1/experiments", {"name": "One sentence", "prompt": slug, "arms": ARMS} | changed))["id"])


async def started(site: "Site", slug: str, **changed: Any) -> str:
    experiment = await drafted(site, slug, **changed)
    await site.call("POST", f"/v1/experiments/{experiment}/start")
    return experiment


async def answered_before(site: "Site", slug: str, latencies: Sequence[int]) -> None:
    """As many answers of `production`, of an end user each, an hour ago."""
    await site.connection.execute(
        """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
             cached_input_tokens, usage_source, cost_nusd, latency_ms, attempts, finished_at, details, slug, version, label, end_user)
           SELECT id, (SELECT workspace_id FROM prompts WHERE slug = $1), 1, 'interactive', 'success', 'simulated/chat', 'simulated', 1, 1,
                  0, 'provider', 0, ms, '[]', clock_timestamp() - interval '1 hour', '{}', $1, 1, 'production', 'user' || n
             FROM unnest($2::uuid[], $3::integer[]) WITH ORDINALITY AS u(id, ms, n)""",
        slug, [new_uuid() for _ in latencies], list(latencies),
    )  # fmt: skip


Scored = tuple[str, Mapping[str, float]]
"""`evaluator:<id>@<version>`, and the mean score of each arm."""


async def scoring(site: "Site", slug: str, **changed: Any) -> tuple[str, str, str]:
    """An evaluator that scores the prompt live: its id, its name, and the id of the live evaluation."""
    name = f"Says parcel {uuid4().hex[:6]}"
    made = await site.call("POST", "/v1/evaluators", {"name": name, "settings": {"kind": "contains", "phrases": ["parcel"]}})
    live = await site.call("POST", "/v1/live-evaluations", {"evaluator_id": made["id"], "prompts": [slug], **changed})
    return str(made["id"]), name, str(live["id"])


@dataclass
class Crowd:
    """Users of one running experiment. `come` waits until the optimizer has looked at them."""

    site: "Site"
    experiment: str
    dice: random.Random
    came: int = 0
    answered: int = 0

    async def come(
        self, n: int, satisfied: Mapping[str, float], *, lost: Mapping[str, float] | None = None, scored: Scored | None = None
    ) -> dict[str, Any]:
        """`n` new users, one answer and one thumb each. `lost`: arm → part of its users that never arrive. `scored`: by whom, and with
        which mean in each arm, three answers of four. Returns the experiment."""
        row = await self.site.connection.fetchrow("SELECT epoch, hash_key FROM experiments WHERE experiment_id = $1", UUID(self.experiment))
        ranges = await self.site.connection.fetchval(
            "SELECT ranges FROM experiment_epochs WHERE experiment_id = $1 AND epoch = $2", UUID(self.experiment), row["epoch"]
        )
        db = await Database.open(self.site.database_url, application_name="page-crowd", max_size=1)
        try:
            allocation, deltas = Allocation.of(json.loads(ranges)), Deltas()
            for _ in range(n):
                self.came += 1
                unit = f"user:{self.came}"
                arm = allocation.arm_at(bucket_of(row["hash_key"], unit))
                if arm is None or self.dice.random() < (lost or {}).get(arm, 0.0):
                    continue
                part = Experiment(self.site.workspace_id, UUID(self.experiment), row["epoch"], arm, unit)
                deltas.add_observation(part, SUCCESSES, 1, Decimal(1))
                deltas.add_observation(part, SATISFACTION, 1, Decimal(self.dice.random() < satisfied[arm]))
                deltas.add_observation(part, COST, 1, Decimal(self.dice.randint(500_000, 1_000_000)))
                if scored is not None and self.dice.random() < 0.75:
                    metric, means = scored
                    deltas.add_observation(part, metric, 1, Decimal(self.dice.random() < means[arm]))
                self.answered += 1
            async with db.unit_of_work(workspaces={self.site.workspace_id}) as tx:
                await add_deltas(tx, deltas)
        finally:
            await db.close()
        return await self._seen()

    async def wait(self, n: int, slower: Mapping[str, float]) -> dict[str, Any]:
        """`n` new users whose answer took some time, with a thumb each; so much slower in each arm. Returns the experiment."""
        row = await self.site.connection.fetchrow("SELECT epoch, hash_key FROM experiments WHERE experiment_id = $1", UUID(self.experiment))
        ranges = await self.site.connection.fetchval(
            "SELECT ranges FROM experiment_epochs WHERE experiment_id = $1 AND epoch = $2", UUID(self.experiment), row["epoch"]
        )
        allocation, told = Allocation.of(json.loads(ranges)), []
        for _ in range(n):
            self.came += 1
            unit = f"user:{self.came}"
            arm = allocation.arm_at(bucket_of(row["hash_key"], unit))
            if arm is None:
                continue
            took = round(self.dice.lognormvariate(6, 0.5) * slower[arm])
            one = execution(
                self.site.workspace_id, experiment_id=UUID(self.experiment), arm=arm, allocation_epoch=row["epoch"], unit=unit,
                end_user=str(self.came), latency_ms=took, cost_nusd=self.dice.randint(500_000, 1_000_000), slow=took > 900,
                finished_at=SystemClock().now(), status="success" if self.dice.random() < 0.95 else "error",
            )  # fmt: skip
            told += [one, thumb(one, int(self.dice.random() < 0.7), user_id=str(self.came))]
            self.answered += 1
        db = await Database.open(self.site.database_url, application_name="page-crowd", max_size=2)
        try:
            await analytics_on(db, self.site.database_url).count(*told)
        finally:
            await db.close()
        return await self._seen(percentiles=True)

    async def _seen(self, *, percentiles: bool = False) -> dict[str, Any]:
        """Once the optimizer has looked at all of them, or it is over. `percentiles`: and shows those that stay until a tenth more came;
        they are read beside the looks."""
        async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
            while True:
                found: dict[str, Any] = await self.site.call("GET", f"/v1/experiments/{self.experiment}")
                results = found["results"]
                is_seen = "looked_at" in results and _answers(results) == self.answered
                if found["status"] == "completed" or (is_seen and (not percentiles or _read(results) * GROWTH > self.answered)):
                    return found
                await asyncio.sleep(0.05)


def _answers(results: dict[str, Any]) -> int:
    return sum(one["calls"] for one in results["arms"])


def _read(results: dict[str, Any]) -> int:
    """Units whose latencies the percentiles are of; 0 before they were read."""
    return sum(arm["units"] for one in results.get("figures", []) if one["metric"] == "latency_p95_ms" for arm in one["arms"])


async def crowd_of(site: "Site", experiment: str, *, seed: int = 7) -> Crowd:
    """Who is in which arm follows from the seed too."""
    await site.connection.execute("UPDATE experiments SET hash_key = $2 WHERE experiment_id = $1", UUID(experiment), UUID(int=seed))
    return Crowd(site, experiment, random.Random(seed))
