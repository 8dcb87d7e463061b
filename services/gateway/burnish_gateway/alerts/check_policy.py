"""What an alert shall start by itself, looked at when its rule is set: an alert tries once, and nobody is there then to mend it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.alerts.answers import StartOptimization
from burnish_gateway.datasets.dataset import check_unarchived, no_such_dataset
from burnish_gateway.datasets.from_feedback_store import newest_of_searches
from burnish_gateway.datasets.store import hold_dataset
from burnish_gateway.optimization.bodies import HowToSearch, OptimizationBody
from burnish_gateway.optimization.start import check_budget, try_plan
from burnish_gateway.optimization.store import take_back_trial
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, InvalidField, NoProviderKey, NotFound

WITHIN: Final = "start_optimization."


def optimization_of(policy: Mapping[str, Any], *, slug: str, version: int | None = None) -> OptimizationBody:
    """What is started. `policy`: `start_optimization` of a rule, as it is stored; `version` None: the one that is served."""
    items = {name: policy.get(name) for name in ("dataset_id", "source")}
    search = policy.get("search") or {}
    return OptimizationBody.model_validate(search | {"prompt": slug, "version": version, **items, "budget": policy["budget"]})


async def check_policy(tx: Tx, principal: Principal, policy: StartOptimization, *, slug: str) -> None:
    """A policy belongs to one prompt, its dataset, also that of what people said, must be there and in use, its search must be one that
    can be, and its budget must suffice to begin. Raises InvalidField, NotFound, Conflict."""
    if not slug:
        raise InvalidField("start_optimization belongs to the rule of one prompt.", param="start_optimization")
    await _check_dataset(tx, principal.workspace_id, policy, slug=slug)
    if policy.dataset_id is not None or policy.search is not None:
        await _check_could_begin(tx, principal, policy, slug=slug)


async def _check_dataset(tx: Tx, workspace_id: UUID, policy: StartOptimization, *, slug: str) -> None:
    param = "start_optimization.dataset_id" if policy.source is None else "start_optimization.source"
    dataset_id = policy.dataset_id or await newest_of_searches(tx, workspace_id, slug)
    if dataset_id is None:
        return
    dataset = await hold_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset(param=param)
    check_unarchived(dataset, param=param)


async def _check_could_begin(tx: Tx, principal: Principal, policy: StartOptimization, *, slug: str) -> None:
    """What the dataset, the budget or the search forbids is said now. What may pass by itself is not: an archived prompt, a key that is
    away, and of `source` that nobody has said enough yet. Raises InvalidField, NotFound, Conflict."""
    try:
        plan = await try_plan(tx, principal, optimization_of(policy.stored(), slug=slug))
    except (NotFound, Conflict, NoProviderKey, InvalidField) as error:
        if _is_to_be_mended(error, policy):
            raise type(error)(error.message, param=_place_of(error.param), details=error.details) from error
        await take_back_trial(tx)
    else:
        if policy.source is None:
            check_budget(plan, policy.budget, within=WITHIN)


def _is_to_be_mended(error: BurnishError, policy: StartOptimization) -> bool:
    if isinstance(error, NoProviderKey):
        return False
    if policy.search is not None and _is_of_search(error.param):
        return True
    return isinstance(error, InvalidField) and policy.source is None


def _is_of_search(param: str | None) -> bool:
    return param is not None and param.partition(".")[0].partition("[")[0] in HowToSearch.model_fields


def _place_of(param: str | None) -> str:
    return f"{WITHIN}search.{param}" if _is_of_search(param) else f"{WITHIN}{param}"
