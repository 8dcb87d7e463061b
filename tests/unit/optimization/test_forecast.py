"""What is set aside for a job."""

import base64
import json
from typing import Any

from burnish_gateway.optimization.forecast import Sizes, forecast_job, forecast_test_run, least_nusd
from burnish_gateway.optimization.given_tokens import tokens_of_given
from burnish_shared.contracts.executions import Price
from burnish_shared.contracts.searches import Method, Search
from burnish_shared.tokens import tokens_in_text

PRICE = Price(
    version="1", input_nusd_per_million=100_000_000, cached_input_nusd_per_million=100_000_000, output_nusd_per_million=400_000_000
)
SIZES = Sizes(prompt_tokens=200, item_tokens=20, output_cap=4096)


def test_more_is_set_aside_than_is_expected_because_holds_are_in_flight() -> None:
    run = forecast_test_run(SIZES, evaluations=100, price=PRICE)
    assert run.evaluations == 100 and 0 < run.expected_nusd < run.aside_nusd
    assert forecast_test_run(SIZES, evaluations=1, price=PRICE).aside_nusd < run.aside_nusd


def test_a_job_expects_grown_prompts_and_proposals() -> None:
    job = forecast_job(SIZES.of_candidates(Search(), method="racing"), evaluations=1_000, task=PRICE, reflect=PRICE)
    assert job.expected_nusd > forecast_test_run(SIZES, evaluations=1_000, price=PRICE).expected_nusd


def test_a_free_model_still_has_an_account() -> None:
    free = Price(version="1", input_nusd_per_million=0, cached_input_nusd_per_million=0, output_nusd_per_million=0)
    assert forecast_test_run(SIZES, evaluations=10, price=free).aside_nusd == 1


def candidates(method: Method, part: dict[str, Any], *, sizes: Sizes = SIZES) -> Sizes:
    return sizes.of_candidates(Search.model_validate({method: part}), method=method)


def test_a_search_is_forecast_by_what_its_candidates_become() -> None:
    assert candidates("few_shot", {"examples": 20}).prompt_tokens == 200 + 20 * (20 + 5)
    assert candidates("manual", {"candidates": ["word " * 2_000]}).prompt_tokens > 2_000
    assert candidates("settings", {"space": {"max_tokens": [50, 8_000]}}) == Sizes(200, 20, 8_000)
    assert candidates("compression", {}) == SIZES and candidates("evolutionary", {}).prompt_tokens == 600
    long = Sizes(prompt_tokens=10, item_tokens=2_000, output_cap=50)
    few = least_nusd(candidates("few_shot", {"examples": 20}, sizes=long), evaluations=100, task=PRICE)
    assert few > 15 * least_nusd(candidates("compression", {}, sizes=long), evaluations=100, task=PRICE)


def test_only_who_asks_a_model_for_texts_expects_to_pay_for_them() -> None:
    alone = forecast_job(SIZES, evaluations=1_000, task=PRICE, reflect=None).expected_nusd
    assert alone < forecast_job(SIZES, evaluations=1_000, task=PRICE, reflect=PRICE).expected_nusd
    assert alone == forecast_test_run(SIZES, evaluations=1_000, price=PRICE).expected_nusd


def test_an_answer_is_taken_to_be_as_long_as_one_that_is_expected() -> None:
    content = {"messages": [{"role": "user", "content": "{{text}}"}], "max_tokens": 1_000}
    short, long, longest = (Sizes.of(content, longest_input="x", longest_expected="word " * count) for count in (1, 500, 5_000))
    assert short.answer_tokens == 100 < long.answer_tokens < longest.answer_tokens == 1_000


def test_examples_and_texts_for_models_are_counted_as_long_as_they_can_be() -> None:
    content: dict[str, Any] = {"messages": [{"role": "user", "content": "{{text}}"}]}
    pool = [{"input": "word " * length, "expected": "a"} for length in (10, 200, 300)]
    plain = Sizes.of(content, longest_input="x").prompt_tokens
    assert Sizes.of(content | {"examples": {"count": 2, "pool": pool}}, longest_input="x").prompt_tokens > plain + 500
    variants = [{"model": "other", "messages": [{"role": "user", "content": "word " * 100}]}]
    assert Sizes.of(content | {"variants": variants}, longest_input="x").prompt_tokens >= 100


def test_a_picture_or_a_pdf_is_counted_as_models_count_it() -> None:
    """By its letters a search over photos of 500 kB asked for a hundred times the credit that it takes."""
    pdf = base64.b64encode(b"%PDF-1.4 /Type /Page " + b"x" * 300_000).decode()
    for url, most in ((f"data:image/jpeg;base64,{'A' * 600_000}", 2_000), (f"data:application/pdf;base64,{pdf}", 6_000)):
        given = json.dumps({"photo": url, "ticket": "word " * 100})
        assert 1_000 < tokens_of_given(given) < most
        assert Sizes.of({"messages": [{"role": "user", "content": "{{photo}}"}]}, longest_input=given).item_tokens < most
    spelled = base64.b64encode(b"word " * 10_000).decode()
    assert tokens_of_given(f"data:text/plain;base64,{spelled}") > 10_000, "a text is read"
    assert tokens_of_given("word " * 100) == tokens_in_text("word " * 100)
