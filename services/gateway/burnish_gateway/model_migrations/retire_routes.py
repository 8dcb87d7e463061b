"""`/v1/models/{model}/retire`: the end of a model of one's own, with what calls it and how its successor does there (PRODUCT E5)."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.model_migrations.retire_model import retire_model
from burnish_gateway.models.answers import shown
from burnish_gateway.models.bodies import ModelPath, RetireModel, named
from burnish_gateway.uses import told_one
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx

router = make_router("models")


@router.post("/v1/models/{model:path}/retire", summary="End a model of one's own, and test its successor on the prompts that use it")
async def retire(model: ModelPath, body: RetireModel, request: Request, gateway: GatewayParts, principal: Editor) -> Response:
    """Without `sunset_at` the model cannot be called from now on. With it, it is deprecated: alerts say before and on that day who calls
    it, and `auto` does not choose it. Who names it is answered for as long as its provider answers; retire it then without a date.

    For every prompt that calls the model through a label or its newest version, the newest completed test run of each dataset and split is
    run again with the successor. `test_runs` names them beside those that they are to be compared with; `skipped` says what was not run.
    `used_by` says what else would call it, such as an evaluator, a chain, a rule or a schedule; none of those is changed.
    """

    async def work(tx: Tx) -> dict[str, Any]:
        retired = await retire_model(tx, gateway, principal, named(model), body)
        successor = retired.facts.successor
        used_by = [told_one(one) | {"words": one.words()} for one in retired.uses]
        return {
            "model": shown(retired.facts), "prompts": retired.prompts, "used_by": used_by,
            "test_runs": retired.reruns, "skipped": retired.skipped,
            "migration": {"model": retired.facts.model, "successor": successor} if successor and retired.prompts else None,
        }  # fmt: skip

    response = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    gateway.relay.wake()
    return response
