"""Who pays for an execution: the month's free allowance first, where the operator's key is used, else the credit. Pure."""

from collections.abc import Iterator

from burnish_gateway.access.principal import WorkspaceFacts
from burnish_gateway.execution.order import hold_nusd
from burnish_gateway.execution.refusals import Refusals
from burnish_shared.contracts.executions import ExecutionRequest


def payers_of(request: ExecutionRequest, workspace: WorkspaceFacts, refusals: Refusals) -> Iterator[ExecutionRequest]:
    """The request as each payer would have it, in the order in which they are asked. Free use carries no markup."""
    free_id = workspace.allowance_account_id
    if free_id is not None and workspace.platform_allowance_nusd > 0 and request.route.keys == "platform":
        route = request.route.model_copy(update={"markup_percent": 0})
        amount_nusd = hold_nusd(request.messages, request.settings, route)
        if refusals.refused(free_id, amount_nusd=amount_nusd) is None:
            accounts = [free_id, *request.account_ids[1:]]
            yield request.model_copy(update={"route": route, "hold_nusd": amount_nusd, "account_ids": accounts})
    yield request
