"""The launcher's parts that need no server."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from burnish import audit
from burnish.backup.dump import without_password
from burnish.embedded.child import StartFailed, end, last_lines, spawn
from burnish.embedded.ports import free_port
from burnish.launcher.database import prepare_schema
from burnish.launcher.endpoints import external_nats, with_login
from burnish.launcher.environment import Surroundings, service_environment
from burnish.launcher.files import read_json, write_json
from burnish.launcher.home import Home, HomeLock, holder
from burnish.launcher.leftovers import end_leftovers
from burnish.launcher.logs import LogReader, rotate
from burnish.launcher.passwords import KEK_VARIABLES, Secrets, load_secrets, new_kek
from burnish.launcher.ports import START_TRIES, Ports
from burnish.launcher.reservations import Reservations
from burnish.launcher.servers import postgres_settings
from burnish.launcher.services import parse_replicas, process_names, service_named
from burnish.launcher.state import State, present_state, write_state
from burnish.launcher.supervisor import Member, Supervisor, describe_end
from burnish.main import app
from burnish.told import has_bad_port

SECRETS = Secrets(kek="k", seed="s", instance="abc123")


def test_a_port_that_somebody_listens_on_is_left_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) > port


def test_a_port_promised_to_another_process_is_left_out() -> None:
    first = free_port(24000)

    assert free_port(first, taken=frozenset({first})) > first


def test_a_port_that_another_launcher_has_promised_is_left_out(tmp_path: Path) -> None:
    ours, theirs = Reservations(tmp_path), Reservations(tmp_path)

    assert theirs.take(18200)
    assert not ours.take(18200)

    theirs.give_back(18200)
    assert ours.take(18200)
    assert ours.take(18200)


def listen_as_servers_do(stranger: socket.socket, port: int) -> None:
    """With SO_REUSEADDR: without it the look of another process at this port (`free_port`), or a connection that it had, is in the way."""
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stranger.bind(("127.0.0.1", port))
    stranger.listen()


async def test_a_server_whose_port_a_stranger_took_starts_on_the_next_one() -> None:
    ports, tried = Ports({"gateway": free_port(24000)}, say=lambda _: None), []
    with socket.socket() as stranger:

        async def start(port: int) -> int:
            tried.append(port)
            if len(tried) == 1:
                listen_as_servers_do(stranger, port)
                raise StartFailed("the stranger refuses us")
            return port

        assert await ports.start("gateway", start) == tried[1] == ports.chosen["gateway"] > tried[0]


async def test_a_server_whose_ports_strangers_take_time_and_again_gives_up_with_its_own_words() -> None:
    tried: list[int] = []
    with ExitStack() as strangers:

        async def start(port: int) -> None:
            tried.append(port)
            stranger = strangers.enter_context(socket.socket())
            listen_as_servers_do(stranger, port)
            raise StartFailed("the stranger refuses us")

        with pytest.raises(StartFailed, match="refuses us"):
            await Ports({"gateway": free_port(24200)}, say=lambda _: None).start("gateway", start)
    assert len({*tried}) == len(tried) == START_TRIES


async def test_a_server_that_fails_on_a_free_port_is_not_started_elsewhere() -> None:
    tried = []

    async def start(port: int) -> None:
        tried.append(port)
        raise StartFailed("the disk is full")

    with pytest.raises(StartFailed, match="disk is full"):
        await Ports({"gateway": free_port(24100)}, say=lambda _: None).start("gateway", start)
    assert len(tried) == 1


def test_without_a_place_for_reservations_every_port_may_be_taken(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    assert Reservations(blocked).take(18200)


def test_without_any_folder_for_temporary_files_every_port_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", find_none)

    assert Reservations().take(18200)


@pytest.mark.parametrize(
    ("text", "numbers"), [("", {}), ("gateway=2,executor=3", {"gateway": 2, "executor": 3}), (" webhooks=0 ,", {"webhooks": 0})]
)
def test_replicas_are_read(text: str, numbers: dict[str, int]) -> None:
    assert parse_replicas(text) == numbers


@pytest.mark.parametrize("text", ["postgres=2", "gateway", "gateway=many", "gateway=33", "simulator=2", "gateway=-1"])
def test_replicas_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--replicas"):
        parse_replicas(text)


def test_the_first_replica_carries_the_plain_name() -> None:
    assert process_names(service_named("executor"), replicas=3) == ("executor", "executor-2", "executor-3")


def test_settings_of_the_packaged_postgres_can_be_added() -> None:
    assert postgres_settings("shared_buffers=1GB, work_mem = 8MB,") == {"shared_buffers": "1GB", "work_mem": "8MB"}
    with pytest.raises(StartFailed, match="name=value"):
        postgres_settings("shared_buffers")


def test_another_login_keeps_host_database_and_options_of_a_url() -> None:
    url = "postgresql://postgres.project:old@db.example.com:6543/app?sslmode=require"

    assert with_login(url, user="burnish_gateway", password="a/b@c") == (
        "postgresql://burnish_gateway.project:a%2Fb%40c@db.example.com:6543/app?sslmode=require"
    )


def test_another_login_takes_nothing_along_of_who_was_named_in_the_query() -> None:
    url = "postgresql://db.example.com/app?user=postgres&sslmode=require&pass%77ord=old"

    assert with_login(url, user="burnish_gateway", password="own") == "postgresql://burnish_gateway:own@db.example.com/app?sslmode=require"


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgresql://ann:a%2Fb@host:5/app?sslmode=require", "postgresql://ann@host:5/app?sslmode=require", "a/b"),
        ("postgresql://ann@host/app?password=a%2Fb&sslmode=require", "postgresql://ann@host/app?sslmode=require", "a/b"),
        ("postgresql:///app?host=/tmp&user=ann&pass%77ord=secret", "postgresql:///app?host=/tmp&user=ann", "secret"),
        ("postgresql://ann:first@host/app?password=second", "postgresql://ann@host/app", "first"),
        ("postgresql://host/app", "postgresql://host/app", ""),
    ],
)
def test_an_address_in_the_list_of_processes_shows_no_password_wherever_it_stood(url: str, address: str, password: str) -> None:
    assert without_password(url) == (address, password)


def test_the_books_of_half_a_deployment_are_not_taken_for_looked_at(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "BURNISH_KEK": new_kek(), "NATS_URL": ""}
    told = CliRunner().invoke(app, ["doctor", "--audit", "--home", str(tmp_path)], env=environment)
    assert isinstance(told.exception, StartFailed) and "NATS_URL is missing" in str(told.exception)
    journal = tmp_path / "journal"
    journal.touch()
    unread = CliRunner().invoke(app, ["doctor", "--journal", str(journal), "--home", str(tmp_path)])
    assert unread.exit_code == 2 and "--audit" in unread.output


@pytest.mark.parametrize("patience", ["soon", "nan", "inf", "-1"])
def test_an_audit_that_is_told_to_wait_for_no_time_says_so(
    patience: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BURNISH_AUDIT_PATIENCE_S", patience)
    nowhere = {"database_url": "postgresql://nobody@127.0.0.1:9/none", "nats_url": "nats://127.0.0.1:9"}
    assert audit.run(nowhere, journal=None, as_json=False) == 2
    assert f"BURNISH_AUDIT_PATIENCE_S: '{patience}' is no number of seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (("workspace", "create", "x"), "ada:secret@127.0.0.1:secret/burnish"),
        (("users", "list"), "ada:secret/burnish"),
        (("migrate",), "ada:se/cret@127.0.0.1:5432/burnish"),
    ],
)
def test_a_port_that_is_no_number_is_told_without_what_may_be_the_password(tmp_path: Path, words: tuple[str, ...], address: str) -> None:
    surroundings = os.environ | {"DATABASE_URL": f"postgresql://{address}", "BURNISH_KEK": new_kek(), "BURNISH_HOME": str(tmp_path)}
    run = [sys.executable, "-c", "from burnish.main import main; main()", *words]
    told = subprocess.run(run, env=surroundings, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 1 and told.stderr.startswith("burnish: DATABASE_URL: what stands for its port is no number"), told.stderr
    assert "secret" not in told.stderr


@pytest.mark.parametrize("address", ["h", "h:5432", "u:p@h:5432,i:5433", "u:p@[::1]:5432", "[::1]", "", "u:p@h:"])
def test_ports_that_are_numbers_or_left_out_are_nothing_wrong(address: str) -> None:
    assert not has_bad_port(f"postgresql://{address}/burnish?sslmode=require")


def test_whoever_reads_json_reads_that_nothing_runs(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["doctor", "--json", "--home", str(tmp_path)], env={"DATABASE_URL": "", "NATS_URL": ""})
    assert told.exit_code == 1 and json.loads(told.stdout)["healthy"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--workspace", str(UUID(int=1)), "--name", " "),
        ("keys", "operator", "--workspace", str(UUID(int=1)), "--name", "x" * 201),
        ("users", "create", "--email", "ada@example.com", "--name", "x" * 201),
        ("users", "create", "--email", "ada@example.com", "--name", "\udcff"),
        ("workspace", "create", "  "),
    ],
)
def test_a_name_that_cannot_be_stored_is_refused_before_anything_is_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--home", str(tmp_path)])
    assert told.exit_code == 2 and ("1 to 200 characters" in told.output or "UTF-8" in told.output), told.output


def test_a_password_that_is_no_text_is_refused(tmp_path: Path) -> None:
    words = ["users", "set-password", "--email", "ada@example.com", "--password-stdin", "--home", str(tmp_path)]
    told = CliRunner().invoke(app, words, input=b"\xff\xfe secret\n")
    assert told.exit_code == 2 and "UTF-8" in told.output and "secret" not in told.output


@pytest.mark.parametrize("command", ["new", "forget"])
def test_a_home_that_was_mistyped_gets_no_key(tmp_path: Path, command: str) -> None:
    told = CliRunner().invoke(app, ["kek", command, "--home", str(tmp_path)], env=dict.fromkeys(KEK_VARIABLES, ""))
    assert "there is no installation in" in str(told.exception) and told.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_a_nats_user_without_a_password_of_its_own_logs_in_as_the_url_says() -> None:
    urls = external_nats("nats://all:secret@host:4222", ("gateway", "executor"), {"BURNISH_NATS_PASSWORD_GATEWAY": "own"})

    assert urls == {"gateway": "nats://gateway:own@host:4222", "executor": "nats://all:secret@host:4222"}


def environment_of(name: str, inherited: dict[str, str]) -> dict[str, str]:
    around = Surroundings(
        secrets=SECRETS,
        database_urls={name: f"postgresql://{name[0]}" for name in ("gateway", "executor", "webhooks", "optimizer", "analytics")},
        nats_urls={name: f"nats://{name[0]}" for name in ("gateway", "executor", "webhooks", "optimizer", "analytics")},
        public_port=18000,
        listen_fd=9,
        simulator_port=18100,
    )
    return service_environment(service_named(name), number=2, metrics_port=18201, around=around, inherited=inherited)


def test_a_service_gets_its_own_logins_and_nobody_elses() -> None:
    inherited = {
        "DATABASE_URL": "postgresql://operator",
        "NATS_URL": "nats://operator",
        "BURNISH_NATS_PASSWORD_GATEWAY": "secret",
        "BURNISH_PG_PASSWORD_GATEWAY": "secret",
        "PGPASSWORD": "secret of the operator",
        "PATH": "/bin",
    }

    environment = environment_of("executor", inherited)

    assert environment["DATABASE_URL"] == "postgresql://e"
    assert environment["NATS_URL"] == "nats://e"
    assert environment["BURNISH_REPLICA"] == "abc123-2"
    assert environment["PATH"] == "/bin"
    assert not any("secret" in value or "operator" in value for value in environment.values())


def test_links_of_webhooks_and_pages_lead_to_the_installation_itself() -> None:
    for service in ("gateway", "webhooks"):
        assert environment_of(service, {})["BURNISH_PUBLIC_URL"].startswith("http://127.0.0.1:")
        assert environment_of(service, {"BURNISH_PUBLIC_URL": "https://b.example"})["BURNISH_PUBLIC_URL"] == "https://b.example"


def test_only_the_gateway_gets_the_secrets_of_identity_providers() -> None:
    inherited = {"BURNISH_JWT_SECRET": "secret", "BURNISH_OIDC_CLIENT_SECRET": "secret", "BURNISH_POOLER": "transaction"}

    assert inherited.items() <= environment_of("gateway", inherited).items()
    for service in ("executor", "simulator"):
        environment = environment_of(service, inherited)
        assert "secret" not in environment.values() and environment["BURNISH_POOLER"] == "transaction"


@pytest.mark.promise("E-13")
def test_only_the_executor_gets_the_operators_keys_for_providers() -> None:
    inherited = {"OPENAI_API_KEY": "secret", "ANTHROPIC_API_KEY": "secret", "BURNISH_PROVIDER_KEY_OTHER": "secret"}

    assert inherited.items() <= environment_of("executor", inherited).items()
    for service in ("gateway", "simulator"):
        assert "secret" not in environment_of(service, inherited).values()


def test_only_the_webhooks_service_gets_the_password_of_the_mail_server() -> None:
    inherited = {"BURNISH_SMTP_URL": "smtp://u:secret@mail.example"}

    assert inherited.items() <= environment_of("webhooks", inherited).items()
    for service in ("gateway", "executor", "simulator"):
        assert "BURNISH_SMTP_URL" not in environment_of(service, inherited)


def test_the_simulator_gets_neither_a_login_nor_the_key() -> None:
    inherited = {"DATABASE_URL": "postgresql://operator", "BURNISH_KEK": "key", "BURNISH_KEK_FILE": "f", "BURNISH_KEK_COMMAND": "c"}

    assert not {"DATABASE_URL", "NATS_URL", "BURNISH_KEK"} & set(environment_of("simulator", inherited))


def test_only_services_that_run_code_get_the_key_of_daytona() -> None:
    inherited = {"BURNISH_SANDBOX": "daytona", "BURNISH_DAYTONA_API_KEY": "dtn_secret"}
    for service in ("gateway", "executor", "optimizer"):
        assert environment_of(service, inherited)["BURNISH_DAYTONA_API_KEY"] == "dtn_secret"
    for service in ("analytics", "webhooks"):
        assert "BURNISH_DAYTONA_API_KEY" not in environment_of(service, inherited)


def test_only_the_gateway_gets_the_listening_socket() -> None:
    assert environment_of("gateway", {})["BURNISH_LISTEN_FD"] == "9"
    assert "BURNISH_LISTEN_FD" not in environment_of("executor", {})


def test_compiled_modules_are_kept_and_exported_settings_reach_the_services() -> None:
    environment = environment_of("executor", {"PYTHONDONTWRITEBYTECODE": "1", "BURNISH_SWEEP_GRACE_S": "2", "BURNISH_EGRESS_ALLOW": ""})

    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["BURNISH_SWEEP_GRACE_S"] == "2"
    assert environment["BURNISH_EGRESS_ALLOW"] == ""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.logs.mkdir()
    return home


def test_one_launcher_at_a_time_has_a_home(home: Home) -> None:
    lock = HomeLock.take(home)
    assert lock is not None

    assert HomeLock.take(home) is None
    assert holder(home) == os.getpid()

    lock.release()
    assert holder(home) is None


def test_the_state_of_a_dead_launcher_is_stopped_whatever_it_wrote_last(home: Home) -> None:
    write_state(home, State(state="ready", pid=1, url="http://127.0.0.1:1", pids={"postgres": 1}))

    state = present_state(home)

    assert (state.state, state.pid, state.url, state.pids) == ("stopped", None, None, {})


def test_secrets_are_made_once_and_for_their_owner_alone(home: Home) -> None:
    first = load_secrets(home, {})

    assert load_secrets(home, {}) == first
    assert home.secrets.stat().st_mode & 0o777 == 0o600
    assert first.password("a") != first.password("b")


@pytest.mark.parametrize("kek", ["short", "bm90IDMyIGJ5dGVz", "!"])
def test_a_key_encryption_key_of_another_length_is_refused(home: Home, kek: str) -> None:
    with pytest.raises(StartFailed, match="BURNISH_KEK"):
        load_secrets(home, {"BURNISH_KEK": kek})


def test_a_json_file_that_is_broken_reads_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text("{")
    assert read_json(path) is None

    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}


def test_a_log_beyond_its_size_is_moved_aside_while_its_writer_goes_on(home: Home) -> None:
    log = home.log_of("executor")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        rotate(home.logs, max_bytes=10)
        writer.write(b"new\n")

    assert log.read_text() == "new\n"
    assert log.with_name("executor.log.1").read_text() == "old\n" * 100


def test_a_reader_shows_whole_lines_with_their_process_and_goes_on_after_a_rotation(home: Home) -> None:
    log = home.log_of("executor")
    log.write_text("one\ntwo")
    reader = LogReader(home.logs, names=("executor",))

    assert list(reader.fresh()) == ["executor     | one"]
    log.write_text("a\n")
    assert list(reader.fresh()) == ["executor     | a"]


def test_a_service_name_shows_the_logs_of_all_its_replicas(home: Home) -> None:
    for name in ("executor", "executor-2", "gateway"):
        home.log_of(name).write_text(f"{name}\n")

    assert [line.split("| ")[1] for line in LogReader(home.logs, names=("executor",)).last(5)] == ["executor-2", "executor"]
    assert list(LogReader(home.logs).last(0)) == []


async def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(changed=lambda: None, say=said.append)
    restarted = asyncio.Event()

    async def start() -> asyncio.subprocess.Process:
        if supervisor.members["one"].restarts:
            restarted.set()
        return await spawn((sys.executable, "-c", "import time; time.sleep(60)"), log=tmp_path / "one.log")

    async def stop(process: asyncio.subprocess.Process) -> None:
        await end(process, signals=(signal.SIGKILL,), grace_s=5)

    await supervisor.add(Member("one", start=start, stop=stop))
    os.kill(supervisor.pids()["one"], 9)
    await asyncio.wait_for(restarted.wait(), 30)

    await supervisor.stop("one")
    assert supervisor.restarts() == {"one": 1}
    assert supervisor.pids() == {}
    assert any("SIGKILL" in line for line in said)


async def test_what_a_killed_launcher_left_behind_is_ended_and_strangers_are_left_alone(tmp_path: Path) -> None:
    sleep = "import time; time.sleep(60)"
    ours = await spawn((sys.executable, "-c", sleep, str(tmp_path)), log=tmp_path / "ours.log")
    stranger = await spawn((sys.executable, "-c", sleep), log=tmp_path / "stranger.log")
    others = await spawn((sys.executable, "-c", sleep, "burnish.serve", "gateway", f"{tmp_path}2"), log=tmp_path / "others.log")

    pids = {"nats": ours.pid, "executor": stranger.pid, "gateway": others.pid, "gone": 2**22 + 1}
    ended = await end_leftovers(pids, home=tmp_path)

    assert ended == ["nats"]
    assert await asyncio.wait_for(ours.wait(), 30) == -9
    assert (stranger.returncode, others.returncode) == (None, None), "a service of another home is a stranger too"
    for one in (stranger, others):
        await end(one, signals=(signal.SIGKILL,), grace_s=5)


@pytest.mark.parametrize(("code", "words"), [(1, "ended with code 1"), (-9, "was ended by SIGKILL"), (-99, "was ended by signal 99")])
def test_the_end_of_a_process_is_told_in_words(code: int, words: str) -> None:
    assert describe_end(code) == words


def test_the_last_lines_of_a_log_leave_out_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("before\nafter 1\nafter 2\n")

    assert last_lines(log, count=5, from_byte=7) == "after 1\nafter 2"
    assert last_lines(tmp_path / "none.log") == ""


@pytest.mark.capability("I2")
async def test_a_database_url_that_is_none_is_told_in_words() -> None:
    with pytest.raises(StartFailed, match="the database cannot be reached: invalid DSN"):
        await prepare_schema(admin="nonsense", migrator="nonsense", say=print)
