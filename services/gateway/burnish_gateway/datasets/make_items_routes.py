"""`POST /v1/datasets/{id}/synthetic`: items that a model makes up from a prompt, its variables and its failures (PRODUCT D1)."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.compare.run_sides import admit_sides, until_ended
from burnish_gateway.compression.compress_version import outputs_of
from burnish_gateway.datasets import make_items_store, store
from burnish_gateway.datasets.add_items import add_items
from burnish_gateway.datasets.answers import AddedAnswer, added_answer
from burnish_gateway.datasets.dataset import Change, check_unarchived, no_such_dataset
from burnish_gateway.datasets.make_items import (
    ANSWER_TOKENS,
    EACH_CALL,
    LABELS_MOST,
    Ground,
    Kind,
    Made,
    answer_format,
    made_items,
    request_messages,
)
from burnish_gateway.deps import Editor, Gateway, GatewayParts, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.execution.order import Order
from burnish_gateway.idempotency import answered_before, fingerprint_of, key_of, run_once
from burnish_gateway.registry.prompt import check_not_archived
from burnish_gateway.wire import ApiModel, Text, make_router
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.db.session import Tx
from burnish_shared.slug import LATEST, PRODUCTION, parse_slug

router = make_router("datasets")

ROUTE: Final = "datasets.synthetic"


class MakeItemsBody(ApiModel):
    """What items are made up for, and from."""

    prompt: Text = Field(min_length=1, max_length=130, description="The prompt that the items are for: its text and variables are shown.")
    version: int | None = Field(default=None, ge=1, description="The version that production names, unless given.")
    kind: Kind = Field(default="usual", description="`adversarial`: such as the prompt is likely to get wrong.")
    count: Annotated[int, Field(ge=1, le=50)] = 10
    model: Text | None = Field(
        default=None, min_length=1, max_length=200, description="The model that makes them; the version's own, unless given."
    )
    failed_of: UUID | None = Field(default=None, description="Show it what failed in this test run on train or validation items.")


class MadeItemsAnswer(AddedAnswer):
    """`added` and `duplicates` of those that fitted."""

    refused: list[str] = Field(description="Why others that the model made were left out, and how many it made where that is too few.")
    cost_nusd: int
    executions: list[str]


@router.post("/v1/datasets/{dataset_id}/synthetic", response_model=MadeItemsAnswer, responses=PAID, summary="Have a model make up items")
async def make_items(dataset_id: UUID, request: Request, gateway: GatewayParts, principal: Editor, body: MakeItemsBody) -> Response:
    """Made-up items are marked (`metadata.synthetic`) and fall into train or validation, never into test: a gain is proven on real ones.

    Each call of the model is an execution that is charged as any. With an `Idempotency-Key` nothing is paid twice.
    """
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    ground, model = await _ground(gateway, principal, dataset_id, body)
    calls = [min(EACH_CALL, body.count - start) for start in range(0, body.count, EACH_CALL)]
    key = key_of(request)
    sides = await admit_sides(
        [
            Order(
                messages=request_messages(ground, kind=body.kind, count=count, number=number),
                model=model,
                overrides={"temperature": 1.0, "max_tokens": ANSWER_TOKENS, "response_format": answer_format(ground, count=count)},
                app="burnish.synthetic",
            )
            for number, count in enumerate(calls)
        ],
        gateway=gateway,
        principal=principal,
        request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"),
        key=None if key is None else IdempotencyKey(ROUTE, key, fingerprint_of(await request.body(), address=request.url.path)),
        route=ROUTE,
    )
    ended = await until_ended(sides, gateway=gateway, principal=principal)
    outputs, cost_nusd, ids = outputs_of([one.body for one in ended])
    found = [made_items(one, ground, kind=body.kind, model=model) for one in outputs]

    async def work(tx: Tx) -> MadeItemsAnswer:
        return await _add(tx, principal, dataset_id, found, body=body, model=model, bill=(cost_nusd, ids))

    return await run_once(gateway, request, principal, status=200, work=work)


async def _add(
    tx: Tx, principal: Principal, dataset_id: UUID, found: list[Made], *, body: MakeItemsBody, model: str, bill: tuple[int, list[str]]
) -> MadeItemsAnswer:
    items = list({item.content_hash: item for made in found for item in made.items}.values())[: body.count]
    added = added_answer(await add_items(tx, principal.workspace_id, dataset_id, items, change=Change(principal.actor, "made_up")))
    if added.added:
        after = {"items": added.added, "version": added.version, "synthetic": True, "kind": body.kind, "model": model}
        await audit.note(tx, principal, action="dataset.items_added", kind="dataset", key=str(dataset_id), after=after)
    refused = list(dict.fromkeys(why for made in found for why in made.refused))
    if len(items) < body.count:
        made_of = "different one that fits was" if len(items) == 1 else "different ones that fit were"
        refused.append(f"{len(items)} {made_of} made of the {body.count} that were asked for.")
    return MadeItemsAnswer(**added.model_dump(), refused=refused, cost_nusd=bill[0], executions=bill[1])


async def _ground(gateway: Gateway, principal: Principal, dataset_id: UUID, body: MakeItemsBody) -> tuple[Ground, str]:
    """What is shown to the model, without anything of the test split; and which model. Raises NotFound, Conflict, InvalidField."""
    slug = parse_slug(body.prompt, param="prompt")
    label = None if body.version else await _label(gateway, principal, slug)
    head, found = await gateway.catalog.find(principal.workspace_id, slug, label=label, version=body.version)
    check_not_archived(head.prompt)
    content = found.record.content
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        dataset = await store.find_dataset(tx, principal.workspace_id, dataset_id)
        if dataset is None:
            raise no_such_dataset()
        check_unarchived(dataset)
        labels = await make_items_store.answers_of(tx, principal.workspace_id, dataset_id, most=LABELS_MOST + 1)
        cases = await make_items_store.cases_of(tx, principal.workspace_id, dataset_id)
        failed = (
            [] if body.failed_of is None else await make_items_store.failures_of(tx, principal.workspace_id, dataset_id, body.failed_of)
        )
    parameters = content.spec.get("parameters") or {}
    names = sorted({name.partition(".")[0] for name in content.template().required})
    with_object = any(isinstance(one["input"], dict) for one in cases)
    ground = Ground(
        prompt="\n".join(str(one.get("content") or "") for one in content.messages),
        variables={name: str((parameters.get(name) or {}).get("description") or "") for name in names} if with_object else {},
        labels=[] if len(labels) > LABELS_MOST else labels,
        cases=cases,
        failed=failed,
    )
    return ground, body.model or content.model


async def _label(gateway: Gateway, principal: Principal, slug: str) -> str:
    head, _ = await gateway.catalog.find(principal.workspace_id, slug, label=LATEST)
    return PRODUCTION if PRODUCTION in head.labels else LATEST
