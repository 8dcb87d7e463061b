"""What is set aside for a job."""

from burnish_gateway.optimization.forecast import Sizes, forecast_job, forecast_test_run
from burnish_shared.contracts.executions import Price

PRICE = Price(
    version="1", input_nusd_per_million=100_000_000, cached_input_nusd_per_million=100_000_000, output_nusd_per_million=400_000_000
)
SIZES = Sizes(prompt_tokens=200, item_tokens=20, output_cap=4096)


def test_more_is_set_aside_than_is_expected_because_holds_are_in_flight() -> None:
    run = forecast_test_run(SIZES, evaluations=100, price=PRICE)
    assert run.evaluations == 100 and 0 < run.expected_nusd < run.aside_nusd
    assert forecast_test_run(SIZES, evaluations=1, price=PRICE).aside_nusd < run.aside_nusd


def test_a_job_expects_grown_prompts_and_proposals() -> None:
    job = forecast_job(SIZES, evaluations=1_000, task=PRICE, reflect=PRICE)
    assert job.expected_nusd > forecast_test_run(SIZES, evaluations=1_000, price=PRICE).expected_nusd


def test_a_free_model_still_has_an_account() -> None:
    free = Price(version="1", input_nusd_per_million=0, cached_input_nusd_per_million=0, output_nusd_per_million=0)
    assert forecast_test_run(SIZES, evaluations=10, price=free).aside_nusd == 1
