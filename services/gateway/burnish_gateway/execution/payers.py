"""Who pays for an execution: the month's free allowance first, where the operator's key is used, else the credit. Pure."""

from collections.abc import Iterator

from burnish_gateway.access.principal import WorkspaceFacts
from burnish_gateway.execution.refusals import Refusals
from burnish_shared.contracts.executions import ExecutionRequest, Fallback
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.prompt_settings import cap_of


def payers_of(request: ExecutionRequest, workspace: WorkspaceFacts, refusals: Refusals) -> Iterator[ExecutionRequest]:
    """The request as each payer would have it, in the order in which they are asked. Free use carries no markup."""
    free_id = workspace.allowance_account_id
    if free_id is not None and workspace.platform_allowance_nusd > 0 and request.route.keys == "platform":
        free = free_of_markup(request, free_id)
        if refusals.refused(free_id, amount_nusd=free.hold_nusd) is None:
            yield free
    yield request


def free_of_markup(request: ExecutionRequest, free_id: int) -> ExecutionRequest:
    """The request as the free allowance has it, whose account is `free_id`."""
    route = request.route.model_copy(update={"markup_percent": 0})
    amount_nusd = hold_nusd(request.messages, request.settings, route, extra=request.extra, kind=request.kind)
    accounts = [free_id, *request.account_ids[1:]]
    fallbacks = [_free(one, request) for one in request.fallbacks]
    return request.model_copy(update={"route": route, "hold_nusd": amount_nusd, "account_ids": accounts, "fallbacks": fallbacks})


def as_held(request: ExecutionRequest, workspace: WorkspaceFacts, *, account_ids: list[int]) -> ExecutionRequest:
    """The request for a call that these accounts hold for already: it was held for as another request was made of it."""
    free_id = workspace.allowance_account_id
    if free_id is not None and account_ids[0] == free_id:
        request = free_of_markup(request, free_id)
    return request.model_copy(update={"account_ids": account_ids})


def _free(fallback: Fallback, request: ExecutionRequest) -> Fallback:
    """The same account pays for whichever model answers."""
    route = fallback.route.model_copy(update={"markup_percent": 0})
    messages = request.messages if fallback.messages is None else fallback.messages
    settings = {**request.settings, cap_of(request.settings): fallback.output_tokens}
    return fallback.model_copy(update={"route": route, "hold_nusd": hold_nusd(messages, settings, route, extra=request.extra)})
