"""What a protected label asks of a version before it may name it: an approval, and a passed test run where workspace or prompt say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.registry import review_store
from burnish_gateway.registry.gate_store import OwnGate, own_gate
from burnish_gateway.registry.prompt import Affected, Head, Prompt
from burnish_gateway.registry.review_store import VersionStatus
from burnish_gateway.registry.run_gate import Asked, RunProblem, problem_of_run
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, LabelProtected
from burnish_shared.slug import LATEST, Label


@dataclass(frozen=True, slots=True)
class LabelRules:
    """As the workspace set them. `own_approval`: authors may approve what they wrote; `min_samples`: fewer items prove nothing.

    `gate_evaluator_id`: whose mean score must reach `gate_min_score` where a test run has items without a right answer; None: nobody's.
    """

    protected: frozenset[str]
    own_approval: bool
    test_run_gate: bool
    min_samples: int
    gate_evaluator_id: UUID | None
    gate_min_score: float

    def gate_of(self, own: OwnGate) -> tuple[bool, Asked]:
        """Whether a test run is asked for of a prompt, and what of it: what the prompt says itself wins."""
        asks = self.test_run_gate if own.test_run_gate is None else own.test_run_gate
        least_score = self.gate_min_score if own.gate_min_score is None else own.gate_min_score
        return asks, Asked(self.min_samples, own.gate_evaluator_id or self.gate_evaluator_id, least_score)


async def rules_of(tx: Tx, workspace_id: UUID) -> LabelRules:
    """As they stand in this transaction."""
    row = await review_store.label_settings(tx, workspace_id)
    return LabelRules(
        frozenset(row["protected_labels"]), row["own_approval"], row["test_run_gate"], row["min_samples"], row["gate_evaluator_id"],
        row["gate_min_score"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Protection:
    """What a protected label asks of one version, and what that lacks. `asked`: of its test runs; None: none is asked for. `problem`: why
    its test run is not enough; None: it is, or none is asked for."""

    status: VersionStatus
    asked: Asked | None
    problem: RunProblem | None

    @property
    def lacking(self) -> list[str]:
        """`approval`, `test_run`, both or neither."""
        return (["approval"] if self.status != "approved" else []) + (["test_run"] if self.problem is not None else [])


async def protection_of(tx: Tx, prompt: Prompt, label: Label, *, version: int, rules: LabelRules) -> Protection | None:
    """None: the label is not protected."""
    if label not in rules.protected:
        return None
    status = await review_store.status_of(tx, prompt, version)
    asks, asked = rules.gate_of(await own_gate(tx, prompt))
    problem = await problem_of_run(tx, prompt, version, asked=asked) if asks else None
    return Protection(status, asked if asks else None, problem)


async def check_may_name(tx: Tx, prompt: Prompt, label: Label, *, version: int) -> None:
    """Raises LabelProtected where the label is protected and the version lacks what that asks for."""
    found = await protection_of(tx, prompt, label, version=version, rules=await rules_of(tx, prompt.workspace_id))
    if found is None or not found.lacking:
        return
    details: dict[str, Any] = {"review": found.status} if found.status != "approved" else {}
    if found.problem is not None:
        details |= {"test_run": found.problem.said} | ({} if found.problem.run is None else {"run": found.problem.run})
    words = {"approval": f"version {version} is not approved: {not_yet(found.status)}", "test_run": details.get("test_run")}
    raise LabelProtected(
        f"The label '{label}' is protected: {', and '.join(str(words[one]) for one in found.lacking)}.",
        param="version",
        details={"lacking": found.lacking} | details,
    )


def not_yet(status: str) -> str:
    """What a review that is no approval says: `draft` or `in_review`, in words."""
    return {"draft": "nobody was asked to review it", "in_review": "it is in review"}.get(status, status)


@dataclass(frozen=True, slots=True)
class Reached:
    """A prompt whose protected label would serve a version that nobody approved, since it includes it. `status`: of that version."""

    slug: str
    label: str
    status: VersionStatus


async def check_may_reach(tx: Tx, prompt: Prompt, label: Label, *, version: int, effects: Sequence[Affected]) -> None:
    """What is included by a version with a protected label is served by that label: the snippet needs an approval just as well.

    Raises LabelProtected, naming the first prompt that `version` would reach. Looks nothing up where no prompt includes this one.
    """
    if not any(one.labels for one in effects):
        return
    rules = await rules_of(tx, prompt.workspace_id)
    found = await reached_unapproved(tx, prompt, label, version=version, effects=effects, rules=rules)
    if found is None:
        return
    raise LabelProtected(
        f"'{found.slug}' includes '{prompt.slug}@{label}', and its label '{found.label}' is protected: "
        f"version {version} of '{prompt.slug}' is not approved: {not_yet(found.status)}.",
        param="version",
        details={"lacking": ["approval"], "review": found.status, "prompt": found.slug, "label": found.label},
    )


async def reached_unapproved(
    tx: Tx, prompt: Prompt, label: Label, *, version: int, effects: Sequence[Affected], rules: LabelRules
) -> Reached | None:
    """The first of `effects` by which a protected label would serve `version` unapproved; None: there is none, or `label` is protected: it
    was asked for an approval itself, or goes back to what it has served."""
    if label in rules.protected:
        return None
    reached = next(((one, name) for one in effects for name in one.labels if name in rules.protected), None)
    if reached is None or (status := await review_store.status_of(tx, prompt, version)) == "approved":
        return None
    user, protected = reached
    return Reached(user.slug, protected, status)


async def check_may_choose(tx: Tx, head: Head, uses: Sequence[Mapping[str, Any]]) -> None:
    """What routing rules may put in the place of a protected label: versions that were approved, or another protected label.

    `uses`: what each rule chooses. Raises LabelProtected. A label that is not there yet is passed over by calls, and so is it here.
    """
    rules = await rules_of(tx, head.prompt.workspace_id)
    standing = sorted(rules.protected & head.labels.keys())
    for index, use in enumerate(uses) if standing else ():
        label, version = use.get("label"), use.get("version")
        if label in rules.protected or (label is not None and label != LATEST and label not in head.labels):
            continue
        field = "version" if label is None else "label"
        if version is None and label is not None:
            version = head.prompt.latest_version if label == LATEST else head.labels[label].version
        if version is not None and (status := await review_store.status_of(tx, head.prompt, version)) != "approved":
            raise LabelProtected(
                f"rules[{index}].use.{field}: the label '{standing[0]}' of '{head.prompt.slug}' is protected, and version {version}, "
                f"which the rule would put in its place, is not approved: {not_yet(status)}.",
                param=f"rules[{index}].use.{field}",
                details={"lacking": ["approval"], "review": status, "label": standing[0]},
            )


async def check_may_archive(tx: Tx, principal: Principal, head: Head) -> None:
    """An archived prompt answers nobody: where a protected label stands on it, admins decide. Raises Forbidden."""
    if principal.role >= Role.ADMIN:
        return
    standing = sorted((await rules_of(tx, principal.workspace_id)).protected & head.labels.keys())
    if standing:
        raise Forbidden(
            f"The label '{standing[0]}' of '{head.prompt.slug}' is protected: only an admin of the workspace may archive the prompt.",
            param="prompt",
        )


async def check_may_remove(tx: Tx, principal: Principal, label: Label) -> None:
    """Whoever asked for a removed label gets an error: of a protected one that is for admins to decide. Raises Forbidden."""
    if principal.role < Role.ADMIN and label in (await rules_of(tx, principal.workspace_id)).protected:
        raise Forbidden(f"The label '{label}' is protected: only an admin of the workspace may remove it.", param="label")
