"""Finished executions of one transaction, as columns, and as facts where somebody asks for single ones."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_analytics.core.rollup import Fact, Traffic
from burnish_shared.contracts.executions import Lane
from burnish_shared.contracts.finished_columns import FinishedColumns


@dataclass(frozen=True, slots=True)
class Finished:
    """What the database said is new; None: nothing."""

    rows: FinishedColumns | None = None

    def prompts(self) -> set[tuple[UUID, str]]:
        """(workspace, slug) of all."""
        if self.rows is None:
            return set()
        return {(UUID(workspace), slug or "") for workspace, slug in set(zip(self.rows.workspace_id, self.rows.slug, strict=True))}

    def facts_of(self, prompts: Collection[tuple[UUID, str]]) -> Iterator[Fact]:
        """The executions of these (workspace, slug)."""
        if self.rows is None or not prompts:
            return
        wanted = {(str(workspace), slug) for workspace, slug in prompts}
        for n, (workspace, slug) in enumerate(zip(self.rows.workspace_id, self.rows.slug, strict=True)):
            if (workspace, slug or "") in wanted:
                yield fact_at(self.rows, n)

    def facts_by_id(self, wanted: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Fact]:
        """(workspace, execution) → fact, of those that are asked for and here."""
        if self.rows is None or not wanted:
            return {}
        texts = {(str(workspace), str(execution)) for workspace, execution in wanted}
        found = (
            fact_at(self.rows, n) for n, key in enumerate(zip(self.rows.workspace_id, self.rows.execution_id, strict=True)) if key in texts
        )
        return {(one.workspace_id, one.execution_id): one for one in found}

    def newest_of_sessions(self) -> dict[tuple[UUID, str], UUID]:
        """(workspace, session) → the newest execution of it."""
        if self.rows is None:
            return {}
        found: dict[tuple[str, str], str] = {}
        for workspace, session, execution in zip(self.rows.workspace_id, self.rows.session_id, self.rows.execution_id, strict=True):
            if session and execution > found.get((workspace, session), ""):
                found[(workspace, session)] = execution
        return {(UUID(workspace), session): UUID(execution) for (workspace, session), execution in found.items()}


def fact_at(rows: FinishedColumns, n: int) -> Fact:
    """One of the rows."""
    return Fact(
        execution_id=UUID(rows.execution_id[n]),
        workspace_id=UUID(rows.workspace_id[n]),
        slug=rows.slug[n] or "",
        version=rows.version[n] or 0,
        label=rows.label[n] or "",
        model=rows.model[n],
        traffic=traffic_of(rows.lane[n]),
        status=rows.status[n],
        finished_at=datetime.fromisoformat(rows.finished_at[n]),
        latency_ms=max(0, rows.latency_ms[n]),
        first_token_ms=rows.first_token_ms[n],
        input_tokens=rows.input_tokens[n],
        output_tokens=rows.output_tokens[n],
        cached_input_tokens=rows.cached_input_tokens[n],
        cost_nusd=rows.cost_nusd[n],
        cached=rows.cached[n],
        simulated=rows.simulated[n],
        api_key_id=rows.api_key_id[n],
        end_user=rows.end_user[n],
        app=rows.app[n],
        provider=rows.provider[n],
        provider_key_id=UUID(key) if (key := rows.provider_key_id[n]) else None,
        experiment_id=UUID(experiment) if (experiment := rows.experiment_id[n]) else None,
        arm=rows.arm[n],
        allocation_epoch=rows.allocation_epoch[n],
        unit=rows.unit[n],
        slow=rows.slow[n],
    )


def traffic_of(lane: str) -> Traffic:
    return "batch" if lane == Lane.BATCH else "live"
