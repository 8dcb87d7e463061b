"""Which key comes next, and what a failure says of a key: a table, without anything running."""

from collections import Counter
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.failure import Failure, FailureKind, of_status, refusal_of
from burnish_executor.core.fallback import another_may_help
from burnish_executor.core.outcome import Trial, outcome_of
from burnish_executor.core.waterfall import (
    COOLDOWN_MOST_S,
    COOLDOWN_S,
    Candidate,
    Consequence,
    CoolDown,
    Rest,
    SetAside,
    Stop,
    TryNext,
    consequence_of,
    foremost,
    in_order,
    last_word,
    refuses_key,
)
from burnish_shared.choose_keys import KeysAtHand, PlatformTerms, with_keys
from burnish_shared.contracts.executions import KeyUse, Route, Status
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.egress import address_of
from burnish_shared.errors import NoProviderKey
from burnish_shared.money import markup_of
from tests.unit.executor.test_provider_answers import PRICE, request

pytestmark = pytest.mark.capability("E6")


def anthropics(message: str, type_: str = "permission_error") -> dict[str, object]:
    return {"type": "error", "error": {"type": type_, "message": message}}


def googles(message: str) -> dict[str, object]:
    return {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}


XAIS = "Incorrect API key provided: ba***22. You can obtain an API key from https://console.x.ai."
"""With status 400, as seen in https://github.com/openai/codex/issues/1352."""

KEYS = [Candidate(UUID(int=n), priority=1) for n in range(5)]


def test_lower_priority_comes_first_whatever_the_session() -> None:
    keys = [Candidate(uuid4(), priority) for priority in (30, 10, 20, 10)]
    for session in map(str, range(20)):
        assert [one.priority for one in in_order(keys, affinity=session)] == [10, 10, 20, 30]


@given(st.text(max_size=20), st.permutations(KEYS))
def test_the_order_of_a_session_is_the_same_for_every_executor(session: str, keys: list[Candidate]) -> None:
    assert in_order(keys, affinity=session) == in_order(KEYS, affinity=session)


def test_sessions_spread_evenly_and_a_key_that_goes_moves_only_its_own() -> None:
    sessions = [f"session:{n}" for n in range(1000)]
    before = {one: in_order(KEYS, affinity=one)[0] for one in sessions}
    assert all(120 < count < 280 for count in Counter(one.provider_key_id for one in before.values()).values())
    after = {one: in_order(KEYS[1:], affinity=one)[0] for one in sessions}
    assert all(after[one] == before[one] for one in sessions if before[one] != KEYS[0])


@pytest.mark.promise("E-05")
@pytest.mark.parametrize(
    ("failure", "consequence"),
    [
        (of_status(401, "", retry_after_s=None), SetAside(401)),
        (of_status(403, "", retry_after_s=None), SetAside(403)),
        (Failure(FailureKind.REFUSED, "Project does not have access to model x.", 403, code="model_not_found"), TryNext()),
        (refusal_of(403, anthropics("Your API key does not have permission to use the model claude-x."), retry_after_s=None), TryNext()),
        (
            refusal_of(403, anthropics("Your API key does not have permission to use the specified resource."), retry_after_s=None),
            TryNext(),
        ),
        (refusal_of(403, anthropics("Your organization has been disabled."), retry_after_s=None), SetAside(403)),
        (refusal_of(401, anthropics("This model needs a key.", "authentication_error"), retry_after_s=None), SetAside(401)),
        (Failure(FailureKind.REFUSED, "The model is blocked.", 403, code="model_permission_blocked_project"), TryNext()),
        (refusal_of(400, {"code": "Client specified an invalid argument", "error": XAIS}, retry_after_s=None), SetAside(400)),
        (refusal_of(400, googles("API key not valid. Please pass a valid API key."), retry_after_s=None), SetAside(400)),
        (refusal_of(400, [googles("API key expired. Please renew the API key.")], retry_after_s=None), SetAside(400)),
        (refusal_of(400, googles("messages[0]: 'API key not valid' is no question."), retry_after_s=None), Stop()),
        (of_status(402, "", retry_after_s=None), CoolDown(COOLDOWN_MOST_S)),
        (of_status(429, "", retry_after_s=1.0, code="insufficient_quota"), CoolDown(COOLDOWN_MOST_S)),
        (of_status(403, "", retry_after_s=None, code="billing_error"), CoolDown(COOLDOWN_MOST_S)),
        (of_status(400, "Your credit balance is too low to access the Anthropic API.", retry_after_s=None), CoolDown(COOLDOWN_MOST_S)),
        (of_status(400, "messages[0]: 'Your credit balance is too low' is no question.", retry_after_s=None), Stop()),
        (of_status(429, "", retry_after_s=7.0), CoolDown(7.0)),
        (of_status(429, "", retry_after_s=None), CoolDown(COOLDOWN_S)),
        (of_status(429, "", retry_after_s=1e6), CoolDown(COOLDOWN_MOST_S)),
        (of_status(500, "", retry_after_s=None), TryNext()),
        (of_status(504, "", retry_after_s=None), TryNext()),
        (Failure(FailureKind.UNREACHABLE, ""), TryNext()),
        (Failure(FailureKind.TIMEOUT, ""), TryNext()),
        (Failure(FailureKind.CUT_OFF, ""), TryNext()),
        (of_status(400, "", retry_after_s=None), Stop()),
        (of_status(404, "", retry_after_s=None), Stop()),
        (Failure(FailureKind.MALFORMED, ""), Stop()),
        (Failure(FailureKind.DEADLINE, ""), Stop()),
        (Failure(FailureKind.CANCELLED, ""), Stop()),
        (Failure(FailureKind.EGRESS, ""), Stop()),
    ],
)
def test_what_a_failure_says_of_its_key(failure: Failure, consequence: Consequence) -> None:
    assert consequence_of(failure, had_started=False) == consequence
    assert consequence_of(failure, had_started=True) == Stop(), "no second answer behind a begun one"
    assert refuses_key(failure) == isinstance(consequence, SetAside), "an operator who is told of it puts in another key"


def test_the_last_word_is_patience_where_patience_helps_and_else_the_last_failure() -> None:
    refused, empty, busy, broken = (of_status(status, "x", retry_after_s=None) for status in (401, 402, 429, 500))
    for failure in (None, refused, empty, busy):
        told = last_word(failure, rests=[Rest(9.0), Rest(3.0), Rest(1.0, is_empty=True)])
        assert (told.kind, told.retry_after_s) == (FailureKind.RATE_LIMITED, 3.0)
    assert last_word(broken, rests=[Rest(9.0)]) is broken
    assert last_word(refused, rests=[]) is refused
    assert last_word(None, rests=[]).kind is FailureKind.NO_KEY


def test_an_account_without_money_is_told_as_such_as_long_as_its_key_rests() -> None:
    refused, empty, busy, broken = (of_status(status, "x", retry_after_s=None) for status in (401, 402, 429, 500))
    rests = [Rest(3600.0, is_empty=True), Rest(1800.0, is_empty=True)]
    for failure in (None, refused):
        told = last_word(failure, rests=rests)
        assert (told.kind, told.may_pass, told.info().retry_after_s) == (FailureKind.ACCOUNT_EMPTY, False, None)
        assert "once it is restored" in told.message
    assert last_word(empty, rests=rests) is empty, "in the provider's words, where it was asked"
    assert last_word(broken, rests=rests) is broken and last_word(busy, rests=rests) is busy


def test_a_key_that_has_room_soon_is_not_hidden_by_one_that_rests_for_long() -> None:
    full = Failure(FailureKind.RATE_LIMITED, "There is room again in about 2 s.", retry_after_s=2.0)
    told = last_word(full, rests=[Rest(600.0)])
    assert told.retry_after_s == 2.0 and full.message in told.message


def test_a_key_that_is_refused_hides_no_failure_of_another_one_that_may_pass() -> None:
    refused, empty, busy, broken = (of_status(status, "x", retry_after_s=None) for status in (401, 402, 429, 500))
    for passing in (busy, broken, Failure(FailureKind.TIMEOUT, "")):
        for lasting in (refused, empty):
            assert foremost(passing, lasting) is foremost(lasting, passing) is passing
    assert foremost(None, refused) is refused and foremost(busy, broken) is broken and foremost(empty, refused) is refused


def test_a_refusal_of_ours_has_no_status_of_a_provider() -> None:
    assert last_word(None, rests=[Rest(3.0)]).info().provider_status is None


@pytest.mark.capability("E7")
@given(st.integers(0, 10**12), st.integers(0, 1000))
def test_a_markup_is_rounded_up_and_never_lost(amount_nusd: int, percent: int) -> None:
    added = markup_of(amount_nusd, percent=percent)
    assert amount_nusd * percent <= added * 100 < amount_nusd * percent + 100


@pytest.mark.capability("E7")
@pytest.mark.parametrize(("source", "markup"), [("platform", 0.25), ("own", 0), ("none", 0)])
def test_only_the_operators_key_costs_the_markup(source: str, markup: float) -> None:
    asked = request()
    asked = asked.model_copy(update={"route": asked.route.model_copy(update={"markup_percent": 25, "keys": "own"})})
    use = KeyUse.model_validate({"source": source, "provider_key_id": uuid4() if source == "own" else None})
    failure = Failure(FailureKind.CUT_OFF, "broke off")
    outcome = outcome_of(
        asked, failure, text="some words", trials=[Trial(failure, 1.0, had_started=True, use=use)], latency_s=1.0, first_token_s=None
    )
    plain = outcome.cost_nusd - outcome.markup_nusd
    assert plain > 0 and outcome.markup_nusd == markup_of(plain, percent=25 if markup else 0)
    assert (outcome.key_source, outcome.provider_key_id) == (source, use.provider_key_id)


@pytest.mark.promise("E-01")
def test_an_interrupted_execution_is_booked_on_the_key_that_its_executor_had_used() -> None:
    key = uuid4()
    asked = request().model_copy(
        update={"interrupted": "some words", "upstream_started": True, "used_key": KeyUse(source="own", provider_key_id=key)}
    )
    outcome = outcome_of(asked, Failure(FailureKind.INTERRUPTED, "x"), text="some words", trials=[], latency_s=1.0, first_token_s=None)
    assert (outcome.status, outcome.key_source, outcome.provider_key_id) == (Status.ERROR, "own", key)


def _facts(*, own_base_url: bool = False, needs_key: bool = True) -> ModelFacts:
    return ModelFacts(
        model="m", provider="p", upstream_model="m", base_url="https://p.example/v1", display_name="m", context_tokens=1, output_tokens=1,
        price=PRICE, capabilities=(), active=True, simulated=False, own=own_base_url, own_base_url=own_base_url, needs_key=needs_key,
    )  # fmt: skip


@pytest.mark.capability("E7")
@pytest.mark.parametrize(
    ("facts", "keys", "allowed", "chosen"),
    [
        (_facts(), KeysAtHand(1, 0, True), True, ("own", True, 20)),
        (_facts(), KeysAtHand(1, 0, True), False, ("own", False, 0)),
        (_facts(), KeysAtHand(1, 0, False), True, ("own", False, 0)),
        (_facts(), KeysAtHand(0, 0, True), True, ("platform", False, 20)),
        (_facts(), KeysAtHand(0, 2, True), True, ("platform", False, 20)),
        (_facts(), KeysAtHand(0, 0, True), False, None),
        (_facts(), KeysAtHand(0, 0, False), True, None),
        (_facts(), KeysAtHand(0, 1, False), True, None),
        (_facts(needs_key=False), KeysAtHand(0, 0, False), False, ("none", False, 0)),
        (_facts(own_base_url=True, needs_key=False), KeysAtHand(0, 0, True), True, ("none", False, 0)),
        (_facts(own_base_url=True, needs_key=False), KeysAtHand(1, 0, True), True, ("own", False, 0)),
        (_facts(own_base_url=True, needs_key=False), KeysAtHand(0, 1, True), True, None),
    ],
)
def test_whose_key_a_model_is_called_with(facts: ModelFacts, keys: KeysAtHand, allowed: bool, chosen: tuple[str, bool, int] | None) -> None:
    route = Route(model="m", provider="p", upstream_model="m", base_url=facts.base_url, price=PRICE, own_base_url=facts.own_base_url)
    terms = PlatformTerms(allowed=allowed, markup_percent=20)
    if chosen is None:
        with pytest.raises(NoProviderKey, match="v1/provider-keys"):
            with_keys(route, facts, keys=keys, terms=terms)
        return
    made = with_keys(route, facts, keys=keys, terms=terms)
    assert (made.keys, made.platform_fallback, made.markup_percent) == chosen


def test_who_has_keys_for_another_address_is_not_told_that_there_is_none() -> None:
    facts = _facts()
    route = Route(model="m", provider="p", upstream_model="m", base_url=facts.base_url, price=PRICE)
    for operator in (True, False):
        keys = KeysAtHand(0, 0, operator, own_elsewhere=1)
        with pytest.raises(NoProviderKey, match=r"another address .* Give both the same base_url, or add one with POST /v1/provider-keys"):
            with_keys(route, facts, keys=keys, terms=PlatformTerms(allowed=False, markup_percent=0))


@pytest.mark.promise("E-13")
def test_two_urls_are_one_address_only_when_they_are_called_alike() -> None:
    assert address_of("HTTPS://Example.com/v1/") == address_of("https://example.com/v1") == "https://example.com/v1"
    others = (
        "https://example.com/v2",
        "https://example.com:443/v1",
        "https://example.com/v1?x=/v1",
        "http://example.com/v1",
    )
    assert address_of("https://example.com/v1") not in {address_of(one) for one in others}
    assert address_of("") == ""


@pytest.mark.parametrize(
    "refused",
    [
        refusal_of(400, {"error": XAIS}, retry_after_s=None),
        refusal_of(400, googles("API key expired. Please renew the API key."), retry_after_s=None),
        of_status(401, "no", retry_after_s=None),
        of_status(403, "no", retry_after_s=None),
    ],
    ids=["xAI", "Google", "401", "403"],
)
def test_another_model_is_asked_where_no_key_of_this_provider_is_taken(refused: Failure) -> None:
    assert another_may_help(refused, had_started=False) and not another_may_help(refused, had_started=True)
    assert not another_may_help(of_status(400, "messages[0]: wrong", retry_after_s=None), had_started=False)
