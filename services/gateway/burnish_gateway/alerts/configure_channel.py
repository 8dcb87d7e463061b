"""Make, change, delete and try alert channels. Every change is in the audit log, without what is secret."""

from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.alerts import channel_store as store
from burnish_gateway.alerts.channel_bodies import DEFAULT_REGION, ChannelAnswer, ChannelChange, ChannelFilters, NewChannel, check_fields
from burnish_gateway.alerts.known_prompts import check_prompts
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.alert_channels import channel_context
from burnish_shared.db.session import Tx
from burnish_shared.egress import Target, same_place
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid

CHANNELS_MOST = 50
"""Each alert is compared with every channel of its workspace."""

KIND: Final = "alert_channel"


async def create_channel(tx: Tx, principal: Principal, body: NewChannel, *, target: Target | None, keyring: Keyring) -> ChannelAnswer:
    """`target` is the URL, where one was given, as the egress guard passed it. Raises Conflict for a taken name, and beyond the most."""
    await take_turns(tx, principal.workspace_id, "alert_channels")
    if await store.count(tx) >= CHANNELS_MOST:
        raise Conflict(f"A workspace has at most {CHANNELS_MOST} alert channels; delete one first.")
    await _check_filters(tx, body.filters, kind=body.kind)
    channel_id = new_uuid()
    await _check_name(tx, body.name, channel_id)
    settings: dict[str, Any] = {"recipients": body.recipients} if body.kind == "email" else {}
    if body.kind == "pagerduty":
        settings = {"region": body.region}
    secret = _secret(body.kind, body, target=target, into=settings)
    values = {
        "name": body.name,
        "settings": settings,
        "secret_sealed": _sealed(secret, keyring, principal, channel_id),
        "filters": body.filters.stored(),
        "enabled": body.enabled,
    }
    await store.insert(tx, principal.workspace_id, channel_id, kind=body.kind, values=values)
    made = await find_channel(tx, channel_id)
    await audit.note(tx, principal, action="alert_channel.created", kind=KIND, key=str(channel_id), after=_facts(made))
    return made


async def change_channel(
    tx: Tx, principal: Principal, channel_id: UUID, *, body: ChannelChange, target: Target | None, keyring: Keyring
) -> ChannelAnswer:
    """What is left out stays; null takes off filters and what PagerDuty has by itself (`url`, `region`).

    Raises NotFound, Conflict, and InvalidField for what means nothing to this kind or cannot be null.
    """
    if body.name is not None:
        await take_turns(tx, principal.workspace_id, "alert_channels")
    await store.lock(tx, channel_id)
    before = await find_channel(tx, channel_id)
    try:
        check_fields(before.kind, body.model_fields_set)
    except ValueError as error:
        raise InvalidField(f"{error}.", param=str(error).partition(":")[0]) from error
    for name in sorted(_never_null(before.kind) & body.model_fields_set):
        if getattr(body, name) is None:
            raise InvalidField(f"{name}: cannot be null; leave it out and it stays.", param=name)
    settings = {
        name: value
        for name, value in {
            "recipients": body.recipients or before.recipients,
            "region": body.region or (DEFAULT_REGION if "region" in body.model_fields_set else before.region),
            "url": None if "url" in body.model_fields_set else before.url,
            "address": before.address,
        }.items()
        if value is not None
    }
    secret = _secret(before.kind, body, target=target, into=settings)
    if secret is None and before.kind == "pagerduty":
        _check_place(before, settings)
    changes: dict[str, Any] = {"settings": settings}
    if body.name is not None:
        await _check_name(tx, body.name, channel_id)
        changes["name"] = body.name
    if secret is not None:
        changes["secret_sealed"] = _sealed(secret, keyring, principal, channel_id)
    if "filters" in body.model_fields_set and body.filters is None:
        changes["filters"] = {}
    elif body.filters is not None:
        await _check_filters(tx, body.filters, kind=before.kind)
        changes["filters"] = body.filters.stored()
    if body.enabled is not None:
        changes["enabled"] = body.enabled
    await store.change(tx, channel_id, changes)
    after = await find_channel(tx, channel_id)
    facts = _facts(after) | ({"secret": "replaced"} if secret is not None else {})
    await audit.note(tx, principal, action="alert_channel.changed", kind=KIND, key=str(channel_id), before=_facts(before), after=facts)
    return after


async def delete_channel(tx: Tx, principal: Principal, channel_id: UUID) -> None:
    """What was still to be told by it is not told. Raises NotFound."""
    await store.lock(tx, channel_id)
    before = await find_channel(tx, channel_id)
    await store.delete(tx, channel_id)
    await audit.note(tx, principal, action="alert_channel.deleted", kind=KIND, key=str(channel_id), before=_facts(before))


async def test_channel(tx: Tx, principal: Principal, channel_id: UUID) -> UUID:
    """Has the webhooks service send a test notice, also by a channel that is switched off. Returns the notice's id. Raises NotFound."""
    await store.lock(tx, channel_id)  # whoever removes it waits, or is waited for
    channel = await find_channel(tx, channel_id)
    notice_id = new_uuid()
    body = {
        "kind": "test",
        "severity": "info",
        "summary": f"This is a test of the alert channel “{channel.name}”. Nothing is wrong.",
        "asked_by": principal.actor,
    }
    await store.add_test(tx, principal.workspace_id, channel_id, notice_id, body=body)
    return notice_id


async def find_channel(tx: Tx, channel_id: UUID) -> ChannelAnswer:
    """Raises NotFound."""
    found = await store.find(tx, channel_id)
    if found is None:
        raise no_such_channel()
    return found


def no_such_channel() -> NotFound:
    return NotFound("There is no such alert channel in this workspace.", param="channel_id")


def _secret(kind: str, body: NewChannel | ChannelChange, *, target: Target | None, into: dict[str, Any]) -> str | None:
    """What is to be sealed of what was given, if anything; what may be shown of it goes `into` the settings."""
    if kind == "pagerduty":
        if target is not None:
            into["url"] = target.url
        if body.routing_key is None:
            return None
        into["address"] = f"…{body.routing_key[-4:]}"
        return body.routing_key
    if target is None:
        return None
    into["address"] = target.host
    return target.url


def _check_place(before: ChannelAnswer, settings: dict[str, Any]) -> None:
    """A key that nobody may read goes nowhere but where it was given for. Raises InvalidField."""
    url, region = settings.get("url"), settings.get("region")
    if same_place(before.url, url) if before.url and url else (before.url, before.region) == (url, region):
        return
    raise InvalidField(
        "routing_key: url and region lead to another server than the one that the stored key was given for: give the key anew beside them.",
        param="routing_key",
    )


def _sealed(secret: str | None, keyring: Keyring, principal: Principal, channel_id: UUID) -> bytes | None:
    return keyring.seal(secret.encode(), context=channel_context(principal.workspace_id, channel_id)) if secret is not None else None


async def _check_filters(tx: Tx, filters: ChannelFilters, *, kind: str) -> None:
    if kind == "pagerduty" and filters.kinds and set(filters.kinds) == {"experiment"}:
        raise InvalidField(
            "filters.kinds: PagerDuty hears of no experiment, so it would hear of nothing; name another kind.", param="filters.kinds"
        )
    await check_prompts(tx, filters.prompts or [], kinds=filters.kinds or [], param="filters.prompts")


def _never_null(kind: str) -> frozenset[str]:
    """Settings that a channel of this kind cannot be without."""
    return frozenset({"name", "enabled", "recipients", "routing_key"} | (set() if kind == "pagerduty" else {"url", "region"}))


async def _check_name(tx: Tx, name: str, channel_id: UUID) -> None:
    if await store.name_is_taken(tx, name, besides=channel_id):
        raise Conflict("There is an alert channel of that name already.", param="name")


def _facts(channel: ChannelAnswer) -> dict[str, Any]:
    return channel.model_dump(mode="json", include={"kind", "name", "recipients", "region", "url", "address", "filters", "enabled"})
