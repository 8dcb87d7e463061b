"""What a protected label asks of a version before it may name it: an approval, and a passed test run where the workspace says so."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.registry import review_store, store
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, LabelProtected
from burnish_shared.slug import Label

DEFAULT_THRESHOLD: Final = 0.8
"""`quality_threshold` where a version says nothing (PRODUCT P1)."""


@dataclass(frozen=True, slots=True)
class LabelRules:
    """As the workspace set them. `own_approval`: authors may approve what they wrote."""

    protected: frozenset[str]
    own_approval: bool
    test_run_gate: bool


async def rules_of(tx: Tx, workspace_id: UUID) -> LabelRules:
    """As they stand in this transaction."""
    row = await review_store.label_settings(tx, workspace_id)
    return LabelRules(frozenset(row["protected_labels"]), row["own_approval"], row["test_run_gate"])


async def check_may_name(tx: Tx, prompt: Prompt, label: Label, *, version: int) -> None:
    """Raises LabelProtected where the label is protected and the version lacks what that asks for."""
    rules = await rules_of(tx, prompt.workspace_id)
    if label not in rules.protected:
        return
    lacking: list[str] = []
    details: dict[str, Any] = {}
    status = await review_store.status_of(tx, prompt, version)
    if status != "approved":
        lacking.append("approval")
        details["review"] = status
    if rules.test_run_gate and (problem := await _problem_of_run(tx, prompt, version)) is not None:
        lacking.append("test_run")
        details["test_run"] = problem
    if lacking:
        words = {"approval": f"version {version} is not approved ({status})", "test_run": details.get("test_run")}
        raise LabelProtected(
            f"The label '{label}' is protected: {' and '.join(str(words[one]) for one in lacking)}.",
            param="version",
            details={"lacking": lacking} | details,
        )


async def check_may_remove(tx: Tx, principal: Principal, label: Label) -> None:
    """Whoever asked for a removed label gets an error: of a protected one that is for admins to decide. Raises Forbidden."""
    if principal.role < Role.ADMIN and label in (await rules_of(tx, principal.workspace_id)).protected:
        raise Forbidden(f"The label '{label}' is protected: only an admin of the workspace may remove it.", param="label")


async def _problem_of_run(tx: Tx, prompt: Prompt, version: int) -> str | None:
    """What keeps the newest test run of the version from opening the gate. A cancelled one says nothing."""
    run = await review_store.newest_run(tx, prompt, version)
    if run is None:
        return f"version {version} has no test run"
    if run["status"] != "completed":
        return f"its newest test run is {run['status']}"
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    threshold = DEFAULT_THRESHOLD if found is None else found.content.spec.get("quality_threshold", DEFAULT_THRESHOLD)
    accuracy = run["accuracy"]
    if accuracy is None or accuracy < threshold:
        reached = "nothing" if accuracy is None else f"{accuracy:.1%}"
        return f"its newest test run reached {reached} of the {threshold:.1%} that it must"
    return None
