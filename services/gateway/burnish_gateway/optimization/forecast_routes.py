"""`/v1/test-runs/forecast` and `/v1/optimizations/forecast`: what a start would cost, before anything is set aside."""

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.billing.budget_store import short_budgets
from burnish_gateway.datasets.leaks import LOOKS_MOST
from burnish_gateway.datasets.leaks_store import looks_taken
from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.optimization import answers
from burnish_gateway.optimization.bodies import OptimizationBody, TestRunBody
from burnish_gateway.optimization.start import try_plan
from burnish_gateway.optimization.start_run import plan_test_run
from burnish_gateway.optimization.store import begin_trial, take_back_trial
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx
from burnish_shared.search_budget import items_lacking

router = make_router("optimization")


@router.post("/v1/test-runs/forecast", response_model=answers.RunPlanAnswer, summary="Forecast test runs")
async def forecast_test_run(request: Request, gateway: GatewayParts, principal: Editor, body: TestRunBody) -> Response:
    """Takes the body of a start, and says what it would take and cost, a guess from above. Nothing is started or set aside."""

    async def work(tx: Tx) -> answers.RunPlanAnswer:
        await begin_trial(tx)  # the test cases of a version would become a dataset
        plans = [await plan_test_run(tx, principal, one) for one in body.each()]
        await take_back_trial(tx)
        told = answers.run_plans_answer(plans)
        short = await short_budgets(tx, plans[0].tested.prompt_ids, below_nusd=told.forecast.cost_nusd)
        return told.model_copy(update={"short_budgets": [answers.ShortBudget(**dict(one)) for one in short]})

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/optimizations/forecast", response_model=answers.JobPlanAnswer, summary="Forecast an optimization")
async def forecast_optimization(request: Request, gateway: GatewayParts, principal: Editor, body: OptimizationBody) -> Response:
    """Takes the body of a start, and says what it would take and cost, a guess from above, and the least budget that is enough.

    Nothing is started or set aside.
    """

    async def work(tx: Tx) -> answers.JobPlanAnswer:
        plan = await try_plan(tx, principal, body)
        told = answers.job_plan_answer(plan)
        most = min(told.forecast.cost_nusd, told.forecast.set_aside_nusd)
        short = await short_budgets(tx, [plan.subject.prompt.prompt_id], below_nusd=most)
        looks = await looks_taken(tx, principal.workspace_id, plan.subject.dataset.dataset_id)
        lacking = items_lacking(
            train_items=told.counts["train"], validation_items=told.counts["validation"], test_items=told.counts["test"],
            test_least=plan.search.min_samples, are_looks_spent=looks >= LOOKS_MOST,
        )  # fmt: skip
        return told.model_copy(
            update={
                "short_budgets": [answers.ShortBudget(**dict(one)) for one in short],
                "lacking": [answers.LackingItems(what=what, have=have, needed=needed) for what, have, needed in lacking],
            }
        )

    return await run_once(gateway, request, principal, status=200, work=work)
