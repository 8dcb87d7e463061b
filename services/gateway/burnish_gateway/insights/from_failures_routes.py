"""`POST /v1/datasets/from-failures`: a group of failures becomes a dataset, or more items of one (PRODUCT D4)."""

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.datasets import answers
from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.insights.from_failures import FromFailuresAnswer, FromFailuresBody, SkippedFailures, Taken, add_failures
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import parse_slug

router = make_router("datasets")


@router.post(
    "/v1/datasets/from-failures", status_code=201, response_model=FromFailuresAnswer, summary="Make a dataset of a group of failures"
)
async def from_failures(request: Request, gateway: GatewayParts, principal: Editor, body: FromFailuresBody) -> Response:
    """What was asked becomes the input, and the newest correction, or what the dataset of a test run expects, the expected answer.
    `skipped` says why others became no item; with `review` answers that nobody corrected go to the review queue."""
    slug = parse_slug(body.prompt, param="prompt") if body.prompt is not None else ""

    async def work(tx: Tx) -> FromFailuresAnswer:
        taken = await add_failures(tx, principal.workspace_id, body, slug=slug, author=principal.actor)
        if taken.added is not None:
            dataset = taken.added.dataset
            action = "dataset.created" if body.dataset_id is None else "dataset.items_added"
            after = {"name": dataset.name, "version": dataset.version, "added": taken.added.added, "failure_group": body.group}
            await audit.note(tx, principal, action=action, kind="dataset", key=str(dataset.dataset_id), after=after)
        return _answer(taken)

    return await run_once(gateway, request, principal, status=201, work=work)


def _answer(taken: Taken) -> FromFailuresAnswer:
    added = taken.added
    return FromFailuresAnswer(
        dataset=answers.dataset_answer(added.dataset) if added else None,
        failures=taken.failures,
        added=added.added if added else 0,
        duplicates=added.duplicates if added else 0,
        contradictions=added.contradictions if added else 0,
        skipped=[SkippedFailures(because=because, count=count) for because, count in taken.skipped.most_common()],
        in_review=taken.in_review,
    )
