"""What a move of a label to a version would be refused for as unapproved or untested, told before anybody moves it."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.evaluators import store as evaluators
from burnish_gateway.registry import store
from burnish_gateway.registry.check_includes import find_unapproved
from burnish_gateway.registry.label_rules import Protection, Reached, protection_of, reached_unapproved, rules_of
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.snippet_effects import effects_of
from burnish_gateway.registry.uses_store import UnapprovedSnippet
from burnish_shared.db.session import Tx
from burnish_shared.slug import Label, Slug


@dataclass(frozen=True, slots=True)
class Told:
    """`protection`: None where the label is not protected. `snippet`: that a protected label would take along unapproved. `reached`: whose
    protected label would serve the version by a label that is not protected itself. `evaluator`: the name of that of the test gate.
    `stands`: the label names the version already, so that a move is none."""

    version: int
    stands: bool
    own_approval: bool
    protection: Protection | None
    snippet: UnapprovedSnippet | None
    reached: Reached | None
    evaluator: str | None

    @property
    def lacking(self) -> list[str]:
        """`approval` (of the version, or of what it includes), `test_run`, both or neither."""
        if self.stands:
            return []
        lacking = self.protection.lacking if self.protection else []
        needs_approval = self.snippet is not None or self.reached is not None
        return ["approval", *lacking] if needs_approval and "approval" not in lacking else lacking


async def tell_protection(tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, version: int | None) -> Told:
    """Changes and holds nothing. `version`: None: the newest. Raises NotFound for an unknown prompt or version."""
    head = await store.find_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    prompt, to = head.prompt, version or head.prompt.latest_version
    head.named(label=None, version=to)
    rules = await rules_of(tx, workspace_id)
    found = await protection_of(tx, prompt, label, version=to, rules=rules)
    snippet, reached, evaluator = None, None, None
    if found is not None:
        snippet = await find_unapproved(tx, prompt, label, version=to, protected=rules.protected)
        evaluator_id = found.asked.evaluator_id if found.asked is not None else None
        evaluator = await evaluators.find(tx, evaluator_id) if evaluator_id is not None else None
    elif label in head.labels and rules.protected:  # by a label that is not there nobody includes it
        effects = await effects_of(tx, prompt, label, version=to)
        reached = await reached_unapproved(tx, prompt, label, version=to, effects=effects, rules=rules)
    stood = head.labels.get(label)
    stands = stood is not None and stood.version == to
    return Told(to, stands, rules.own_approval, found, snippet, reached, None if evaluator is None else evaluator["name"])
