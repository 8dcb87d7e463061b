"""What the guide tells receivers to write works on what is really sent; and the receiver of the command line."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Received, Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import WebhookGateway, webhook_gateway

from burnish.webhook_listener import Listener, serve

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-03"), pytest.mark.capability("W1")]

GUIDE = Path(__file__).parents[3] / "docs/guides/webhooks.md"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def sent(served: WebhookGateway, hooks: Hooks, receiver: Receiver) -> tuple[dict[str, Any], Received]:
    """An endpoint with a key pair, and a delivery to it with more than ASCII in it."""
    call = await served.caller(hooks.workspace_id)
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"], "ed25519": True})
    await hooks.emit(an_event(hooks.workspace_id, data={"summary": "größer ✓"}))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    return made, receiver.requests[0]


def _blocks(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL))


async def test_the_python_of_the_guide_verifies(sent: tuple[dict[str, Any], Received], capsys: pytest.CaptureFixture[str]) -> None:
    made, request = sent
    code: dict[str, Any] = {}
    exec(compile(_blocks("python"), str(GUIDE), "exec"), code)
    receive, is_signed = code["receive"], code["is_signed"]
    assert [receive(made["secret"], request.body, request.headers) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "alert.raised a1\n"
    assert receive(made["secret"], request.body + b" ", request.headers) == 400
    assert is_signed(made["public_key"], request.body, request.headers)
    assert not is_signed(made["public_key"], request.body + b" ", request.headers)


async def test_the_typescript_of_the_guide_verifies(sent: tuple[dict[str, Any], Received], tmp_path: Path) -> None:
    """By the package of npm, on Node.js."""
    made, request = sent
    _install(tmp_path)
    calls = [(made["secret"], request.body.decode(), request.headers)] * 2 + [
        (made["secret"], request.body.decode() + " ", request.headers)
    ]
    (tmp_path / "receive.ts").write_text(_blocks("typescript"))
    (tmp_path / "run.ts").write_text(
        f"import {{ receive }} from './receive';\nconsole.log(JSON.stringify({json.dumps(calls)}.map((one: any) => receive(...one))));\n"
    )
    bundle = [str(tmp_path / "node_modules/.bin/esbuild"), "run.ts", "--bundle", "--platform=node", "--outfile=run.js", "--log-level=error"]
    subprocess.run(bundle, cwd=tmp_path, check=True, timeout=120)
    ran = subprocess.run(["node", "run.js"], cwd=tmp_path, check=True, timeout=120, capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["alert.raised a1", "[204,204,400]"]


def _install(folder: Path) -> None:
    """The packages into the test's own folder. Skips where there is no Node.js, or the registry cannot be reached."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefer-offline", "standardwebhooks@1", "esbuild@0"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry did not answer within a minute")
    if done.returncode != 0:
        pytest.skip(f"the npm registry cannot be reached: {done.stderr.strip()[-200:] or done.returncode}")


async def test_the_listener_verifies_prints_and_sends_on(sent: tuple[dict[str, Any], Received], receiver: Receiver) -> None:
    made, request = sent
    receiver.modes["/behind"] = ["ok", "503"]
    headers = {name: value for name, value in request.headers.items() if name.startswith(("webhook-", "content-type"))}
    async with _listening(made["secret"], forward=receiver.url("/behind")) as (url, lines), aiohttp.ClientSession() as session:

        async def post(body: bytes) -> int:
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status

        assert [await post(request.body), await post(request.body), await post(request.body + b" ")] == [200, 503, 400]
    first, again, forged = (json.loads(line) for line in lines)
    assert (first["verified"], first["repeated"], first["answered"], first["body"]["type"]) == (True, False, 200, "alert.raised")
    assert (again["repeated"], again["answered"]) == (True, 503)
    assert (forged["verified"], forged["answered"]) == (False, 400) and forged["fault"]
    behind = receiver.at("/behind")
    assert [one.body for one in behind] == [request.body] * 2
    assert behind[0].headers["webhook-signature"] == request.headers["webhook-signature"]


async def test_the_listener_says_what_is_no_secret() -> None:
    for secret in ("abc", "whsec_*"):
        with pytest.raises(ValueError, match="whsec_"):
            Listener(secret=secret, forward="", as_json=False)


async def test_the_listener_verifies_by_the_public_key_alone(sent: tuple[dict[str, Any], Received]) -> None:
    made, request = sent
    headers = {name: value for name, value in request.headers.items() if name.startswith(("webhook-", "content-type"))}
    late = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    v1_only = headers | {"webhook-signature": headers["webhook-signature"].partition(" ")[0]}
    async with _listening("", public_key=made["public_key"]) as (url, lines), aiohttp.ClientSession() as session:
        answered = []
        for given, body in ((headers, request.body), (headers, request.body + b" "), (late, request.body), (v1_only, request.body)):
            async with session.post(url, data=body, headers=given) as answer:
                answered.append(answer.status)
    assert answered == [204, 400, 400, 400]
    assert [json.loads(line)["verified"] for line in lines] == [True, False, False, False]


async def test_the_listener_says_what_it_cannot_do() -> None:
    for wrong in ({"forward": "notaurl"}, {"forward": "ftp://x/"}, {"public_key": "whpk_AAAA"}, {"public_key": "whsec_AAAA"}):
        with pytest.raises(ValueError, match=r"URL|public key"):
            Listener(**{"secret": "", "forward": "", "as_json": False} | wrong)


async def test_the_command_ends_well_at_ctrl_c_and_says_that_its_port_is_taken() -> None:
    command = [str(Path(sys.executable).with_name("burnish")), "webhooks", "listen"]
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    running = await asyncio.create_subprocess_exec(*command, "--port", "0", **pipes)
    assert running.stderr is not None
    said = (await asyncio.wait_for(running.stderr.readline(), 60)).decode()
    port = re.search(r":(\d+)/", said)
    assert port is not None, said
    second = await asyncio.create_subprocess_exec(*command, "--port", port[1], **pipes)
    _, told = await asyncio.wait_for(second.communicate(), 60)
    assert second.returncode == 1 and b"--port" in told and b"Traceback" not in told
    running.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(running.wait(), 60) == 0


@asynccontextmanager
async def _listening(secret: str, *, forward: str = "", public_key: str = "") -> AsyncIterator[tuple[str, list[str]]]:
    lines: list[str] = []
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listener = Listener(secret=secret, public_key=public_key, forward=forward, as_json=True, show=lines.append)
    running = asyncio.create_task(serve(listener, port=0, ready=port.set_result))
    try:
        yield f"http://127.0.0.1:{await port}/", lines
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
