"""Rules that would compare more than a call may (PRODUCT E9)."""

import time

from burnish_gateway.routing.policy import Rule, applying, verdicts
from burnish_shared.sandbox.outcome import Plain

MUCH = " and ".join(["variables == variables"] * 72)
CALL: dict[str, Plain] = {"variables": {"plan": "pro", "d": [1] * 500_000}}


def rule(name: str, when: str) -> Rule:
    return Rule.of({"name": name, "when": when, "use": {"model": "auto"}}, prompt=None)


def chosen(*rules: Rule, call: dict[str, Plain] = CALL) -> str | None:
    found = applying(rules, call, may_choose_model=True, may_choose_version=True, of=len(rules))
    return found.name if found else None


def test_each_rule_has_its_share_of_what_a_call_may_compare_and_beyond_it_does_not_hold() -> None:
    """It was 19 seconds of the gateway for one rule, and nothing else went on meanwhile."""
    began = time.process_time()
    much, plain = rule("much", MUCH), rule("plain", "variables.plan == 'pro'")
    assert chosen(much) is None and chosen(*[much] * 49, plain) == "plain", "no caller turns off the rules behind one"
    assert chosen(plain, much) == "plain"
    assert chosen(much, call={"variables": {"plan": "pro"}}) == "much"
    told = verdicts([plain, much, plain], CALL)
    assert [one.holds for one in told] == [True, None, True] and told[1].because == "too much to compare"
    assert time.process_time() - began < 5
