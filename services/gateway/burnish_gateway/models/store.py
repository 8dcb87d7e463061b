"""A workspace's own models in SQL, and every price that they had."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db import model_store
from burnish_shared.db.model_store import PRICES, SCORES
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

FIELDS: Final = (
    "provider", "upstream_model", "base_url", "display_name", "context_tokens", "output_tokens", *PRICES, "price_tiers", "capabilities",
    "preferred_for", "priority", *SCORES, "fallback_model", "successor", "deprecated_at", "sunset_at", "last_tested_at", "notes",
)  # fmt: skip

PRICED: Final = (*PRICES, "price_tiers")

PUT: Final = (
    f"INSERT INTO workspace_models (workspace_id, model, price_version, updated_at, {', '.join(FIELDS)}) "
    f"VALUES ({', '.join(f'${n}' for n in range(1, len(FIELDS) + 5))}) ON CONFLICT (workspace_id, model) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in ('price_version', 'updated_at', *FIELDS))}"
)


async def lock_model(tx: Tx, workspace_id: UUID, model: str) -> Record | None:
    """The workspace's own model, whole; nobody else changes it, or adds it, until the transaction ends."""
    await _one_at_a_time(tx, f"{workspace_id} {model}")
    return await tx.fetchrow(
        f"SELECT price_version, active, {', '.join(FIELDS)} FROM workspace_models WHERE workspace_id = $1 AND model = $2 FOR UPDATE",
        workspace_id,
        model,
    )


async def _one_at_a_time(tx: Tx, name: str) -> None:
    """A row that is not there yet cannot be locked, and two who add it would give its first prices the same number."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.models'), hashtext($1))", name)


async def keep_models(tx: Tx, workspace_id: UUID, models: Sequence[str]) -> None:
    """The workspace's own of these names stay until the transaction ends: who removes one waits, and who has removed one is waited for."""
    await tx.execute(
        "SELECT FROM workspace_models WHERE workspace_id = $1 AND model = ANY ($2) ORDER BY model FOR KEY SHARE", workspace_id, list(models)
    )


async def keep_known(tx: Tx, workspace_id: UUID, models: Iterable[tuple[str, str | None]]) -> None:
    """As `keep_models`. `models`: each with the field that names it; None: it names none. Raises InvalidField for one that was removed
    since somebody looked whether it can be called."""
    wanted = [(field, model) for field, model in models if model is not None]
    await keep_models(tx, workspace_id, [model for _, model in wanted])
    for field, model in wanted:
        if await model_store.find_model(tx, model) is None:
            raise InvalidField(f"{field}: there is no model {model[:200]!r} any more.", param=field)


async def put_model(tx: Tx, workspace_id: UUID, model: str, said: Mapping[str, Any], *, was: Record | None, by: str, now: datetime) -> None:
    """Adds the model, or replaces what it said. Other prices are a new price version, which is kept for good."""
    version: str = was["price_version"] if was is not None else ""
    if was is None or any(was[name] != said[name] for name in PRICED):
        count = await tx.fetchval("SELECT count(*) FROM model_prices WHERE workspace_id = $1 AND model = $2", workspace_id, model)
        version = f"own-{now:%Y%m%dT%H%M%S}-{count + 1}"
        await tx.execute(
            "INSERT INTO model_prices (workspace_id, model, price_version, prices, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6)",
            workspace_id,
            model,
            version,
            {name.replace("_price", ""): said[name] for name in PRICES if said[name] is not None} | {"tiers": said["price_tiers"]},
            by,
            now,
        )
    await tx.execute(PUT, workspace_id, model, version, now, *(said[name] for name in FIELDS))


PLATFORM_FIELDS: Final = tuple(name for name in FIELDS if name != "base_url")

PUT_PLATFORM: Final = (
    f"INSERT INTO platform_models (model, price_version, updated_at, active, retired_at, {', '.join(PLATFORM_FIELDS)}) "
    f"VALUES ({', '.join(f'${n}' for n in range(1, len(PLATFORM_FIELDS) + 6))}) ON CONFLICT (model) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in ('price_version', 'updated_at', 'active', 'retired_at', *PLATFORM_FIELDS))}"
)


async def lock_platform_model(tx: Tx, model: str) -> Record | None:
    """As `lock_model`, for the platform."""
    await _one_at_a_time(tx, model)
    return await tx.fetchrow(
        f"SELECT price_version, active, retired_at, {', '.join(PLATFORM_FIELDS)} FROM platform_models WHERE model = $1 FOR UPDATE", model
    )


async def put_platform_model(tx: Tx, model: str, said: Mapping[str, Any], *, was: Record | None, by: str, now: datetime) -> None:
    """As `put_model`, for the platform. `said` says whether it is active."""
    other = was is None or any(was[name] != said[name] for name in PRICED)
    version: str = was["price_version"] if was is not None else ""
    if other:
        count = await tx.fetchval("SELECT count(*) FROM platform_model_prices WHERE model = $1", model)
        version = f"platform-{now:%Y%m%dT%H%M%S}-{count + 1}"
    retired_at = None if said["active"] else (was["retired_at"] if was is not None else None) or now
    fields = (said[name] for name in PLATFORM_FIELDS)
    await tx.execute(PUT_PLATFORM, model, version, now, said["active"], retired_at, *fields)
    if other:
        prices = {name.replace("_price", ""): said[name] for name in PRICES if said[name] is not None} | {"tiers": said["price_tiers"]}
        await tx.execute(
            "INSERT INTO platform_model_prices (model, price_version, prices, set_by, set_at) VALUES ($1, $2, $3, $4, $5)",
            model,
            version,
            prices,
            by,
            now,
        )


async def platform_models_among(tx: Tx, models: Sequence[str]) -> set[str]:
    """Those of these names that the operator offers, or has retired."""
    return {row["model"] for row in await tx.fetch("SELECT model FROM platform_models WHERE model = ANY ($1)", list(models))}


async def is_provider(tx: Tx, provider: str) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM providers WHERE provider = $1)", provider))


async def revive_model(tx: Tx, workspace_id: UUID, model: str) -> None:
    """A model that was retired can be called again."""
    await tx.execute(
        "UPDATE workspace_models SET active = true, retired_at = NULL WHERE workspace_id = $1 AND model = $2 AND NOT active",
        workspace_id,
        model,
    )


async def delete_model(tx: Tx, workspace_id: UUID, model: str) -> None:
    """Its prices stay: executions name them."""
    await tx.execute("DELETE FROM workspace_models WHERE workspace_id = $1 AND model = $2", workspace_id, model)


async def list_prices(tx: Tx, workspace_id: UUID, model: str) -> Sequence[Record]:
    """Of the workspace's own model; where it has none, of the platform's, and after them of an own one that was removed.

    Newest first, the last hundred. `scope`: `workspace` or `platform`.
    """
    return await tx.fetch(
        "SELECT price_version, prices, set_by, set_at, scope FROM ("
        "SELECT price_version, prices, set_by, set_at, 'workspace' AS scope FROM model_prices WHERE workspace_id = $1 AND model = $2 "
        "UNION ALL SELECT price_version, prices, 'operator', set_at, 'platform' FROM platform_model_prices WHERE model = $2 "
        "AND NOT EXISTS (SELECT FROM workspace_models WHERE workspace_id = $1 AND model = $2)) p "
        "ORDER BY scope, set_at DESC, price_version DESC LIMIT 100",
        workspace_id,
        model,
    )


async def end_model(tx: Tx, workspace_id: UUID, model: str, *, successor: str | None, sunset_at: datetime | None, now: datetime) -> None:
    """Retires it, or with a date marks it as deprecated. A successor that is not named stays."""
    await tx.execute(
        "UPDATE workspace_models SET successor = coalesce($3, successor), active = active AND $4::timestamptz IS NOT NULL, "
        "deprecated_at = least(deprecated_at, $5), sunset_at = coalesce($4, sunset_at), "
        "retired_at = CASE WHEN $4::timestamptz IS NULL THEN $5 END, updated_at = $5 WHERE workspace_id = $1 AND model = $2",
        workspace_id,
        model,
        successor,
        sunset_at,
        now,
    )


async def prompts_that_use(tx: Tx, workspace_id: UUID, model: str) -> Sequence[Record]:
    """Versions that a label names or that are the newest of their prompt, and call this model or fall back to it; with the labels."""
    return await tx.fetch(
        """SELECT p.slug, v.version, array_agg(l.label ORDER BY l.label) FILTER (WHERE l.label IS NOT NULL) AS labels,
                  v.model = $2 AS is_first
             FROM prompts p
             JOIN prompt_versions v ON v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id
             LEFT JOIN prompt_labels l ON l.workspace_id = v.workspace_id AND l.prompt_id = v.prompt_id AND l.version = v.version
            WHERE p.workspace_id = $1 AND (l.label IS NOT NULL OR v.version = p.latest_version)
              AND (v.model = $2 OR v.content::jsonb -> 'fallback_models' ? $2)
            GROUP BY p.slug, v.version, v.model ORDER BY p.slug, v.version""",
        workspace_id,
        model,
    )


async def newest_runs(tx: Tx, workspace_id: UUID, model: str, *, slug: str, version: int) -> Sequence[Record]:
    """The newest completed test run of that version with that model on each dataset and split."""
    return await tx.fetch(
        """SELECT DISTINCT ON (dataset_id, split) test_run_id, dataset_id, split
             FROM test_runs WHERE workspace_id = $1 AND model = $2 AND slug = $3 AND version = $4
              AND status = 'completed' AND failed_of IS NULL
            ORDER BY dataset_id, split, created_at DESC""",
        workspace_id,
        model,
        slug,
        version,
    )


async def last_tested(tx: Tx, workspace_id: UUID, models: Sequence[str]) -> dict[str, datetime]:
    """When the newest completed test run of the workspace with each of these models ended; of those that had one."""
    rows = await tx.fetch(
        """SELECT m.model, r.finished_at FROM unnest($2::text[]) m(model)
             CROSS JOIN LATERAL (SELECT finished_at FROM test_runs WHERE workspace_id = $1 AND model = m.model AND status = 'completed'
                                  ORDER BY finished_at DESC LIMIT 1) r""",
        workspace_id,
        list(models),
    )
    return {row["model"]: row["finished_at"] for row in rows}


async def measured(tx: Tx, workspace_id: UUID, model: str, *, since: datetime) -> Sequence[Record]:
    """Sums by hour over the executions of a model, without those of tests."""
    return await tx.fetch(
        """SELECT executions, successes, cancelled, blocked, latency FROM rollups
            WHERE workspace_id = $1 AND grain = 'hour' AND bucket >= $2 AND model = $3 AND traffic = 'live'""",
        workspace_id,
        since,
        model,
    )


MEASURED_OVER: Final = timedelta(days=7)
