"""Where code runs is chosen by the environment (PRODUCT O3)."""

import asyncio

import pytest

from burnish.examination import look_at_sandbox
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.refusal import StartRefused
from burnish_shared.sandbox.daytona_sandbox import DaytonaSandbox
from burnish_shared.sandbox.offered import offered
from burnish_shared.sandbox.python_sandbox import PythonSandbox
from burnish_shared.sandbox.settings import SandboxSettings
from burnish_shared.settings import from_environment
from tests.fakes.daytona import KEY, daytona, refusing

pytestmark = pytest.mark.capability("O3")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SANDBOX", "DAYTONA_API_KEY", "DAYTONA_API_URL", "DAYTONA_TARGET", "DAYTONA_SNAPSHOT"):
        monkeypatch.delenv(f"BURNISH_{name}", raising=False)


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> SandboxSettings:
    for name, value in values.items():
        monkeypatch.setenv(f"BURNISH_{name}", value)
    return from_environment(SandboxSettings)


def test_code_runs_here_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch).daytona() is None
    assert settings(monkeypatch, DAYTONA_API_KEY=KEY).daytona() is None, "a key alone sends nothing away"
    assert isinstance(offered(workers=1, wasm=False)["python"], PythonSandbox)


def test_daytona_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(
        monkeypatch, SANDBOX="daytona", DAYTONA_API_KEY=f" {KEY}\n", DAYTONA_API_URL="https://day.example/api/", DAYTONA_TARGET="eu"
    )
    place = chosen.daytona()
    assert place is not None and (place.url, place.target, place.key.get_secret_value()) == ("https://day.example/api", "eu", KEY)
    assert KEY not in repr(chosen) + repr(place)
    assert isinstance(offered(workers=1, wasm=False, daytona=place)["python"], DaytonaSandbox)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"SANDBOX": "daytona"}, "BURNISH_SANDBOX is `daytona`, and BURNISH_DAYTONA_API_KEY is not set"),
        ({"SANDBOX": "daytona", "DAYTONA_API_KEY": "  "}, "BURNISH_DAYTONA_API_KEY is not set"),
        ({"SANDBOX": "docker"}, "BURNISH_SANDBOX: Input should be 'local' or 'daytona'"),
        ({"DAYTONA_API_KEY": "dtn_secret\r\nX-Other: 1"}, "BURNISH_DAYTONA_API_KEY: must be one line"),
        ({"DAYTONA_API_URL": "app.daytona.io"}, "BURNISH_DAYTONA_API_URL"),
    ],
)
def test_what_is_wrong_is_told_at_the_start_and_no_secret_with_it(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], says: str
) -> None:
    with pytest.raises(StartRefused) as refused:
        settings(monkeypatch, **values)
    assert says in str(refused.value) and "dtn_secret" not in str(refused.value)


def test_a_service_does_not_start_with_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x")
    monkeypatch.setenv("NATS_URL", "nats://x")
    monkeypatch.setenv("BURNISH_SANDBOX", "daytona")
    with pytest.raises(StartRefused, match="BURNISH_DAYTONA_API_KEY is not set"):
        from_environment(OptimizerSettings)


async def _doctor(monkeypatch: pytest.MonkeyPatch, *, key: str, status: int | None) -> tuple[list[str], list[str]]:
    async with daytona() as fake:
        if status is not None:
            fake.answers["look"] = refusing(status)
        monkeypatch.setenv("BURNISH_SANDBOX", "daytona")
        monkeypatch.setenv("BURNISH_DAYTONA_API_KEY", key)
        monkeypatch.setenv("BURNISH_DAYTONA_API_URL", f"{fake.url}/api")
        return await asyncio.to_thread(look_at_sandbox), fake.requests


@pytest.mark.parametrize(
    ("key", "status", "says"), [(KEY, None, None), ("dtn_other", None, "refuses BURNISH_DAYTONA_API_KEY"), (KEY, 503, "HTTP 503")]
)
async def test_the_doctor_asks_whether_the_key_opens_anything(
    monkeypatch: pytest.MonkeyPatch, key: str, status: int | None, says: str | None
) -> None:
    found, requests = await _doctor(monkeypatch, key=key, status=status)
    assert requests == ["look"] and key not in str(found)
    assert found == [] if says is None else says in found[0]


def test_the_doctor_says_nothing_where_code_runs_here() -> None:
    assert look_at_sandbox() == []
