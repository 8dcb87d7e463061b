"""Rules and requirements as the hot path needs them: parsed once. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from burnish_shared.expressions import ExpressionError, Node, Work, holds, parse
from burnish_shared.sandbox.outcome import Plain


@dataclass(frozen=True, slots=True)
class Rule:
    """Exactly one of `model`, `version` and `label` is set. `prompt`: whose rule it is; None: the workspace's."""

    name: str
    when: Node
    model: str | None = None
    version: int | None = None
    label: str | None = None
    prompt: str | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any], *, prompt: str | None) -> Self:
        """Of a rule as it is stored, which was checked before."""
        return cls(name=said["name"], when=parse(said["when"]), prompt=prompt, **said["use"])


@dataclass(frozen=True, slots=True)
class Policies:
    """All routing of a workspace. `rules`: slug → that prompt's own; '' → the workspace's.

    `protected`: the labels in whose place a rule may put approved versions alone; `approved`: slug and version of those that rules choose.
    """

    requirements: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)

    protected: frozenset[str] = frozenset()
    approved: frozenset[tuple[str, int]] = frozenset()

    def may_stand_in(self, slug: str, *, version: int, label: str | None, asked: str | None) -> bool:
        """May this version, which a rule reached by `label`, answer a call that named the label `asked`?"""
        return asked not in self.protected or label in self.protected or (slug, version) in self.approved

    def rules_for(self, slug: str | None) -> Sequence[Rule]:
        """In the order in which they are asked. Empty, without any work, where nobody made rules."""
        if not self.rules:
            return ()
        return (*(self.rules.get(slug, ()) if slug else ()), *self.rules.get("", ()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule's condition. `holds` None: it cannot be told for this call, `because` says why."""

    rule: Rule
    holds: bool | None
    because: str | None = None


def verdicts(rules: Sequence[Rule], names: Mapping[str, Plain]) -> list[Verdict]:
    """Every rule by itself, for somebody who asks why: which one applies, `applying` says."""
    found = []
    for rule in rules:
        try:
            found.append(Verdict(rule, holds(rule.when, names, work=Work.share(len(rules)))))
        except ExpressionError as error:
            found.append(Verdict(rule, None, str(error)))
    return found


def applying(
    rules: Sequence[Rule], names: Mapping[str, Plain], *, may_choose_model: bool, may_choose_version: bool, of: int
) -> Rule | None:
    """The first rule that may choose what it chooses, and whose condition holds.

    One that cannot be told for this call (a number compared with a text, say) does not hold: a call never fails by a rule.
    `of`: how many rules the call has in all. Each may compare its share; one that would need more does not hold either.
    """
    for rule in rules:
        if may_choose_model if rule.model is not None else may_choose_version:
            try:
                if holds(rule.when, names, work=Work.share(of)):
                    return rule
            except ExpressionError:
                continue
    return None
