"""Begin enrichments: one, or many in one call. What could never work is refused before anything costs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic as now_s
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.clarifications.start import kept_as_masked
from burnish_gateway.deps import Gateway
from burnish_gateway.enrichments import store
from burnish_gateway.enrichments.bodies import Content, FileContent
from burnish_gateway.enrichments.pdf_texts import BUSY, READ_S, WAIT_S, PdfUnreadableError
from burnish_gateway.enrichments.read_url import refuse_video_page
from burnish_gateway.enrichments.shipped import SourceType
from burnish_gateway.execution.verdicts import suspended
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound, Unavailable
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.sandbox.worker_process import Watch
from burnish_shared.tracing import new_traceparent, valid

TURNS_MOST: Final = 500
"""Of a session that is read from its executions."""

TEXT: Final = "text"


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a content is stored. `content` None: it is still to be read, or stored already."""

    content: dict[str, Any] | None
    metadata: dict[str, Any]


async def check(bodies: Sequence[Content], *, gateway: Gateway, principal: Principal) -> list[Kept]:
    """The contents as they are kept, masked where the workspace says so. Raises Suspended, Conflict, UrlUnreadable, EgressRefused, and
    InvalidField or Unavailable for a file."""
    if principal.workspace.suspended_at is not None:
        raise suspended()
    if not principal.workspace.store_content:
        raise Conflict(
            "This workspace keeps no text, and an enrichment is what is kept of one; it needs store_content and a day of retention_days."
        )
    for one in bodies:
        if one.url is not None:
            refuse_video_page(one.url)
            await gateway.egress.check(one.url)
    texts = await _texts_of_files(bodies, gateway=gateway, principal=principal)
    said = [{"content": texts.get(place) or one.kept(), "metadata": one.metadata} for place, one in enumerate(bodies)]
    return [Kept(**one) for one in await kept_as_masked(gateway, principal, said)]


async def _texts_of_files(bodies: Sequence[Content], *, gateway: Gateway, principal: Principal) -> dict[int, dict[str, Any]]:
    """What the files among them say, by their places. None is begun once those before it took as long to read as one may; or were waited
    for as long, which no fewer files would mend."""
    many, began_s, watch = len(bodies) > 1, now_s(), Watch()
    texts: dict[int, dict[str, Any]] = {}
    for place, one in enumerate(bodies):
        if not isinstance(one.content, FileContent):
            continue
        param = f"items[{place}].content.file_data" if many else "content.file_data"
        if watch.took_s > READ_S:
            raise InvalidField(
                f"{param}: the PDFs before it took {READ_S:.0f} s to read, which is the most of one call; send fewer at once.", param=param
            )
        if now_s() - began_s - watch.took_s > WAIT_S:
            raise Unavailable(f"{param}: {BUSY}")
        texts[place] = {"text": await _text_of(one.content, param, gateway=gateway, principal=principal, watch=watch)}
    return texts


async def _text_of(file: FileContent, param: str, *, gateway: Gateway, principal: Principal, watch: Watch) -> str:
    raw = await asyncio.to_thread(file.raw)
    if raw is None:
        raise InvalidField(f"{param}: must be a PDF, `data:application/pdf;base64,…`; send a text as `content`.", param=param)
    try:
        return await gateway.pdfs.read_sent(raw, tenant=str(principal.workspace_id), watch=watch)
    except PdfUnreadableError as error:
        if error.is_passing:
            raise Unavailable(f"{param}: {error.why}") from error
        raise InvalidField(f"{param}: {error.why}", param=param) from error


async def insert(
    tx: Tx, source_type: SourceType, bodies: Sequence[Content], contents: Sequence[Kept], *, principal: Principal,
    request_id: str, traceparent: str | None, group_id: UUID | None = None,
) -> list[UUID]:  # fmt: skip
    """The ids, in order. One that names a stored content reads that anew, under its id and for whoever asks now. Raises NotFound."""
    ids: list[UUID] = []
    rows: list[dict[str, Any]] = []
    of_call = {
        "actor": principal.actor, "api_key_id": principal.api_key_id, "first_key_id": principal.first_key_id,
        "user_id": principal.user_id, "traceparent": new_traceparent(valid(traceparent)), "request_id": request_id, "hops": current_hops(),
    }  # fmt: skip
    for place, (one, kept) in enumerate(zip(bodies, contents, strict=True)):
        named: dict[str, Any] = {}
        if one.id is not None:
            found = await _stored(tx, principal.workspace_id, source_type, one.id)
            if found is not None:
                await store.again(tx, principal.workspace_id, found, of_call | _said_anew(one, kept, group_id))
                ids.append(found)
                continue
            named = await _of_session(tx, principal.workspace_id, source_type, one.id, place=place, many=len(bodies) > 1)
        ids.append(new_uuid())
        rows.append(
            {
                "enrichment_id": ids[-1], "workspace_id": principal.workspace_id, "group_id": group_id, "source_type": source_type,
                "external_id": one.external_id, "session_id": named.get("session_id"), "url": one.url,
                "content": named.get("content") or kept.content, "metadata": kept.metadata,
                "end_user": one.user_id or named.get("end_user"),
            } | of_call
        )  # fmt: skip
    if rows:
        await store.insert(tx, rows)
    return ids


def _said_anew(one: Content, kept: Kept, group_id: UUID | None) -> dict[str, Any]:
    """What the call says of a stored content; what it does not say stays."""
    said = {"group_id": group_id, "external_id": one.external_id, "end_user": one.user_id}
    return {name: value for name, value in said.items() if value is not None} | (
        {"metadata": kept.metadata} if "metadata" in one.model_fields_set else {}
    )


async def _stored(tx: Tx, workspace_id: UUID, source_type: SourceType, name: str) -> UUID | None:
    try:
        row = await store.find(tx, workspace_id, UUID(name))
    except ValueError:
        row = None
    if row is not None and row["source_type"] == source_type:
        return UUID(str(row["enrichment_id"]))
    return await store.find_theirs(tx, workspace_id, source_type, name)


async def _of_session(
    tx: Tx, workspace_id: UUID, source_type: SourceType, session_id: str, *, place: int, many: bool
) -> dict[str, Any]:  # fmt: skip
    """The conversation of a session of executions. Raises NotFound."""
    rows = await store.conversation_of(tx, workspace_id, session_id, most=TURNS_MOST) if source_type == "conversation" else []
    messages: list[dict[str, str]] = []
    for row in rows:
        asked = next((one for one in reversed(row["messages"] or []) if one.get("role") == "user"), None)
        if asked is not None:
            messages.append({"role": "user", "content": _words(asked.get("content"))})
        if row["output"]:
            messages.append({"role": "assistant", "content": row["output"]})
    if not messages:
        param = f"items[{place}].id" if many else "id"
        what = "no stored content and no session with kept texts" if source_type == "conversation" else "no stored content"
        raise NotFound(f"{param}: there is {what} of this id.", param=param)
    end_user = next((row["end_user"] for row in rows if row["end_user"]), None)
    return {"session_id": session_id, "content": {"messages": messages}, "end_user": end_user}


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get(TEXT, "")) for part in content if isinstance(part, dict))
    return str(content or "")
