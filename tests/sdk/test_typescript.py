"""The TypeScript client as it is published: built, packed, put into an empty environment, and used from there against real services."""

import base64
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright
from standardwebhooks import Webhook

from burnish_client import Burnish
from burnish_shared.auth.signing_keys import KeyPair, new_key_pair, signer
from tests.embedded.installation import Installation
from tests.page.browser import launch, why_not
from tests.sdk.building import SDK, built
from tests.sdk.conftest import SLOW, told_to_write

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
NODE, NPM, TSC = shutil.which("node"), shutil.which("npm"), WEB / "node_modules/typescript/bin/tsc"
PATIENCE_S = 240
pytestmark = [
    pytest.mark.capability("K1"),
    pytest.mark.timeout(900),  # the first one waits for the compiler, npm and an installation
    pytest.mark.skipif(NODE is None or NPM is None, reason="Node is not here, which the TypeScript client is for"),
    pytest.mark.skipif(not TSC.is_file(), reason="web/node_modules is not here: `make page` fetches the compiler"),
]


@dataclass(frozen=True)
class Environment:
    """A folder with the installed package and nothing else. `given`: environment variables for what runs there."""

    folder: Path
    given: dict[str, str]

    def command(self, *words: str) -> tuple[str, ...]:
        assert NODE is not None
        return (NODE, *words)

    def run(self, *words: str, **more: str) -> str:
        """Runs Node there; what it printed. Its output is the failure's message."""
        environment = self.given | more
        run = subprocess.run(
            self.command(*words), cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        assert run.returncode == 0, f"{run.stdout[-6000:]}\n{run.stderr[-3000:]}"
        return run.stdout

    def passed(self, name: str, **more: str) -> int:
        """Runs a file of tests; how many passed. None may be left out."""
        said = self.run("--test-reporter=tap", name, **more)
        counts = {name: int(count) for name, count in re.findall(r"^# (\w+) (\d+)$", said, re.MULTILINE)}
        assert counts["fail"] == counts["skipped"] == counts["todo"] == counts["cancelled"] == 0
        return counts["pass"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball that would be published."""
    assert NPM is not None
    folder = tmp_path_factory.mktemp("tarball")
    with built((NPM, "pack", "--silent", "--pack-destination", str(folder))):
        return next(folder.glob("*.tgz"))


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty project with the package in it, taken from the tarball without any registry; and the files of tests."""
    assert NPM is not None
    folder = tmp_path_factory.mktemp("empty")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    command = (NPM, "install", "--silent", "--offline", "--no-audit", "--no-fund", "--no-package-lock", str(package))
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    names = sorted(one.name for one in (folder / "node_modules").iterdir() if not one.name.startswith("."))
    assert names == ["@burnish"], "the package needs nothing else"
    for file in (SDK / "test").iterdir():
        shutil.copy(file, folder)
    yield folder


@pytest.fixture
def environment(installed: Path, installation: Installation, prompt: str) -> Environment:
    connection = installation.connection
    given = {"PATH": os.environ["PATH"], "HOME": str(installed), "SDK_PROMPT": prompt, "SDK_SLOW": SLOW}
    return Environment(installed, given | {"BURNISH_BASE_URL": connection["url"], "BURNISH_API_KEY": connection["api_key"]})


def test_the_client_does_its_work_on_real_services(environment: Environment) -> None:
    assert environment.passed("services.test.mjs") >= 14


@pytest.mark.promise("G-02")
def test_a_gateway_killed_in_the_middle_of_a_stream_says_so_and_the_next_call_goes_on(
    environment: Environment, installation: Installation
) -> None:
    process = subprocess.Popen(
        environment.command("killed.mjs"), cwd=environment.folder, env=environment.given, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None

    def hears(wanted: str) -> None:
        assert process.stdout is not None and process.stderr is not None
        said = process.stdout.readline().strip()
        assert said == wanted, process.stderr.read()

    try:
        hears("streaming")
        pid = installation.kill("gateway")
        print("killed", file=process.stdin, flush=True)
        hears("served")
        installation.await_restart("gateway", of_pid=pid)
        print("back", file=process.stdin, flush=True)
        hears("done")
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def test_the_client_needs_nothing_of_node(environment: Environment) -> None:
    """As in a browser, a worker or an edge runtime."""
    assert environment.run("--no-warnings", "--experimental-vm-modules", "edge.mjs").strip() == "done"


SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_760_000_000


BODY = '{"type": "alert.raised"}'


PAIR, OTHER_PAIR = new_key_pair(), new_key_pair()


def signed_by(pair: KeyPair) -> str:
    return "v1a," + base64.b64encode(signer(pair.private)(f"msg_1.{NOW_S}.{BODY}".encode())).decode()


def signed(
    name: str, *, body: str = BODY, secret: str = SECRET, checked_by: str = SECRET, now_s: int = NOW_S, **headers: str
) -> dict[str, Any]:
    """A message as the reference library signs it at NOW_S, with what is wrong about it."""
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW_S, UTC), BODY)
    usual = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(NOW_S), "Webhook-Signature": signature}
    given = {key: value.replace("SIGNATURE", signature) for key, value in (usual | headers).items() if value}
    return {"name": name, "body": body, "headers": given, "nowS": now_s, "secret": checked_by, "isGood": name.startswith("good")}


MESSAGES = [
    signed("good"),
    signed("good, while a secret is rotated", **{"Webhook-Signature": "v1,AAAA v2,x SIGNATURE"}),
    signed("good, just in time", now_s=NOW_S + 299),
    signed("another body", body=BODY + " "),
    signed("late", now_s=NOW_S + 301),
    signed("early", now_s=NOW_S - 301),
    signed("another secret", secret="whsec_" + "A" * 32),
    signed("no id", **{"Webhook-Id": ""}),
    signed("nonsense", **{"Webhook-Signature": "v1,%%%"}),
    signed("good, by a public key", checked_by=PAIR.public, **{"Webhook-Signature": f"SIGNATURE v1a,AAAA {signed_by(PAIR)}"}),
    signed("by the secret alone", checked_by=PAIR.public),
    signed("by another key pair", checked_by=PAIR.public, **{"Webhook-Signature": signed_by(OTHER_PAIR)}),
    signed("by the public key as a secret", secret="whsec_" + PAIR.public.removeprefix("whpk_"), checked_by=PAIR.public),
]


def test_the_client_by_itself_and_the_cases_of_all_languages(environment: Environment) -> None:
    cases = ROOT / "tests/contracts/template_cases.json"
    webhooks = json.dumps({"signed": MESSAGES})
    count = len(json.loads(cases.read_text())["cases"])
    assert environment.passed("alone.test.mjs", SDK_CASES=str(cases), SDK_WEBHOOKS=webhooks) >= count + len(MESSAGES) + 20


def test_the_hook_executes_loads_streams_fails_and_is_cancelled(environment: Environment) -> None:
    for name in ("react", "react-dom", "scheduler"):
        link = environment.folder / "node_modules" / name
        if not link.is_symlink():
            link.symlink_to(WEB / "node_modules" / name)
    assert environment.passed("react.test.mjs", SDK_PAGE=str(WEB / "package.json")) == 12


def compiled(folder: Path, module: str, resolution: str, *files: str) -> None:
    """Compiles files of a strict project that has the package, into `built`."""
    page = WEB / "node_modules/@types"
    options = {
        "strict": True, "noUncheckedIndexedAccess": True, "exactOptionalPropertyTypes": True, "skipLibCheck": True, "jsx": "react-jsx",
        "target": "ES2022", "lib": ["ES2022", "DOM", "DOM.Iterable"], "types": ["node"], "typeRoots": [str(page)], "outDir": "built",
        "module": module, "moduleResolution": resolution,
        "paths": {"react": [str(page / "react/index.d.ts")], "react/jsx-runtime": [str(page / "react/jsx-runtime.d.ts")]},
    }  # fmt: skip
    project = folder / f"tsconfig.{resolution}.json"
    project.write_text(json.dumps({"compilerOptions": options, "files": files}))
    assert NODE is not None
    run = subprocess.run((NODE, str(TSC), "-p", str(project)), cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_strict_project_with_a_bundler_compiles_against_it(installed: Path) -> None:
    compiled(installed, "ESNext", "bundler", "consumer.ts")


TRIED = """
const inPage = new Burnish({ baseUrl: "http://app/burnish", apiKey: null, fetch: (url, init) => passOn(new Request(url, init), "ada") });
const passed = inPage.stream("greeting", { name: "Ada" });
for await (const text of passed) text.trim();
if (passed.result?.status !== "success") throw new Error("not passed on");
const said = await inPage.feedback(passed.result.id, { thumb: "up", user_id: "somebody else" });
if ((await passOn(new Request("http://app/burnish/v1/api-keys"), "ada")).status !== 404) throw new Error("passed on what it must not");
const told = passed.result.id;
const whose = async () => {
  type Shown = { user_id: string; feedback: { feedback_id: string; user_id: string }[] };
  const shown = await burnish.request<Shown>("GET", `/v1/executions/${told}`);
  return [shown.user_id, shown.feedback.find((one) => one.feedback_id === said)?.user_id].join();
};
for (let now = await whose(); now !== "ada,ada"; now = await whose()) {
  if (!["ada,", ","].includes(now)) throw new Error(`the page said whose it is: ${now}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const [body, headers] = JSON.parse(process.env.SDK_MESSAGE ?? "") as [string, Record<string, string>];
for (const [given, status] of [[body, 200], [body + " ", 400]] as const) {
  const answer = await receive(new Request("http://app/", { method: "POST", body: given, headers }));
  if (answer.status !== status) throw new Error(`answered ${answer.status}`);
}
console.log("received");
"""


def test_the_guide_compiles_and_runs(environment: Environment, readers_key: str) -> None:
    (environment.folder / "guide.ts").write_text(told_to_write("typescript-client.md", language="ts") + TRIED)
    (environment.folder / "page.tsx").write_text(told_to_write("typescript-client.md", language="tsx"))
    compiled(environment.folder, "NodeNext", "NodeNext", "consumer.ts", "guide.ts", "page.tsx")
    at = int(time.time())
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(SECRET).sign("1", datetime.fromtimestamp(at, UTC), BODY),
    }
    said = environment.run("built/guide.js", BURNISH_API_KEY=readers_key, SDK_MESSAGE=json.dumps([BODY, headers]))
    for one in ("network false", "2 of 2", "missing_variables", "greeting", "received"):
        assert one in said


REQUIRED = """
const { Burnish, NotFound, verifyWebhook } = require("@burnish/client");
const { diskStore } = require("@burnish/client/node");
const burnish = new Burnish({ store: diskStore(process.env.HOME + "/kept") });
burnish.execute(process.env.SDK_PROMPT, { name: "Ada" }).then(async (answer) => {
  const refused = await burnish.execute("no-such-prompt").catch((error) => error);
  if (!(refused instanceof NotFound)) throw refused;
  console.log(answer.status, typeof verifyWebhook, (await burnish.prompt(process.env.SDK_PROMPT)).source);
});
"""


def test_a_project_that_compiles_to_require_has_it_too(environment: Environment) -> None:
    """As it is without modules: Jest, Node before 20.19, older settings of the compiler."""
    folder = environment.folder / "required"
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text('{"type": "commonjs"}')
    shutil.copy(environment.folder / "consumer.ts", folder)
    (folder / "node_modules").unlink(missing_ok=True)
    (folder / "node_modules").symlink_to(environment.folder / "node_modules")
    (folder / "plain.cjs").write_text(REQUIRED)
    compiled(folder, "Node16", "Node16", "consumer.ts")
    compiled(folder, "CommonJS", "Node10", "consumer.ts")
    flags = ("--no-experimental-require-module",) if "require-module" in environment.run("--help") else ()
    assert environment.run(*flags, "required/plain.cjs").split() == ["success", "function", "network"]


PYTHON_ALONE = {"comments", "add_comment", "change_comment", "delete_comment"}
"""Methods for which the core of the other has no room: there `list` and `request` say the same."""


def test_both_languages_have_the_same_methods(installed: Path) -> None:
    described = (installed / "node_modules/@burnish/client/dist/client.d.ts").read_text().partition("export declare class Burnish")[2]
    there = set(re.findall(r"^ {4}(\w+)[(<]", described, re.MULTILINE)) - {"constructor"}
    here = {name for name, value in vars(Burnish).items() if callable(value) and not name.startswith("_")} - {"close"} - PYTHON_ALONE
    assert {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in here} == there


COMMENT = re.compile(r"^\s*(//[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)


def test_the_core_is_small_and_names_no_module_of_node(installed: Path) -> None:
    dist = installed / "node_modules/@burnish/client/dist"
    core = {file: file.read_text() for file in dist.rglob("*.js") if file.name not in ("node.js", "react.js") and "cjs" not in file.parts}
    assert not [file.name for file, text in core.items() if "node:" in text or "Buffer" in text or "require(" in text]
    assert sum(len(COMMENT.sub("", text)) for text in core.values()) < 76_000, "characters of code; no bundler ships what is said of it"
    assert (dist.parent / "README.md").is_file() and (dist.parent / "LICENSE").is_file()
    assert (dist / "react.js").read_text().startswith('"use client"')


PAGE = """async ([entry, prompt]) => {
  const { Burnish } = await import(entry);
  const burnish = new Burnish({ baseUrl: location.origin + "/burnish", apiKey: null });
  const answer = await burnish.execute(prompt, { name: "Ada" });
  const pieces = burnish.stream(prompt, { name: "Ada" });
  let text = "";
  for await (const piece of pieces) text += piece;
  const known = await burnish.prompt(prompt);
  const feedback = await burnish.feedback(answer.id, { thumb: "up", user_id: "browser" });
  return { status: answer.status, isWhole: text === pieces.result.output, rendered: known.render({ name: "Ada" })[0].content, feedback };
}"""


async def test_the_client_runs_in_a_browser_behind_a_server_that_adds_the_key(installed: Path, environment: Environment) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    server = subprocess.Popen(
        environment.command("passing.mjs"), cwd=environment.folder, env=environment.given, text=True, stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        async with async_playwright() as playwright, await launch(playwright) as browser:
            page = await browser.new_page()
            await page.goto(url)
            told = await page.evaluate(PAGE, ["/package/dist/index.js", environment.given["SDK_PROMPT"]])
        assert told.pop("feedback")
        assert told == {"status": "success", "isWhole": True, "rendered": "Be kind. Greet Ada."}
    finally:
        server.kill()
        server.wait()
