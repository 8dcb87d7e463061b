"""A shorter version over HTTP: proposed, and saved only when that is asked for (PRODUCT P11)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.compare.run_sides import admit_sides, until_ended
from burnish_gateway.compression.compress_version import SHOWN_MOST, Compression, Method, Shorter, compress_version, outputs_of
from burnish_gateway.compression.shorten_by_model import Marked
from burnish_gateway.deps import Gateway, GatewayParts, PromptEditor, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.execution.order import Order
from burnish_gateway.idempotency import answered_before, fingerprint_of, key_of, run_once
from burnish_gateway.registry import announce
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.bodies import ModelName, ShortText
from burnish_gateway.registry.prompt import check_not_archived
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.wire import ApiModel, make_router
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.db.session import Tx
from burnish_shared.slug import MAX_VERSION, parse_slug
from burnish_shared.tokens import tokens_in_text

router = make_router("prompts")

ROUTE: Final = "prompts.compress"


class CompressVersion(ApiModel):
    """`rules` needs no model and costs nothing; `model` asks one on top of that, by executions that are charged as any."""

    method: Method = "rules"
    model: ModelName | None = Field(default=None, description="Which model shortens; needed with the method `model`.")
    save: bool = Field(default=False, description="Saves the shorter text as the next version. No label moves to it.")
    message: ShortText = Field(default="", description="Why this version was made.")

    @model_validator(mode="after")
    def _names_its_model(self) -> "CompressVersion":
        if (self.method == "model") != (self.model is not None):
            raise ValueError("the method 'model' needs a 'model', and no other one does")
        return self


class ShorterText(BaseModel):
    """One message. `fillers`, `repeated`: what was taken away, as it stood there.

    `because`: why the model was not asked, or its answer not taken.
    """

    where: str
    before: str
    after: str
    tokens_before: int
    tokens_after: int
    fillers: list[str]
    repeated: list[str]
    because: str | None


class CompressionAnswer(BaseModel):
    """Tokens are counted by length, of the texts without their variables."""

    slug: str
    version: int
    method: Method
    tokens_before: int
    tokens_after: int
    tokens_saved: int
    saved_percent: float
    messages: list[dict[str, Any]]
    variants: list[dict[str, Any]] | None = None
    texts: list[ShorterText]
    new_version: int | None = Field(description="The version that was saved; null where none was asked for, or nothing was left out.")
    cost_nusd: int
    executions: list[str]


@router.post(
    "/v1/prompts/{slug}/versions/{version}/compress",
    response_model=CompressionAnswer,
    responses=PAID,
    summary="A shorter text of a version, with what it saves",
)
async def compress(
    slug: str,
    version: Annotated[int, Path(ge=1, le=MAX_VERSION)],
    *,
    request: Request,
    principal: PromptEditor,
    gateway: GatewayParts,
    body: CompressVersion | None = None,
) -> Response:
    """Variables, code blocks, markup, quotes, data, examples and locked blocks stay as they are. Replaces nothing by itself.

    A saved version's lineage says `compressed_from`; try it with a test run before a label moves to it.
    """
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    asked = body or CompressVersion()
    name = parse_slug(slug)
    head, found = await gateway.catalog.find(principal.workspace_id, name, version=version)
    check_not_archived(head.prompt)
    bill: list[tuple[int, list[str]]] = []

    async def ask(texts: Sequence[Marked]) -> list[str | None]:
        outputs, cost_nusd, ids = await _asked(texts, asked.model or "", request=request, gateway=gateway, principal=principal)
        bill.append((cost_nusd, ids))
        return outputs

    result = await compress_version(
        found.record.content, locked_blocks=head.prompt.locked_blocks, ask=ask if asked.method == "model" else None
    )

    async def work(tx: Tx) -> dict[str, Any]:
        saved = None
        if asked.save and result.content != found.record.content:
            given = {field: result.content.fields().get(field) for field in ("messages", "variants")}
            done = await add_version(
                tx,
                principal.workspace_id,
                name,
                given,
                base_version=version,
                author=author_of(principal),
                clock=gateway.clock,
                origin=Origin(edge="compressed_from", newest_only=False),
                change_message=asked.message or f"Compressed from version {version}",
            )
            saved = done.version.version
            if done.is_new:
                after = {"version": saved, "compressed_from": version, "tokens_saved": result.tokens_before - result.tokens_after}
                await audit.note(tx, principal, action="prompt.version.created", kind="prompt", key=name, after=after)
                await announce.prompt_changed(tx, principal.workspace_id, name)
        cost_nusd, ids = bill[0] if bill else (0, [])
        return _answer(name, version, asked.method, result, saved=saved, cost_nusd=cost_nusd, ids=ids).model_dump(mode="json")

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


async def _asked(
    texts: Sequence[Marked], model: str, *, request: Request, gateway: Gateway, principal: Principal
) -> tuple[list[str | None], int, list[str]]:
    """One execution for each text, all held for or none. With an idempotency key each is paid once, however often it is asked."""
    key = key_of(request)
    sides = await admit_sides(
        [Order(messages=one.request(), model=model, overrides={"temperature": 0}, app="burnish.compress") for one in texts],
        gateway=gateway,
        principal=principal,
        request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"),
        key=None if key is None else IdempotencyKey(ROUTE, key, fingerprint_of(await request.body(), address=request.url.path)),
        route=ROUTE,
    )
    ended = await until_ended(sides, gateway=gateway, principal=principal)
    return outputs_of([one.body for one in ended])


def _answer(
    slug: str, version: int, method: Method, result: Compression, *, saved: int | None, cost_nusd: int, ids: list[str]
) -> CompressionAnswer:
    before, after = result.tokens_before, result.tokens_after
    return CompressionAnswer(
        slug=slug,
        version=version,
        method=method,
        tokens_before=before,
        tokens_after=after,
        tokens_saved=before - after,
        saved_percent=round(100 * (before - after) / before, 1) if before else 0.0,
        messages=result.content.messages,
        variants=result.content.spec.get("variants"),
        texts=[_text(one) for one in result.texts],
        new_version=saved,
        cost_nusd=cost_nusd,
        executions=ids,
    )


def _text(one: Shorter) -> ShorterText:
    return ShorterText(
        where=one.where,
        before=one.before,
        after=one.after,
        tokens_before=tokens_in_text(one.before),
        tokens_after=tokens_in_text(one.after),
        fillers=list(one.rules.fillers[:SHOWN_MOST]),
        repeated=list(one.rules.repeated[:SHOWN_MOST]),
        because=one.because,
    )
