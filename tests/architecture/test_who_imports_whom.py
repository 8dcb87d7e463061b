"""Who may import whom (DESIGN sections 2 and 6): layers, pure modules, libraries that we do without."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
from importlinter.cli import lint_imports

from tests.architecture.source import PACKAGES, ROOT, SERVICES, Module, dotted, imports_of, modules, nodes_of

NEVER = {
    "litellm": "only its process beside the executor does (burnish_executor.io.llm)",
    "faststream": "raw nats-py with our own loops (docs/decisions)",
    "httpx": "aiohttp is the one HTTP client on hot paths",
    "requests": "it blocks the event loop",
    "niquests": "its .pth replaces urllib3",
    "jinja2": "tenants' prompts use our own template language, which can execute nothing",
    "sse_starlette": "our own event stream",
    "river": "our own detectors",
    "confseq": "our own intervals",
    "aiobreaker": "our own breaker",
    "RestrictedPython": "no sandbox at all",
}
"""A library that our code may not import, and why."""

ALONE = {("burnish_executor.io.llm", "litellm"), ("burnish_executor.io.no_redirects", "httpx")}
"""Who may all the same. Nobody imports the first: it is run. It alone imports the other, which keeps LiteLLM's clients in check."""

WORLD = frozenset(
    "asyncio threading multiprocessing subprocess socket ssl http os pathlib shutil tempfile random secrets time signal sqlite3 "
    "aiohttp asyncpg nats fastapi starlette uvicorn uvloop sqlalchemy alembic structlog logging prometheus_client opentelemetry uuid_utils "
    "pydantic_settings cryptography".split()
)
"""Clock, dice, I/O and frameworks: what pure modules do without. `urllib.parse` is pure; its neighbour of urllib stands below."""

OURS_WITH_A_WORLD = (
    "urllib.request",
    "burnish_shared.db",
    "burnish_shared.bus",
    "burnish_shared.books",
    "burnish_shared.clock",
    "burnish_shared.ids",
    "burnish_shared.egress",
)
"""Parts of the shared package that touch the world (time and dice are arguments of pure functions)."""

CLOCKS_AND_DICE = (".now", ".utcnow", ".today", "uuid4", "uuid1", "new_uuid", "open", "print", "input", "getenv")


BOTH_WAYS = {
    "execution experiments": "a call takes part in an experiment",
    "execution routing": "a call is led to a model, and an explanation reads a call",
    "optimization registry": "a label that moves starts test runs",
}
"""Rooms of the gateway that import each other, and what for. The list only gets shorter: what two rooms need lies in a third."""


def test_no_more_rooms_of_a_service_import_each_other() -> None:
    led = {(_room(module.name), _room(name)) for module in modules() if module.package in SERVICES for name, _ in imports_of(module)}
    rooms = {_room(module.name) for module in modules() if module.name.count(".") > 1}
    both = {(here, there) for here, there in led if here < there and (there, here) in led and {here, there} <= rooms}
    assert both == {(f"burnish_gateway.{here}", f"burnish_gateway.{there}") for here, there in map(str.split, BOTH_WAYS)}


def test_the_import_contracts_of_pyproject_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    path = list(sys.path)
    assert lint_imports() == os.EX_OK, capsys.readouterr().out
    sys.path[:] = path


def test_the_contracts_cover_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(settings["root_packages"]) == set(PACKAGES)
    layers = next(one for one in settings["contracts"] if one["type"] == "layers")["layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == set(PACKAGES)


def test_pure_modules_know_no_clock_dice_io_or_framework() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in modules()
        if module.is_pure
        for name, line in imports_of(module)
        if name.partition(".")[0] in WORLD or name.startswith(OURS_WITH_A_WORLD) or ".io." in f"{name}."
    ]
    wrong += [
        f"{module.path}:{node.lineno} calls {dotted(node.func)}"
        for module in modules()
        if module.is_pure
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Call) and f".{dotted(node.func)}".endswith(tuple(f".{one.lstrip('.')}" for one in CLOCKS_AND_DICE))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_scan_sees_pure_modules_of_every_service_that_decides_something() -> None:
    assert {module.package for module in modules() if module.is_pure} >= {
        "burnish_shared", "burnish_executor", "burnish_optimizer", "burnish_analytics", "burnish_webhooks",
    }  # fmt: skip


def test_nothing_imports_a_library_that_we_do_without() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}: {NEVER[top]}"
        for module, name, line, top in _outside()
        if top in NEVER and (module.name, top) not in ALONE
    ]
    assert not wrong, "\n".join(wrong)


def test_no_service_loads_litellm() -> None:
    """Its import costs seconds and hundreds of megabytes: only the process that the executor starts beside itself pays them."""
    load = """import importlib, sys
for name in sys.argv[1:]: importlib.import_module(name)
print([one for one in sys.modules if 'litellm' in one.split('.')])"""
    services = ["burnish.launcher.up", *(f"{one}.app" for one in SERVICES)]
    loaded = subprocess.run([sys.executable, "-c", load, *services], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"


def test_only_the_demo_imports_the_reference_verifier_of_webhooks() -> None:
    wrong = [f"{module.path}:{line}" for module, name, line, top in _outside() if top == "standardwebhooks" and module.package != "burnish"]
    assert not wrong, wrong


def test_search_cannot_reach_the_test_split() -> None:
    """Search code sees what it is handed; it knows neither a store nor the loader of the test split (PROMISES O-03)."""
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in modules()
        if module.name.startswith(("burnish_optimizer.search", "burnish_optimizer.stats"))
        for name, line in imports_of(module)
        if name.startswith(("burnish_optimizer.io", "burnish_optimizer.work", "burnish_shared.db", "asyncpg", "nats", "aiohttp"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("E-13")
def test_only_executors_and_webhooks_call_the_outside() -> None:
    """Providers are called by executors, receivers by webhooks, both through the egress guard.

    The identity provider that the operator configured is asked by the gateway.
    """
    allowed = (
        "burnish_executor.io.", "burnish_webhooks.", "burnish_shared.egress", "burnish_simulator.", "burnish.",
        "burnish_gateway.sign_in.provider_http", "burnish_gateway.enrichments.read_url", "burnish_shared.sandbox.daytona_api",
    )  # fmt: skip
    clients = {"aiohttp", "urllib3", "http", "smtplib", "ftplib"}
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module, name, line, top in _outside()
        if top in clients and not module.name.startswith(allowed)
    ]
    wrong += [
        f"{module.path}:{line}"
        for module, name, line, _ in _outside()
        if name.startswith("urllib.request") and not module.name.startswith("burnish.")
    ]
    assert not wrong, wrong


def test_only_gateways_speak_fastapi() -> None:
    allowed = {"burnish_gateway"}
    wrong = [
        f"{module.path}:{line}"
        for module, name, line, top in _outside()
        if top in {"fastapi", "starlette"} and module.package not in allowed
    ]
    assert not wrong, wrong


def test_services_are_the_folders_that_there_are() -> None:
    found = {f"burnish_{folder.name}" for folder in (ROOT / "services").iterdir() if (folder / f"burnish_{folder.name}").is_dir()}
    assert found == set(SERVICES)


def _outside() -> Iterator[tuple[Module, str, int, str]]:
    for module in modules():
        for name, line in imports_of(module):
            yield module, name, line, name.partition(".")[0]


def _room(name: str) -> str:
    """`burnish_gateway.access` of whatever lies in it."""
    return ".".join(name.split(".")[:2])
