"""Make, change and close budgets: the row, its account, the audit entry and the change note, in the caller's transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_store as store
from burnish_gateway.billing.budget import BUDGETS_MOST, Period, TargetKind
from burnish_gateway.turns_store import take_turns
from burnish_shared.books.user_accounts import EACH
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_slug

WARN_PERCENT = 80
"""Where nothing is said, a budget warns when this share of it is spent or held."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A budget as it is asked for. `target_id`: id of the key, slug of the prompt, the caller's own user id, `*` for each
    end user by themselves; None for the workspace."""

    target_kind: TargetKind
    target_id: str | None
    limit_nusd: int
    period: Period
    name: str | None = None
    warn_percent: int | None = WARN_PERCENT
    hard: bool = True


async def add_budget(tx: Tx, principal: Principal, wish: Wish) -> UUID:
    """Raises NotFound for a key or prompt that is not there, Conflict where the target has a budget of this period.

    The caller writes nothing after it: it ends with the change note.
    """
    await take_turns(tx, principal.workspace_id, "budgets")
    if await store.count_open(tx) >= BUDGETS_MOST:
        raise Conflict(f"This workspace has {BUDGETS_MOST} budgets; close one first.")
    target_id = await stored_target(tx, wish.target_kind, wish.target_id)
    budget_id, workspace_id = new_uuid(), principal.workspace_id
    warn_nusd = warn_at(wish.limit_nusd, wish.warn_percent)
    account_id = await store.make_account(
        tx, workspace_id, budget_id, limit_nusd=wish.limit_nusd, warn_nusd=warn_nusd, period=wish.period, hard=wish.hard
    )
    name = wish.name or f"{_words(wish.target_kind, target_id)} a {wish.period}"
    made = await store.insert_budget(
        tx, workspace_id, budget_id, account_id, created_by=principal.actor, name=name, target_kind=wish.target_kind, target_id=target_id,
        period=wish.period, limit_nusd=wish.limit_nusd, warn_percent=wish.warn_percent, hard=wish.hard,
    )  # fmt: skip
    if not made:
        raise Conflict(
            f"This {wish.target_kind.replace('_', ' ')} has a budget for each {wish.period} already; change it with PATCH, or delete it.",
            param="target_id",
        )
    await _note(tx, principal, "created", await _shown(tx, budget_id), before=None)
    return budget_id


async def change_budget(tx: Tx, principal: Principal, budget_id: UUID, changes: dict[str, object]) -> None:
    """Only what is named changes; what is spent and held stays. Raises NotFound.

    The caller reads nothing after it: admissions of a budget for each end user wait until this transaction ends.
    """
    await store.lock_budget(tx, budget_id)
    before = await _shown(tx, budget_id)
    after = dict(before) | changes
    if any(after[name] != before[name] for name in ("limit_nusd", "warn_percent", "hard")):
        await store.change_account(
            tx,
            principal.workspace_id,
            budget_id,
            limit_nusd=after["limit_nusd"],
            warn_nusd=warn_at(after["limit_nusd"], after["warn_percent"]),
            period=before["period"],
            hard=after["hard"],
        )
    await store.change_budget(
        tx, budget_id, name=after["name"], limit_nusd=after["limit_nusd"], warn_percent=after["warn_percent"], hard=after["hard"]
    )
    if _facts(after) != _facts(before):
        await _note(tx, principal, "changed", after, before=before)


async def close_budget(tx: Tx, principal: Principal, budget_id: UUID) -> None:
    """It binds nothing any more; what it counted stays readable. Raises NotFound."""
    await store.lock_budget(tx, budget_id)
    before = await _shown(tx, budget_id)
    await store.close_account(tx, principal.workspace_id, budget_id)
    await store.close_budget(tx, budget_id)
    await _note(tx, principal, "closed", None, before=before)


async def keep_key_budget(tx: Tx, principal: Principal, first_key_id: UUID, wish: Wish | None) -> None:
    """The key's budget of the wished period is made, or gets its limit; None: those that it has are closed."""
    found = await store.list_key_budgets(tx, first_key_id)
    if wish is None:
        for one in found:
            await close_budget(tx, principal, one["budget_id"])
        return
    same = next((one for one in found if one["period"] == wish.period), None)
    if same is None:
        await add_budget(tx, principal, wish)
    elif same["limit_nusd"] != wish.limit_nusd:
        await change_budget(tx, principal, same["budget_id"], {"limit_nusd": wish.limit_nusd})


def warn_at(limit_nusd: int, warn_percent: int | None) -> int | None:
    """From which amount on a budget warns, rounded up; None: never."""
    return None if warn_percent is None else -(-limit_nusd * warn_percent // 100)


async def stored_target(tx: Tx, kind: TargetKind, target_id: str | None) -> str:
    """How the target stands in its row. Raises InvalidField, NotFound."""
    if kind == "workspace":
        if target_id is not None:
            raise InvalidField("target_id: the workspace is named by its kind alone; leave it out.", param="target_id")
        return ""
    if not target_id:
        raise InvalidField(f"target_id: is needed for a budget of kind {kind}.", param="target_id")
    if kind == "prompt":
        prompt_id = await store.find_prompt(tx, parse_slug(target_id, param="target_id"))
        if prompt_id is None:
            raise NotFound(f"There is no prompt {target_id[:63]!r}.", param="target_id")
        return str(prompt_id)
    if kind == "api_key":
        key = _uuid(target_id)
        line = None if key is None else await store.find_key_line(tx, key)
        if line is None:
            raise NotFound("There is no API key of this id.", param="target_id")
        return str(line)
    return target_id


def _words(kind: TargetKind, target_id: str) -> str:
    return "each end user" if kind == "end_user" and target_id == EACH else kind.replace("_", " ")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _shown(tx: Tx, budget_id: UUID) -> Record:
    row = await store.find_budget(tx, budget_id)
    if row is None or row["closed_at"] is not None:
        raise NotFound("There is no budget of this id, or it is closed.", param="budget_id")
    return row


async def _note(tx: Tx, principal: Principal, what: str, row: Record | dict[str, Any] | None, *, before: Record | None) -> None:
    shown = row or before
    assert shown is not None  # noqa: S101 – one of both is always there
    await note(tx, principal, action=f"budget.{what}", kind="budget", key=str(shown["budget_id"]), before=_facts(before), after=_facts(row))
    await note_change(tx, workspace_id=principal.workspace_id, kind="budget", key=str(shown["budget_id"]))


def _facts(row: Record | dict[str, Any] | None) -> dict[str, object] | None:
    """What the audit log keeps. An end user's id is left out, and what their budget is called: the log outlives what is forgotten of
    people."""
    if row is None:
        return None
    facts = {name: row[name] for name in ("name", "target_kind", "target_id", "period", "limit_nusd", "warn_percent", "hard")}
    return facts | ({"target_id": None, "name": None} if row["target_kind"] == "end_user" and row["target_id"] != EACH else {})
