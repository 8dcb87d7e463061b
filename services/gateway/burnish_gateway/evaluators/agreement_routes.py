"""`/v1/evaluators/{id}/agreement`: may this evaluator be trusted? How often it says what people say."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.evaluators import agreement_store, store
from burnish_gateway.evaluators.agreement import confusion_of, kappa_of
from burnish_gateway.evaluators.try_out import no_such_evaluator
from burnish_gateway.scores.bodies import Shown
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.measures import wilson
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("evaluators")

FEW = 30
"""With fewer executions the interval is wide and its large-sample form a guess."""


class ConfusionAnswer(BaseModel):
    """Counts of executions; the first word is the evaluator's, the second people's."""

    passed_good: int
    passed_bad: int
    failed_good: int
    failed_bad: int


class VersionAgreement(BaseModel):
    """`kappa` null: not defined, as one of both always says the same. `split`: executions left out because people were of two minds."""

    evaluator_version: int
    n: int
    agreement: Shown | None = Field(description="Share of executions of which both say the same.")
    kappa: Shown | None = Field(description="Cohen's κ: agreement beyond chance; 1 always, 0 as often as by chance.")
    confusion: ConfusionAnswer
    split: int
    scores_looked_at: int
    few: bool = Field(description=f"Fewer than {FEW} executions: too few to trust.")
    simulated: bool


class AgreementAnswer(VersionAgreement):
    evaluator_id: UUID
    prompt: str | None
    before: VersionAgreement | None = Field(
        description="Where this version has scored nothing: how the version before that scored last agrees. It says nothing of this one."
    )


@router.get(
    "/v1/evaluators/{evaluator_id}/agreement", response_model=AgreementAnswer, summary="How far an evaluator agrees with people, with κ"
)
async def get_agreement(
    evaluator_id: UUID,
    principal: Viewer,
    gateway: GatewayParts,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION, description="Of the evaluator; the newest where absent.")] = None,
    prompt: Annotated[Text | None, Query(max_length=63)] = None,
) -> Response:
    """Over executions that have both: a score of this version, and a thumb, a score or a correction. Thumbs up and scores from 0.5 are
    good, thumbs down, lower scores and corrections bad; where several people said something, more of them decide."""
    slug = parse_slug(prompt, param="prompt") if prompt is not None else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, evaluator_id)
        if row is None:
            raise no_such_evaluator()
        if version is not None and version > row["version"]:
            raise NotFound(f"This evaluator has no version {version}; the newest is {row['version']}.", param="version")
        told = await _of_version(tx, evaluator_id, version or row["version"], slug=slug)
        earlier = None
        if told.scores_looked_at == 0:
            earlier = await agreement_store.version_before(tx, evaluator_id, told.evaluator_version, slug=slug)
        before = None if earlier is None else await _of_version(tx, evaluator_id, earlier, slug=slug)
    return json_response(AgreementAnswer(evaluator_id=evaluator_id, prompt=slug, before=before, **dict(told)))


async def _of_version(tx: Tx, evaluator_id: UUID, version: int, *, slug: str | None) -> VersionAgreement:
    judged, looked_at, simulated = await agreement_store.judged(tx, evaluator_id, version, slug=slug)
    table, split = confusion_of(judged)
    same, kappa = wilson(table.passed_good + table.failed_bad, table.n), kappa_of(table)
    return VersionAgreement(
        evaluator_version=version,
        n=table.n,
        agreement=Shown(value=same.value, low=same.low, high=same.high) if same else None,
        kappa=Shown(value=kappa.value, low=kappa.low, high=kappa.high) if kappa else None,
        confusion=ConfusionAnswer(
            passed_good=table.passed_good, passed_bad=table.passed_bad, failed_good=table.failed_good, failed_bad=table.failed_bad
        ),
        split=split,
        scores_looked_at=looked_at,
        few=table.n < FEW,
        simulated=simulated,
    )
