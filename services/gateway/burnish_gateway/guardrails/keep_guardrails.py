"""Make, change and remove guardrails, and say what is masked in rows: with the audit entry, in the caller's transaction."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.evaluators.live_store import unknown_prompt
from burnish_gateway.evaluators.try_out import checked
from burnish_gateway.guardrails import store
from burnish_gateway.guardrails.bodies import GuardrailChange, NewGuardrail, settings_json
from burnish_gateway.turns_store import take_turns
from burnish_shared.contracts.evaluators import Code
from burnish_shared.contracts.guardrails import GuardrailSettings, Masking, OwnCheck
from burnish_shared.db.changes import note_change
from burnish_shared.db.rules_book import SETTINGS
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.evaluators import Case, NoScore
from burnish_shared.guarding.rules import BadPattern, rule_of, stored_finders
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_slug

GUARDRAILS_MOST: Final = 50
"""Of one workspace: all that are for a prompt look at each of its executions."""

OF_A_CALL: Final = ("KeyError", "IndexError", "undefined", "no such")
"""Of a failure that a call's own variables and metadata may mend: nobody knows them when a guardrail is made."""

COUNTED: Final = frozenset({"phrases", "patterns"})


async def check(settings: GuardrailSettings, *, gateway: Gateway, principal: Principal) -> None:
    """Raises InvalidField for a pattern or code that is none, with line and column of the code, and for code that fails at a plain text."""
    try:
        rule_of("tried", settings)
    except BadPattern as error:
        raise InvalidField(f"settings.patterns: {error.name}: {error.message}", param="settings.patterns") from error
    if isinstance(settings, OwnCheck):
        code = Code(kind="code", language=settings.language, code=settings.code)
        evaluator = await checked(code, gateway=gateway, principal=principal)
        said = await evaluator(Case("Hello.", input="Hello."))
        if isinstance(said, NoScore) and said.kind == "failed" and not any(one in said.reason for one in OF_A_CALL):
            raise InvalidField(f"settings.code: fails at the text 'Hello.': {said.reason[:300]}", param="settings.code")


def check_masking(masking: Masking) -> None:
    """Raises InvalidField for a pattern that is none."""
    try:
        stored_finders(masking)
    except BadPattern as error:
        raise InvalidField(f"masking.patterns: {error.name}: {error.message}", param="masking.patterns") from error


async def add_guardrail(tx: Tx, principal: Principal, body: NewGuardrail) -> UUID:
    """Raises InvalidField, NotFound, Conflict."""
    await take_turns(tx, principal.workspace_id, "guardrails")
    _check_sides(body.settings, body.sides)
    await _check_name(tx, body.name, but=None)
    if await store.count(tx) >= GUARDRAILS_MOST:
        raise Conflict(f"This workspace has {GUARDRAILS_MOST} guardrails; remove one first.")
    guardrail_id = new_uuid()
    await store.add(
        tx, principal.workspace_id, guardrail_id, name=body.name, prompts=await known_prompts(tx, body.prompts), sides=_once(body.sides),
        settings=settings_json(body.settings), active=body.active, created_by=principal.actor,
    )  # fmt: skip
    await _note(tx, principal, "created", guardrail_id, before=None, after=await found(tx, guardrail_id))
    return guardrail_id


async def change_guardrail(tx: Tx, principal: Principal, guardrail_id: UUID, body: GuardrailChange) -> None:
    """Raises InvalidField, NotFound, Conflict."""
    await take_turns(tx, principal.workspace_id, "guardrails")
    before = await found(tx, guardrail_id)
    changes: dict[str, Any] = {}
    if body.name is not None:
        await _check_name(tx, body.name, but=guardrail_id)
        changes["name"] = body.name
    if body.prompts is not None:
        changes["prompts"] = await known_prompts(tx, body.prompts)
    if body.sides is not None:
        changes["sides"] = _once(body.sides)
    if body.settings is not None:
        changes["settings"] = settings_json(body.settings)
    if body.active is not None:
        changes["active"] = body.active
    _check_sides(SETTINGS.validate_python(changes.get("settings", before["settings"])), changes.get("sides", before["sides"]))
    if changes:
        await store.change(tx, guardrail_id, **changes)
    await _note(tx, principal, "changed", guardrail_id, before=before, after=await found(tx, guardrail_id))


async def remove_guardrail(tx: Tx, principal: Principal, guardrail_id: UUID) -> None:
    """Raises NotFound."""
    await take_turns(tx, principal.workspace_id, "guardrails")
    before = await found(tx, guardrail_id)
    await store.remove(tx, guardrail_id)
    await _note(tx, principal, "removed", guardrail_id, before=before, after=None)


async def put_masking(tx: Tx, principal: Principal, masking: Masking) -> None:
    """Raises InvalidField."""
    check_masking(masking)
    await take_turns(tx, principal.workspace_id, "guardrails")
    row = await store.find_masking(tx)
    await store.put_masking(tx, principal.workspace_id, masking.model_dump(mode="json"), by=principal.actor)
    before = _told(row["settings"]) if row is not None else None
    key, after = str(principal.workspace_id), _told(masking.model_dump(mode="json"))
    await note(tx, principal, action="masking.changed", kind="masking", key=key, before=before, after=after)
    await note_change(tx, workspace_id=principal.workspace_id, kind="guardrail", key="masking")


async def found(tx: Tx, guardrail_id: UUID) -> Record:
    """Raises NotFound, the same for what is absent and another tenant's."""
    row = await store.find(tx, guardrail_id)
    if row is None:
        raise NotFound("There is no guardrail of this id.", param="guardrail_id")
    return row


async def known_prompts(tx: Tx, slugs: list[str], *, param: str = "prompts") -> list[str]:
    """The slugs as they are spelled, each once. Raises NotFound for one that is no prompt here."""
    parsed: list[str] = list(dict.fromkeys(parse_slug(one, param=param) for one in slugs))
    missing = await unknown_prompt(tx, parsed)
    if missing is not None:
        raise NotFound(f"{param}: there is no prompt {missing!r}.", param=param)
    return parsed


def _check_sides(settings: GuardrailSettings, sides: Sequence[str]) -> None:
    if settings.kind == "injection" and "out" in sides:
        raise InvalidField("sides: injection looks at what callers write; leave out 'out'.", param="sides")


async def _check_name(tx: Tx, name: str, *, but: UUID | None) -> None:
    if await store.find_named(tx, name, but=but) is not None:
        raise Conflict(f"There is a guardrail {name!r} already; callers hear the name, so give another.", param="name")


def _once(sides: list[Any]) -> list[Any]:
    return list(dict.fromkeys(sides))


def _facts(row: Record) -> dict[str, Any]:
    """What the log shows: not the phrases and code themselves, which may be what nobody should read there."""
    return {name: row[name] for name in ("name", "prompts", "sides", "active")} | {"settings": _told(row["settings"])}


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: len(value) if name in COUNTED else value for name, value in settings.items() if name != "code"}


async def _note(tx: Tx, principal: Principal, what: str, guardrail_id: UUID, *, before: Record | None, after: Record | None) -> None:
    await note(
        tx, principal, action=f"guardrail.{what}", kind="guardrail", key=str(guardrail_id),
        before=None if before is None else _facts(before), after=None if after is None else _facts(after),
    )  # fmt: skip
    await note_change(tx, workspace_id=principal.workspace_id, kind="guardrail", key=str(guardrail_id))
