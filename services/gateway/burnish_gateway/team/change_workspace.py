"""Change the settings of a workspace, within what its plan allows."""

from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.evaluators import store as evaluators
from burnish_gateway.team import organization_store as store
from burnish_shared.contracts.evaluators import EvaluatorSettings, needs_expected
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

SETTINGS: Final[TypeAdapter[EvaluatorSettings]] = TypeAdapter(EvaluatorSettings)


async def settings_of(tx: Tx, workspace_id: UUID, *, plan: str) -> tuple[Record, Record]:
    """The workspace and its plan. Raises NotFound."""
    return _both(await store.find_workspace_settings(tx, workspace_id), await store.find_plan(tx, plan))


async def change_workspace(tx: Tx, principal: Principal, wanted: dict[str, Any]) -> None:
    """`wanted`: columns of `organization_store.SETTINGS`. What stays as it is leaves no entry.

    Raises InvalidField beyond the plan, and for an evaluator by which the gate cannot go.

    The transaction is the workspace's. Writes the change note.
    """
    workspace_id = principal.workspace_id
    row, plan = _both(await store.lock_workspace_settings(tx, workspace_id), await store.find_plan(tx, principal.workspace.plan))
    _check_plan(wanted, plan)
    changes = {name: value for name, value in wanted.items() if row[name] != value}
    if not changes:
        return
    if (evaluator_id := changes.get("gate_evaluator_id")) is not None:
        await check_gate_evaluator(tx, evaluator_id)
    await store.change_workspace(tx, workspace_id, changes)
    await note(
        tx, principal, action="workspace.changed", kind="workspace", key=str(workspace_id),
        before={name: _as_json(row[name]) for name in changes}, after={name: _as_json(value) for name, value in changes.items()},
    )  # fmt: skip
    await note_change(tx, workspace_id=workspace_id, kind="workspace", key=str(workspace_id))


async def check_gate_evaluator(tx: Tx, evaluator_id: UUID) -> None:
    """The gate asks it of answers to items without a right answer: it must be there, and say something of them. Raises InvalidField."""
    found = await evaluators.find(tx, evaluator_id)
    if found is None:
        raise InvalidField("gate_evaluator_id: there is no evaluator of this id.", param="gate_evaluator_id")
    if found["archived_at"] is not None:
        raise InvalidField(f"gate_evaluator_id: the evaluator '{found['name']}' is archived.", param="gate_evaluator_id")
    settings = SETTINGS.validate_python(found["settings"])
    if needs_expected(settings, has_other=False):
        raise InvalidField(
            f"gate_evaluator_id: the evaluator '{found['name']}' ({settings.kind}) compares with a right answer, or with "
            "another answer; the gate asks it of answers to items that have none. Name one that needs no right answer.",
            param="gate_evaluator_id",
        )


def _as_json(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _check_plan(wanted: dict[str, Any], plan: Record) -> None:
    for name, most, unit in (
        ("retention_days", plan["retention_days_most"], "days"),
        ("rate_limit_per_minute", plan["rate_limit_per_minute"], "requests a minute"),
        ("token_limit_per_minute", plan["token_limit_per_minute"], "tokens a minute"),
    ):
        value = wanted.get(name)
        if value is not None and most is not None and value > most:
            raise InvalidField(f"{name}: the plan {plan['plan']!r} allows at most {most} {unit}.", param=name)
    if wanted.get("platform_keys") and not plan["platform_keys"]:
        raise InvalidField(f"platform_keys: the plan {plan['plan']!r} has no use of the operator's keys.", param="platform_keys")


def _both(row: Record | None, plan: Record | None) -> tuple[Record, Record]:
    if row is None or plan is None:
        raise NotFound("There is no workspace of this id, or you do not belong to it.")
    return row, plan
