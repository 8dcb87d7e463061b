"""`make bench-gateway`: CPU milliseconds a request of the whole product, beside its peers and a direct call to the same mock.

Starts Burnish in a home of its own, the mock and the peers, measures them in turns, checks the work (calls of the mock = calls of the
client = answers = rows, sums exact), stops them all. `ARGS="--peers portkey,tensorzero,litellm"` says which peers (all that can be
installed, by package name, into `~/.cache/burnish-bench`; `--peers none`: none).
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.gateway import peers
from benchmarks.gateway.answers import compare
from benchmarks.gateway.load import Target
from benchmarks.gateway.measure import Upstream, at_rest, idle, under_load, warm
from benchmarks.gateway.processes import family, pss_mib
from benchmarks.gateway.products import Product
from benchmarks.gateway.report import Run, commit_now, page

CREDIT_NUSD = 10**14
UPSTREAM_MODELS = ("mock", "mock-gap")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of each product at 20 requests a second, in all rounds together")
    parser.add_argument("--percent", type=int, default=100, help="of the requests under load; fewer only for trying it out")
    parser.add_argument(
        "--peers", default=",".join(peers.KINDS), help=f"of {', '.join(peers.KINDS)}; none: Burnish and the direct call alone"
    )
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/burnish-bench"), help="where peers are installed")
    parser.add_argument("--write", type=Path, help="write the page to this file")
    options = parser.parse_args()
    options.peers = [] if options.peers == "none" else options.peers.split(",")
    if unknown := set(options.peers) - set(peers.KINDS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(peers.KINDS)}")
    return options


@contextlib.contextmanager
def running_mock(environment: dict[str, str]) -> Iterator[Upstream]:
    mock = subprocess.Popen([sys.executable, "-m", "benchmarks.gateway.mock", "0"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert mock.stdout is not None
        yield Upstream(f"http://127.0.0.1:{mock.stdout.readline().strip()}", family([mock.pid]))
    finally:
        mock.terminate()
        mock.wait(10)


@contextlib.contextmanager
def running_burnish(environment: dict[str, str]) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
    """Burnish in a new home: what `burnish up` said, and its processes by name."""
    burnish = str(Path(sys.executable).with_name("burnish"))
    with tempfile.TemporaryDirectory(prefix="burnish-bench-") as folder:
        home = ["--home", f"{folder}/home"]
        try:
            up = subprocess.run(
                [burnish, "up", "--detach", "--json", "--no-demo", *home], capture_output=True, text=True, env=environment, check=False
            )
            if up.returncode:
                raise SystemExit(up.stderr)
            status = json.loads(subprocess.run([burnish, "status", "--json", *home], capture_output=True, text=True, check=True).stdout)
            facts = {**json.loads(up.stdout), "home": f"{folder}/home"}
            yield facts, {name: int(pid) for name, pid in status["pids"].items() if name not in ("launcher", "simulator")}
        finally:
            subprocess.run([burnish, "down", *home], env=environment, check=False, capture_output=True)


async def burnish_product(facts: dict[str, Any], pids: dict[str, int], mock_url: str) -> Product:
    """Burnish with the mock as models of its own and credit that is not what is measured."""
    for model in UPSTREAM_MODELS:
        call(facts["url"], facts["api_key"], "/v1/models", {
            "model": f"bench/{model}", "provider": "bench", "upstream_model": model, "base_url": f"{mock_url}/v1", "context_tokens": 100000,
            "output_tokens": 4096, "input_price_nusd_per_million": 100000000, "output_price_nusd_per_million": 400000000,
        })  # fmt: skip
    await prepare(facts)
    targets = {model: Target(f"{facts['url']}/v1", f"bench/{model}", facts["api_key"]) for model in UPSTREAM_MODELS}
    return Product("Burnish", ("B", "C"), targets, set(pids.values()), "Python, every process with PostgreSQL and NATS")


async def peer_products(
    stack: contextlib.ExitStack, options: argparse.Namespace, mock_url: str, direct: Product
) -> tuple[list[Product], list[str]]:
    """The peers that answer as the mock does, and a line on each that does not or is not to be had."""
    found, away = [], []
    for name in options.peers:
        kind = peers.KINDS[name]
        try:
            peer = peers.start(kind, options.cache.expanduser(), mock_url)
            stack.callback(peer.stop)
            product = Product(kind.title, ("A", "A"), peer.targets, {peer.process.pid}, kind.note, kind.share)
            product.answers = await both_answers(product, direct)
        except (peers.PeerAway, ValueError) as error:
            away.append(f"{kind.title} is not measured: {error}")
            print(away[-1], flush=True)
            continue
        found.append(product)
    return found, away


async def both_answers(product: Product, direct: Product) -> str:
    """One real answer and one real stream beside the mock's. ValueError: they say something else."""
    whole, stream = [await compare(product.targets["mock"], direct.targets["mock"], stream=stream) for stream in (False, True)]
    return f"JSON has {whole}, the stream {stream}"


async def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped then too
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    load_before, commit = os.getloadavg()[0], commit_now()
    print("starting Burnish, the mock and the peers …", flush=True)
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(running_mock(environment))
        direct = Product(
            "direct call", ("–", "–"), {model: Target(f"{upstream.url}/v1", model, None) for model in UPSTREAM_MODELS}, set(), share=3
        )
        facts, pids = stack.enter_context(running_burnish(environment))
        burnish = await burnish_product(facts, pids, upstream.url)
        burnish.answers = await both_answers(burnish, direct)
        others, away = await peer_products(stack, options, upstream.url, direct)
        products = [direct, burnish, *others]
        await measure(products, direct, upstream, options)
        books = await check(facts["database_url"], burnish.answered + 2)
        memory = {name: pss_mib(family([pid])) for name, pid in pids.items()}
        report = page(Run(products, away, books, memory, load_before, command_of(options), options.rounds, commit))
    print("\n" + report)
    if options.write:
        options.write.write_text(report)
    return 0 if "WRONG" not in report else 1


async def measure(products: list[Product], direct: Product, upstream: Upstream, options: argparse.Namespace) -> None:
    await idle(products)
    for product in products:
        await warm(product, upstream)
    await under_load(products, upstream, rounds=options.rounds, percent=options.percent)
    await at_rest(products, direct, upstream, rounds=options.rounds, seconds=options.seconds)
    for product in products:
        product.loaded_mib = product.mib()


def command_of(options: argparse.Namespace) -> str:
    percent = f" --percent {options.percent}" if options.percent != 100 else ""
    return f'make bench-gateway ARGS="--rounds {options.rounds} --seconds {options.seconds:g}{percent} --peers {",".join(options.peers) or "none"}"'


async def check(database_url: str, results_expected: int) -> str:
    """Rows in the books equal answers; charges equal costs; nothing held."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "burnish"})
    try:
        for _ in range(100):
            found = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM executions WHERE model LIKE 'bench/%'), (SELECT coalesce(sum(cost_nusd), 0) FROM executions), "
                "(SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE kind IN ('charge', 'overage')), (SELECT count(*) FROM holds)"
            )
            assert found is not None
            rows, cost, charged, held = found
            if held == 0:
                break
            await asyncio.sleep(0.1)
        drift = await connection.fetch("SELECT * FROM drift()")
    finally:
        await connection.close()
    good = rows == results_expected and cost == charged and held == 0 and not drift
    return f"{'exact' if good else 'WRONG'}: {rows} rows for {results_expected} answers, cost {cost} = charged {charged}, held {held}, drift {len(drift)}"


def call(url: str, key: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"authorization": f"Bearer {key}", "content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


async def prepare(facts: dict[str, Any]) -> None:
    """Credit and a rate limit that are not what is measured."""
    connection = await asyncpg.connect(facts["database_url"], server_settings={"search_path": "burnish"})
    try:
        await connection.execute("SELECT grant_credit($1::text::uuid, $2, 'benchmark')", facts["workspace_id"], CREDIT_NUSD)
        await connection.execute("UPDATE plans SET rate_limit_per_minute = 60000000, concurrency = 1000000")
        await connection.execute("SELECT note_change(NULL, 'plan', '*')")
    finally:
        await connection.close()
    await asyncio.sleep(1.2)  # the change sequence is read every half second


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
