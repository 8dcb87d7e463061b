"""The peers: installed by package name into a folder outside the repository, started on loopback before the same mock, stopped by pid.

Each does plain forwarding here (class A): no keys, no limits, no records. They get an environment of their own, without anybody's keys.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gateway.load import Target
from benchmarks.gateway.processes import family

HERE = Path(__file__).parent
MODELS = ("mock", "mock-gap")
INSTALL_S = 300.0
START_S = 60.0
STOP_S = 5.0


class PeerAway(Exception):
    """A peer could not be installed or started; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one peer is had. `install` makes the folder, `start` runs what is in it; `share`: how many times the requests of others."""

    name: str
    title: str
    note: str
    install: Callable[[Path], None]
    start: Callable[[Path, str], "tuple[subprocess.Popen[str], dict[str, Target]]"]
    share: float = 1.0


@dataclass(slots=True)
class Peer:
    """A peer that runs. `targets` by model of the mock."""

    kind: Kind
    process: "subprocess.Popen[str]"
    targets: dict[str, Target] = field(default_factory=dict)

    def stop(self) -> None:
        """Ends the process and all below it, first gently. Safe to call twice."""
        end(self.process)


def end(process: "subprocess.Popen[str]") -> None:
    """Ends a process and all below it by pid, first gently, after `STOP_S` by force."""
    pids = family([process.pid]) if process.poll() is None else set()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue
        pids = {pid for pid in pids if Path(f"/proc/{pid}").exists() and pid != process.pid}
        if not pids:
            return


def start(kind: Kind, cache: Path, mock_url: str) -> Peer:
    """Installs what is missing (at most five minutes), starts it, waits until it listens. `PeerAway` says in one line why not."""
    folder = cache / kind.title.replace(" ", "-").lower()
    try:
        if not (folder / "complete").exists():
            print(f"installing {kind.title} into {folder} …", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            kind.install(folder)
            (folder / "complete").touch()
        process, targets = kind.start(folder, mock_url)
    except FileNotFoundError as error:
        raise PeerAway(f"{error.filename} is not there") from error
    except subprocess.TimeoutExpired as error:
        raise PeerAway(f"it took longer than {error.timeout:g} s to install") from error
    except (subprocess.CalledProcessError, OSError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise PeerAway(said[-1][:300] if said else "no reason given") from error
    return Peer(kind, process, targets)


def _run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, env={**os.environ}, check=True, capture_output=True, text=True, timeout=INSTALL_S)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(folder), "LANG": "C.UTF-8", **more}


def _python(*packages: str) -> Callable[[Path], None]:
    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", "venv", cwd=folder)
        _run("venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages, cwd=folder)

    return install


def _portkey_package(folder: Path) -> None:
    wanted = {"private": True, "dependencies": {"@portkey-ai/gateway": "1.15.2"}, "overrides": {"@hono/node-server": "1.13.8"}}
    (folder / "package.json").write_text(json.dumps(wanted))
    _run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _open(command: list[str], folder: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Runs it in a group of its own; where `setpriv` is there, the kernel ends it with the benchmark, however that ends."""
    guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [*guard, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def _wait(process: "subprocess.Popen[str]", folder: Path, ready: Callable[[], str | None]) -> str:
    """The answer of `ready` once it has one; ends the process and says its last line where it ends or takes too long."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        if answer := ready():
            return answer
        time.sleep(0.1)
    ended = process.poll()
    end(process)
    lines = (folder / "log").read_text().strip().splitlines() or ["it said nothing"]
    raise PeerAway(
        (f"ended with {ended}: " if ended is not None else f"did not listen within {START_S:g} s: ")
        + f"{lines[-1][:300]} (more in {folder}/log; without the folder it is installed anew)"
    )


def _listens(port: int) -> Callable[[], str | None]:
    def ready() -> str | None:
        with socket.socket() as one:
            return f"http://127.0.0.1:{port}" if one.connect_ex(("127.0.0.1", port)) == 0 else None

    return ready


def _start_portkey(folder: Path, mock_url: str) -> "tuple[subprocess.Popen[str], dict[str, Target]]":
    port = _free_port()
    server = "node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ["node", "--require", str(HERE / "loopback.cjs"), server, f"--port={port}", "--headless"]
    process = _open(command, folder, _environment(folder, NODE_ENV="production"))
    url = _wait(process, folder, _listens(port))
    headers = (("x-portkey-provider", "openai"), ("x-portkey-custom-host", f"{mock_url}/v1"))
    return process, {model: Target(f"{url}/v1", model, "none", headers) for model in MODELS}


def _start_tensorzero(folder: Path, mock_url: str) -> "tuple[subprocess.Popen[str], dict[str, Target]]":
    (folder / "tensorzero.toml").write_text(
        "[gateway]\ndisable_pseudonymous_usage_analytics = true\nobservability.enabled = false\n"
        + "".join(
            f'[models.{model}]\nrouting = ["bench"]\n[models.{model}.providers.bench]\ntype = "openai"\n'
            f'api_base = "{mock_url}/v1"\nmodel_name = "{model}"\napi_key_location = "none"\n'
            for model in MODELS
        )
    )
    command = ["venv/bin/python", str(HERE / "tensorzero_gateway.py"), "tensorzero.toml"]
    process = _open(command, folder, _environment(folder))

    def ready() -> str | None:
        said = [line for line in (folder / "log").read_text().splitlines() if line.startswith("listens ")]
        return said[0].split()[1].rstrip("/") if said else None

    url = _wait(process, folder, ready)
    return process, {model: Target(url, f"tensorzero::model_name::{model}", "none") for model in MODELS}


def _start_litellm(folder: Path, mock_url: str) -> "tuple[subprocess.Popen[str], dict[str, Target]]":
    port = _free_port()
    routes = [
        {"model_name": model, "litellm_params": {"model": f"openai/{model}", "api_base": f"{mock_url}/v1", "api_key": "none"}}
        for model in MODELS
    ]
    key = f"sk-{secrets.token_urlsafe(32)}"  # without one it does not start
    settings = {
        "model_list": routes,
        "litellm_settings": {"telemetry": False, "num_retries": 0},
        "general_settings": {"disable_spend_logs": True},
    }
    (folder / "litellm.yaml").write_text(json.dumps(settings))  # JSON is YAML
    command = ["venv/bin/litellm", "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    quiet = {
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_OFFLINE_MODE": "true",
        "LITELLM_MASTER_KEY": key,
    }
    process = _open([*command, "--telemetry", "False"], folder, _environment(folder, **quiet))
    url = _wait(process, folder, _listens(port))
    return process, {model: Target(f"{url}/v1", model, key) for model in MODELS}


PORTKEY = Kind(
    "portkey", "Portkey 1.15.2", "Node, one process, `@hono/node-server` 1.13.8; its code waits 25 ms before it passes the first chunk on",
    _portkey_package, _start_portkey,
)  # fmt: skip
TENSORZERO = Kind(
    "tensorzero", "TensorZero 2026.6.0", "Rust, the gateway that its wheel starts, without a database",
    _python("tensorzero==2026.6.0", "openai==3.52.0"), _start_tensorzero, share=3,
)  # fmt: skip
LITELLM = Kind(
    "litellm", "LiteLLM proxy 1.106.2", "Python, one worker, its master key, without a database; a quarter of the others' requests",
    _python("litellm[proxy]==1.106.2"), _start_litellm, share=0.25,
)  # fmt: skip
KINDS = {kind.name: kind for kind in (PORTKEY, TENSORZERO, LITELLM)}
