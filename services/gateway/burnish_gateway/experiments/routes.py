"""`/v1/experiments`: drafts, the checklist, and the way from a start to a decision."""

import contextlib
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts, PromptEditor, Viewer
from burnish_gateway.error_answer import PAID
from burnish_gateway.experiments import announce, answers, backtest_routes, draft, lifecycle, settings_routes, store
from burnish_gateway.experiments.answers import ChecklistAnswer, ExperimentAnswer, ExperimentPage, experiment_answer
from burnish_gateway.experiments.bodies import Advance, ChangedExperiment, Changing, Decide, NewExperiment, Shares
from burnish_gateway.experiments.by_hand import advance, decide, give_shares, roll_back
from burnish_gateway.experiments.checklist import Check, arm_problems, checklist
from burnish_gateway.experiments.experiment import Experiment, no_such_experiment
from burnish_gateway.experiments.figure_lines import FigureLine, figure_lines
from burnish_gateway.experiments.results import results_of
from burnish_gateway.experiments.scored_arms import unscored
from burnish_gateway.experiments.start import start
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.wire import include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import LabelProtected
from burnish_shared.slug import Slug, parse_slug

router = make_router("experiments")
include(router, settings_routes.router)  # before the routes of one experiment, whose id would take its place
include(router, backtest_routes.router)


@router.post("/v1/experiments", status_code=201, response_model=ExperimentAnswer, summary="Draft an experiment")
async def create_experiment(request: Request, gateway: GatewayParts, principal: Editor, body: NewExperiment) -> Response:
    """Nobody gets anything of it before it is started. Arms are versions, labels (frozen to their version at the start) or models.

    `kind: rollout` is a guarded rollout: the candidate's share grows by steps while its guardrails hold, and it is taken back by itself
    where they do not.
    """

    checked = await or_answered(draft.check_models(gateway, principal, body), gateway=gateway, request=request, principal=principal)
    if isinstance(checked, Response):
        return checked

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment_id = await draft.create(tx, principal, body)
        return await _shown(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/experiments", summary="List experiments")
async def list_experiments(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Annotated[str | None, Query(max_length=130)] = None,
    status: Literal["draft", "running", "paused", "completed"] | None = None,
    kind: Literal["ab", "rollout"] | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> ExperimentPage:
    """Newest first, without results."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="experiments")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_page(
            tx, principal.workspace_id, slug=None if prompt is None else parse_slug(prompt, param="prompt"), status=status, kind=kind,
            before=UUID(position[0]) if position else None, limit=limit + 1,
        )  # fmt: skip
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of="experiments", position=lambda one: [str(one.experiment_id)]
    )
    return ExperimentPage(data=[experiment_answer(one) for one in page["data"]], next_cursor=page["next_cursor"])


@router.get(
    "/v1/experiments/{experiment_id}", response_model=ExperimentAnswer, responses=CSV_ANSWER, summary="Read an experiment with its results"
)
async def read_experiment(
    gateway: GatewayParts,
    principal: Viewer,
    experiment_id: UUID,
    *,
    file: Annotated[Format, Query(alias="format", description="`csv`: every figure of every arm on a line of its own.")] = "json",
) -> Response:
    """Looking at any moment is allowed: intervals of the `sequential` method hold however often somebody looks."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        experiment = await store.find(tx, principal.workspace_id, experiment_id)
        if experiment is None:
            raise no_such_experiment()
        end = experiment.completed_at or gateway.clock.now()
        days = 0.0 if experiment.started_at is None else (end - experiment.started_at).total_seconds() / 86_400
        results = await results_of(tx, principal.workspace_id, experiment, days=days)
        answer = await _in_full(tx, experiment, results=results)
        answer.unscored = await unscored(tx, experiment) if experiment.is_open else None
    if file == "csv":
        return csv_response(FigureLine, figure_lines(experiment, results), name=f"experiment-{experiment_id}")
    if experiment.is_open:
        checks = await arm_problems(experiment, gateway=gateway, principal=principal)
        unasked = {f"arms[{index}]" for index, arm in enumerate(answer.arms) if arm.share == 0}
        blocked = [one for one in checks if one.name == "arms" and one.state == "blocks"]
        answer.problems = [one.message for one in blocked if one.param not in unasked]
    return json_response(answer)


@router.put("/v1/experiments/{experiment_id}", response_model=ExperimentAnswer, summary="Change a draft")
async def change_experiment(
    request: Request, gateway: GatewayParts, principal: Editor, experiment_id: UUID, body: ChangedExperiment
) -> Response:
    """The whole draft as it is to be. What was started compares what it compares: its shares change, its arms do not."""

    checked = await or_answered(
        draft.check_models(gateway, principal, body.experiment), gateway=gateway, request=request, principal=principal
    )
    if isinstance(checked, Response):
        return checked

    async def work(tx: Tx) -> ExperimentAnswer:
        await draft.change(tx, principal, experiment_id, body.experiment, revision=body.revision)
        return await _shown(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/experiments/{experiment_id}", response_model=ExperimentAnswer, summary="Throw a draft away")
async def delete_experiment(request: Request, gateway: GatewayParts, principal: Editor, experiment_id: UUID) -> Response:
    async def work(tx: Tx) -> ExperimentAnswer:
        return experiment_answer(await draft.throw_away(tx, principal, experiment_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/experiments/{experiment_id}/checklist", summary="Check an experiment before its start")
async def read_checklist(gateway: GatewayParts, principal: Viewer, experiment_id: UUID) -> ChecklistAnswer:
    """What stands against a start, what is missing, how many units are needed and about how many days that takes."""
    experiment = await _found(gateway, principal, experiment_id)
    problems = await arm_problems(experiment, gateway=gateway, principal=principal)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await prompts_store.find_head(tx, principal.workspace_id, Slug(experiment.slug))
        if head is None:
            raise no_such_prompt(experiment.slug)
        _, found = await checklist(tx, experiment, head, problems, clock=gateway.clock)
    return answers.checklist_answer(found)


@router.post("/v1/experiments/{experiment_id}/start", response_model=ExperimentAnswer, responses=PAID, summary="Start an experiment")
async def start_experiment(
    request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID, body: Changing | None = None
) -> Response:
    """Freezes arms, rule and the incumbent's figures, and gives calls to the arms: every gateway within a second.

    409 where something stands against it, with all that was checked in `details.checks`. Starting again changes nothing.
    """
    problems = await or_answered(_problems(gateway, principal, experiment_id), gateway=gateway, request=request, principal=principal)
    if isinstance(problems, Response):
        return problems

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision if body else None)
        credit = principal.workspace.credit_account_id
        await start(tx, experiment, principal, problems, credit_account_id=credit, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _problems(gateway: Gateway, principal: Principal, experiment_id: UUID) -> list[Check]:
    return await arm_problems(await _found(gateway, principal, experiment_id), gateway=gateway, principal=principal)


@router.post("/v1/experiments/{experiment_id}/pause", response_model=ExperimentAnswer, summary="Pause an experiment")
async def pause_experiment(
    request: Request, gateway: GatewayParts, principal: Editor, experiment_id: UUID, body: Changing | None = None
) -> Response:
    """Everybody gets what the label names. One that is paused stays as it is."""

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision if body else None)
        await lifecycle.pause(tx, experiment, by=principal, clock=gateway.clock, why=body.reason if body else "")
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/experiments/{experiment_id}/resume", response_model=ExperimentAnswer, summary="Resume an experiment")
async def resume_experiment(
    request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID, body: Changing | None = None
) -> Response:
    """Goes on with the shares that it had, in a new epoch: who was in an arm is in it again. So does a guarded rollout that was held."""

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision if body else None)
        await lifecycle.go_on(tx, experiment, by=principal, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.put("/v1/experiments/{experiment_id}/allocation", response_model=ExperimentAnswer, summary="Change the shares of arms")
async def change_allocation(
    request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID, body: Shares
) -> Response:
    """A new epoch: units stay in their arm as far as the new shares allow, and results are compared within epochs."""

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision)
        await give_shares(tx, experiment, body.shares, by=principal, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/experiments/{experiment_id}/advance", response_model=ExperimentAnswer, summary="Take a rollout's next step")
async def advance_rollout(
    request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID, body: Advance | None = None
) -> Response:
    """Without waiting for the rest of its bake time; also of one that is held. An earlier `step` takes the candidate back so far.

    Without `revision` and `step`, 409 where another step was taken in the same moment: of several calls at once one takes a step.
    """
    asked_at, asked = gateway.clock.now(), body or Advance()

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=asked.revision)
        await advance(
            tx, experiment, asked.step, by=principal, clock=gateway.clock, asked_at=asked_at, has_revision=asked.revision is not None
        )
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/experiments/{experiment_id}/decide", response_model=ExperimentAnswer, summary="Decide an experiment by hand")
async def decide_experiment(
    request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID, body: Decide
) -> Response:
    """Ends it, with a reason. The verdict keeps the data, the rule and who decided, for good.

    With a winner the label moves to its version by the rules of labels, unless `move_label` is false; where a protected label refuses,
    `promotion` says what is lacking, and `…/promote` moves it later.
    """

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision)
        promotion = await decide(tx, experiment, body, by=principal, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id, moved=experiment.slug if lifecycle.touches_prompt(promotion) else None)

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post("/v1/experiments/{experiment_id}/rollback", response_model=ExperimentAnswer, summary="Roll a guarded rollout back")
async def roll_rollout_back(
    request: Request, gateway: GatewayParts, principal: Editor, experiment_id: UUID, body: Changing | None = None
) -> Response:
    """Nobody gets the candidate any more, within a second. The label never moved, so nothing has to move back."""

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id, revision=body.revision if body else None)
        await roll_back(tx, experiment, reason=body.reason if body else "", by=principal, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/experiments/{experiment_id}/promote", response_model=ExperimentAnswer, summary="Move the label to the winner")
async def promote_winner(request: Request, gateway: GatewayParts, principal: PromptEditor, experiment_id: UUID) -> Response:
    """Of one that ended with a winner while the label stayed: it was only offered, or a protected label lacked an approval.

    Of an arm with a model of its own a version that has it is saved first. 409 where the label is protected: `details.version` is the
    version that lacks an approval or a test run and is kept, as in `promotion` from then on; promoting again moves the label to it.
    """

    async def work(tx: Tx) -> ExperimentAnswer:
        experiment = await draft.held(tx, principal.workspace_id, experiment_id)
        promotion = await lifecycle.promote(tx, experiment, by=principal, clock=gateway.clock)
        return await _changed(tx, principal, experiment_id, moved=experiment.slug if lifecycle.touches_prompt(promotion) else None)

    try:
        answer = await run_once(gateway, request, principal, status=200, work=work)
    except LabelProtected:
        await gateway.outside.run(lambda: _keep_what_lacks(gateway, principal, experiment_id))
        answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


class _NothingLacks(Exception):
    """Takes back what was done to find that out."""


async def _keep_what_lacks(gateway: Gateway, principal: Principal, experiment_id: UUID) -> None:
    """Raises LabelProtected when what it lacks is written down. Where nothing lacks any more it changes nothing: promote again."""
    with contextlib.suppress(_NothingLacks):
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            experiment = await draft.held(tx, principal.workspace_id, experiment_id)
            lacks = await lifecycle.keep_for_approval(tx, experiment, by=principal, clock=gateway.clock)
            if lacks is None:
                raise _NothingLacks
            await announce.experiment_changed(tx, principal.workspace_id, experiment_id, moved=experiment.slug)
        raise lacks


async def _found(gateway: Gateway, principal: Principal, experiment_id: UUID) -> Experiment:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        experiment = await store.find(tx, principal.workspace_id, experiment_id)
    if experiment is None:
        raise no_such_experiment()
    return experiment


async def _shown(tx: Tx, principal: Principal, experiment_id: UUID) -> ExperimentAnswer:
    experiment = await store.find(tx, principal.workspace_id, experiment_id)
    if experiment is None:
        raise no_such_experiment()
    return await _in_full(tx, experiment)


async def _in_full(tx: Tx, experiment: Experiment, *, results: dict[str, object] | None = None) -> ExperimentAnswer:
    epochs = await store.list_epochs(tx, experiment.workspace_id, experiment.experiment_id)
    outside = await store.outside_of(tx, experiment.workspace_id, experiment.experiment_id)
    return experiment_answer(experiment, epochs=epochs, outside=outside, results=results)


async def _changed(tx: Tx, principal: Principal, experiment_id: UUID, *, moved: str | None = None) -> ExperimentAnswer:
    """What is answered is read first: the change is the last statement."""
    answer = await _shown(tx, principal, experiment_id)
    await announce.experiment_changed(tx, principal.workspace_id, experiment_id, moved=moved)
    return answer
