"""`burnish up`, `down` and `status` with the real servers: what dies comes back, what is stopped stays stopped, data stays."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic

import aiohttp
import asyncpg
import pytest

from tests.embedded.installation import SERVERS_ONLY, Installation, await_value, is_alive
from tests.embedded.places import make_reachable
from tests.integration.registry.steady_readers import SteadyReaders, with_children
from tests.pace import fair_sleep

AS_A_PLAIN_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
MAY_BECOME_ANOTHER = shutil.which("unshare") is not None and subprocess.run([*AS_A_PLAIN_USER, "true"], check=False).returncode == 0

pytestmark = pytest.mark.capability("I2")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything there is, with two gateways, shared by the tests that leave it running."""
    installation = Installation(tmp_path_factory.mktemp("launcher") / "home")
    installation.up(replicas="gateway=2")
    yield installation
    installation.down()
    shutil.rmtree(installation.home, ignore_errors=True)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A second home, of a plain user, for the tests that stop or kill a whole installation; each starts it as it needs it."""
    installation = Installation(tmp_path_factory.mktemp("launcher") / "home", prefix=AS_A_PLAIN_USER if MAY_BECOME_ANOTHER else ())
    yield installation
    installation.down()
    shutil.rmtree(installation.home, ignore_errors=True)


def status_of(installation: Installation, path: str) -> int:
    """Status of a GET with the admin key; 0 when nobody answers."""
    return get(installation.connection["url"] + path, {"Authorization": f"Bearer {installation.connection['api_key']}"})


def get(url: str, headers: Mapping[str, str] | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


async def fetch(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def test_up_prints_one_object_with_all_that_a_client_needs(running: Installation) -> None:
    assert set(running.connection) == {"url", "api_key", "workspace_id", "admin", "database_url", "nats_url", "metrics"}
    assert running.connection["api_key"].startswith("bk_live_")
    assert running.connection["admin"]["email"] == "admin@burnish.local" and len(running.connection["admin"]["password"]) == 20


def test_status_names_ports_and_pids(running: Installation) -> None:
    status = json.loads(running.run("status", "--json").stdout)

    assert status["state"] == "ready"
    assert set(status["pids"]) == {
        "postgres", "nats", "simulator", "executor", "optimizer", "analytics", "webhooks", "gateway", "gateway-2"
    }  # fmt: skip
    assert {"postgres", "nats", "gateway", "simulator"} <= set(status["ports"])
    assert status["replicas"]["gateway"] == 2
    assert all(is_alive(pid) for pid in status["pids"].values())


def test_a_second_up_finds_the_first_and_leaves_it_alone(running: Installation) -> None:
    before = running.status()

    second = running.run("up", "--detach", "--json")

    assert second.returncode == 0
    assert "runs already" in second.stderr
    assert json.loads(second.stdout) == running.connection
    assert running.status() == before


@pytest.mark.parametrize("name", ["postgres", "nats", "simulator", "executor", "analytics"])
def test_a_killed_process_is_started_again(running: Installation, name: str) -> None:
    killed = running.kill(name)

    running.await_restart(name, of_pid=killed)

    assert running.status()["restarts"][name] >= 1
    await_value(lambda: status_of(running, "/readyz") == 200, what="the gateway to be ready again")


def test_a_killed_gateway_leaves_the_address_to_the_other(running: Installation) -> None:
    killed = running.kill("gateway")

    answers = [status_of(running, "/v1/models") for _ in range(10)]

    assert answers == [200] * 10
    running.await_restart("gateway", of_pid=killed)


def test_every_process_shows_its_metrics(running: Installation) -> None:
    metrics = running.connection["metrics"]

    assert set(metrics) == set(running.status()["pids"]) - {"postgres", "nats"}
    for name, url in metrics.items():
        await_value(lambda url=url: get(url) == 200, what=f"the metrics of {name}")


def test_the_doctor_finds_nothing_while_everything_runs(running: Installation) -> None:
    await_value(lambda: running.run("doctor").returncode == 0, what="the doctor to be content")


async def test_what_was_committed_outlives_a_kill_of_postgres(running: Installation) -> None:
    url = running.connection["database_url"]
    await fetch(url, "CREATE TABLE IF NOT EXISTS public.kept AS SELECT 7 AS number")

    killed = running.kill("postgres")
    await asyncio.to_thread(running.await_restart, "postgres", of_pid=killed)

    assert await fetch(url, "SELECT number FROM public.kept") == 7


SEEN_WITHIN_S = 1.0
STILL_S = 6.0
STALE_SAID_AFTER_S = 3.0
"""What was looked at less than two seconds ago is fresh; the look itself comes every half second."""


@contextlib.contextmanager
def standing_still(running: Installation, name: str) -> Iterator[None]:
    """The server and its children are there and do nothing."""
    pids = list(with_children(int(running.status()["pids"][name])))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.capability("P3")
@pytest.mark.promise("G-10")
async def test_prompts_are_delivered_while_nats_or_postgres_stands_still(running: Installation, fair_now: Callable[[], float]) -> None:
    """Moved without a message, a label is seen within a second; without the database it is served with its age."""
    url, key = running.connection["url"], running.connection["api_key"]
    async with aiohttp.ClientSession(url, headers={"authorization": f"Bearer {key}"}) as session:

        async def call(method: str, path: str, body: object) -> int:
            async with session.request(method, path, json=body, timeout=aiohttp.ClientTimeout(total=60)) as answer:
                return answer.status

        assert await call("POST", "/v1/prompts", {"slug": "steady", "template": "version 1", "model": "simulated/chat"}) == 201
        assert await call("POST", "/v1/prompts/steady/versions", {"template": "version 2", "base_version": 1}) == 201
        async with SteadyReaders(url, key, "steady", now=fair_now).reading() as readers:
            with standing_still(running, "nats"):
                await asyncio.sleep(0.5)
                assert await call("PUT", "/v1/prompts/steady/labels/production", {"version": 2}) == 200
                moved_at = fair_now()
                await fair_sleep(SEEN_WITHIN_S + 0.5)
            with standing_still(running, "postgres"):
                still_at, still_on_the_clock = fair_now(), monotonic()
                await asyncio.sleep(STILL_S)
                still_until = fair_now()
            await asyncio.sleep(0.5)
            async with asyncio.timeout(60):
                while any(one.age_s is not None for one in readers.since(fair_now() - 0.5)):
                    await asyncio.sleep(0.1)
            goes_back_at = fair_now()  # From here on either may come: it is seen as soon as it is written, before who moved it is answered.
            assert await call("PUT", "/v1/prompts/steady/labels/production", {"version": 1}) == 200
            back_at = fair_now()
            await fair_sleep(SEEN_WITHIN_S + 0.3)
    assert not readers.errors, readers.errors[:3]
    assert {one.version for one in readers.since(moved_at + SEEN_WITHIN_S) if one.answered_at < goes_back_at} == {2}
    assert {one.version for one in readers.since(back_at + SEEN_WITHIN_S)} == {1}
    stale = [one for one in readers.since(still_at) if one.answered_at <= still_until]
    late = [one for one in stale if one.asked_at >= still_at + STALE_SAID_AFTER_S]
    assert late and all(one.age_s is not None for one in late), "after three seconds without the database each answer says how old it is"
    aged_s = [(one.age_s, one.answered_on_the_clock - still_on_the_clock) for one in late if one.age_s is not None]
    assert all(age_s <= passed_s + STALE_SAID_AFTER_S for age_s, passed_s in aged_s)
    took_s = sorted(one.answered_at - one.asked_at for one in stale)
    assert took_s[len(took_s) * 99 // 100] < 1.0, "from memory: nobody waits for what does not come"


def test_services_cannot_see_the_secrets_file_of_another_user(running: Installation) -> None:
    for name in ("secrets.json", "state.json", "connection.json", "workspace.json", "admin.json", "nats/nats.conf"):
        assert (running.home / name).stat().st_mode & 0o077 == 0, name


def test_a_workspace_made_by_command_has_a_key_of_its_own(running: Installation) -> None:
    made = running.run("workspace", "create", "Second", "--credits", "5", "--json")

    access = json.loads(made.stdout)
    assert access["workspace_id"] != running.connection["workspace_id"]
    assert access["api_key"].startswith("bk_live_")
    books = asyncio.run(
        fetch(
            running.connection["database_url"], f"SELECT limit_nusd FROM burnish.accounts WHERE workspace_id = '{access['workspace_id']}'"
        )
    )
    assert books == 50_000_000


def test_logs_carry_the_name_of_their_process(running: Installation) -> None:
    lines = running.run("logs", "postgres", "nats").stdout.splitlines()

    assert {line.split("|")[0].strip() for line in lines} == {"postgres", "nats"}


def test_two_homes_of_two_users_run_side_by_side(running: Installation, other: Installation) -> None:
    other.up(replicas=SERVERS_ONLY)

    assert not set(other.status()["ports"].values()) & set(running.status()["ports"].values())
    assert other.connection["api_key"] != running.connection["api_key"]


def test_a_killed_launcher_leaves_no_process_and_the_next_up_finds_the_data(other: Installation) -> None:
    first = other.up(replicas=SERVERS_ONLY)
    asyncio.run(fetch(first["database_url"], "CREATE TABLE public.kept AS SELECT 7 AS number"))
    pids = other.status()["pids"]

    os.kill(other.launcher_pid(), signal.SIGKILL)

    await_value(lambda: not any(is_alive(pid) for pid in pids.values()), what="the processes of a killed launcher to end")
    assert other.status()["state"] == "stopped"
    assert other.up(replicas=SERVERS_ONLY)["api_key"] == first["api_key"]
    assert asyncio.run(fetch(other.connection["database_url"], "SELECT number FROM public.kept")) == 7


def test_a_kill_of_everything_at_once_is_survived(other: Installation) -> None:
    first = other.up(replicas=SERVERS_ONLY)
    status = other.status()

    for pid in (status["pid"], *status["pids"].values()):
        with contextlib.suppress(ProcessLookupError):  # The launcher's end may have taken it already.
            os.kill(pid, signal.SIGKILL)

    assert other.up(replicas=SERVERS_ONLY)["api_key"] == first["api_key"]


def test_down_leaves_no_process_and_says_when_nothing_runs(other: Installation) -> None:
    other.up(replicas=SERVERS_ONLY)
    pids = other.status()["pids"]

    other.down()

    assert not any(is_alive(pid) for pid in pids.values())
    assert other.status()["state"] == "stopped"
    assert not (other.home / "connection.json").exists()
    assert "Nothing runs" in other.run("down").stderr


@pytest.mark.promise("G-18")
def test_down_refuses_new_connections_and_cuts_none_that_it_took(other: Installation) -> None:
    """A client that stays connected keeps the gateways for a while: who connects meanwhile has no answer to wait for."""
    other.up(replicas=SERVERS_ONLY.replace("gateway=0", "gateway=2"))
    address = other.connection["url"].removeprefix("http://")
    idle = http.client.HTTPConnection(address, timeout=60)
    idle.request("GET", "/healthz")
    assert idle.getresponse().read() is not None
    stopping, answered = other.start("down"), 0
    try:
        with contextlib.suppress(ConnectionRefusedError):
            while stopping.poll() is None:
                asking = http.client.HTTPConnection(address, timeout=60)
                asking.connect()  # Refused, or it is answered: whatever else it raises fails the test.
                with contextlib.closing(asking), no_refusal():
                    asking.request("GET", "/healthz", headers={"Connection": "close"})
                    asking.getresponse().read()
                answered += 1
        assert answered > 0 and stopping.wait(60) == 0
    finally:
        idle.close()
        stopping.kill()
        stopping.communicate()


@contextlib.contextmanager
def no_refusal() -> Iterator[None]:
    """What was connected and is then cut fails a test, whichever way it is said."""
    try:
        yield
    except ConnectionError as cut:
        raise AssertionError("a connection that was taken was cut") from cut


def test_in_the_foreground_one_object_is_printed_and_one_signal_stops_everything(other: Installation) -> None:
    launcher = other.start("up", "--json", "--replicas", SERVERS_ONLY)
    assert launcher.stdout is not None
    connection = json.loads(launcher.stdout.readline())
    pids = other.status()["pids"]

    launcher.send_signal(signal.SIGTERM)
    rest, _ = launcher.communicate(timeout=60)

    assert connection["url"].startswith("http://127.0.0.1:")
    assert (launcher.returncode, rest) == (0, "")
    assert not any(is_alive(pid) for pid in pids.values())


def test_a_first_start_in_the_background_that_is_told_to_end_leaves_nothing_running_and_the_next_works(tmp_path: Path) -> None:
    """SIGTERM, as `timeout` and jobs of CI send it, counts as Ctrl-C."""
    fresh = Installation(tmp_path / "home")
    starting = fresh.start("up", "--detach", "--json", "--replicas", SERVERS_ONLY)
    try:
        assert starting.stderr is not None
        began = next(line for line in starting.stderr if "is ready on port" in line)  # seconds before the schema is there
        launcher = fresh.launcher_pid()

        starting.send_signal(signal.SIGTERM)
        printed, said = starting.communicate(timeout=60)

        assert (starting.returncode, printed) == (130, "") and "stopped; the data stays" in said, began + said
        assert not is_alive(launcher) and fresh.status()["state"] == "stopped"
        fresh.up(replicas=SERVERS_ONLY)
    finally:
        starting.kill()
        fresh.down()


def test_an_up_after_an_update_starts_again_what_runs_with_the_code_from_before(other: Installation) -> None:
    other.up(replicas=SERVERS_ONLY)
    try:
        before = other.status()
        state = other.home / "state.json"
        left_out = [one for one in before["left_out"] if one != "webhooks"]  # The code from before knew of no such service.
        state.write_text(json.dumps(before | {"build": "of the code from before", "left_out": left_out}))
        assert "the code was changed since it was started" in other.run("status").stdout

        second = other.run("up", "--detach", "--json")

        assert second.returncode == 0, second.stderr
        assert "with the code from before an update" in second.stderr
        after = other.status()
        assert after["state"] == "ready" and after["pid"] != before["pid"]
        assert after["replicas"] == before["replicas"] | {"webhooks": 1} and after["build"] == before["build"]
        assert after["ports"].items() >= before["ports"].items()
        assert "code was changed" not in other.run("status").stdout
    finally:
        other.down()


def test_an_update_to_code_that_does_not_start_leaves_what_runs_alone(other: Installation, tmp_path: Path) -> None:
    other.up(replicas=SERVERS_ONLY)
    try:
        before = other.status()
        broken = tmp_path / "burnish_simulator"
        broken.mkdir()
        (broken / "__init__.py").touch()
        (broken / "app.py").write_text("import a_library_that_was_not_installed\n")
        make_reachable(tmp_path)

        second = Installation(other.home, prefix=other.prefix, environment={"PYTHONPATH": str(tmp_path)}).run("up", "--detach", "--json")

        assert second.returncode == 1
        assert "it does not start. What runs was left alone" in second.stderr and "a_library_that_was_not_installed" in second.stderr
        assert other.status() == before
    finally:
        other.down()


def test_an_update_that_fails_as_it_starts_says_that_nothing_runs(other: Installation) -> None:
    other.up(replicas=SERVERS_ONLY)
    try:
        state = other.home / "state.json"
        state.write_text(json.dumps(other.status() | {"build": "of the code from before"}))
        refused = {"BURNISH_POSTGRES_SETTINGS": "no_such_setting=1"}

        second = Installation(other.home, prefix=other.prefix, environment=refused).run("up", "--detach", "--json")

        assert second.returncode == 1
        assert "Nothing runs in" in second.stderr and "The data stays" in second.stderr, second.stderr
        assert other.status()["state"] == "failed"
    finally:
        other.down()


def test_of_two_that_start_at_once_one_finds_the_other(other: Installation) -> None:
    words = ("up", "--detach", "--json", "--replicas", SERVERS_ONLY)
    first, second = other.start(*words), other.start(*words)

    answers = [one.communicate(timeout=120) for one in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0)
    assert answers[0][0] == answers[1][0] != ""
    assert sum("runs already" in words_for_people for _, words_for_people in answers) == 1


def test_a_start_that_fails_says_why_and_leaves_nothing_running(tmp_path: Path) -> None:
    nobody_listens = "postgresql://nobody:secret@127.0.0.1:9/burnish"
    installation = Installation(tmp_path / "home", environment={"DATABASE_URL": nobody_listens})

    failed = installation.run("up", "--detach", "--json", "--replicas", SERVERS_ONLY)

    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "the database cannot be reached" in failed.stderr
    status = installation.status()
    assert (status["state"], status["pids"]) == ("failed", {})


def test_own_servers_take_the_place_of_the_packaged_ones(running: Installation, tmp_path: Path) -> None:
    """As with a managed database: DATABASE_URL is a login that may create roles."""
    passwords = {
        f"BURNISH_NATS_PASSWORD_{user.upper()}": password for user, password in _nats_passwords(running.home / "nats" / "nats.conf").items()
    }
    asyncio.run(fetch(running.connection["database_url"], "CREATE DATABASE own"))
    database_url = running.connection["database_url"].replace("/burnish", "/own")
    installation = Installation(
        tmp_path / "home", environment={"DATABASE_URL": database_url, "NATS_URL": running.connection["nats_url"], **passwords}
    )
    try:
        installation.up(replicas=SERVERS_ONLY)

        assert set(installation.status()["pids"]) == {"simulator"}
        assert installation.connection["database_url"] == database_url
    finally:
        installation.down()


def _nats_passwords(config: Path) -> dict[str, str]:
    passwords = {}
    for line in config.read_text().splitlines():
        if "user: " in line:
            passwords[line.split('user: "')[1].split('"')[0]] = line.split('password: "')[1].split('"')[0]
    return passwords
