"""One run of schemathesis over `/openapi.json` of a gateway."""

import asyncio
import json
import os
import re
import sys
import sysconfig
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.security.tenants import Tenant

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


@dataclass(frozen=True, slots=True)
class Outcome:
    """`statuses`: `METHOD path status` → how often."""

    code: int
    told: str
    statuses: Counter[str]

    @property
    def calls(self) -> int:
        return sum(self.statuses.values())

    def with_status(self, first_digit: str) -> set[str]:
        """The operations that answered so at least once."""
        return {name.rpartition(" ")[0] for name in self.statuses if name.rpartition(" ")[2].startswith(first_digit)}


def as_operator(tenant: Tenant) -> tuple[str, ...]:
    """The key of an operator who is an admin too: for it no door is closed but those that want a person."""
    return ("-H", f"Authorization: Bearer {tenant.operator.key}")


def as_person(tenant: Tenant) -> tuple[str, ...]:
    """The session of somebody who signed in, at the routes that want one. Signing out would end it at once."""
    who = ("-H", f"Cookie: {tenant.person.cookie}", "-H", f"X-CSRF-Token: {tenant.person.csrf_token}")
    who = (*who, "--exclude-checks", "ignored_auth")  # It spoils the bearer token and leaves the cookie, which is still right.
    return (*who, "--include-path-regex", "^/v1/(auth|invitations|members)", "--exclude-path", "/v1/auth/sign-out")


async def run_schemathesis(url: str, tenant: Tenant, *, folder: Path, options: tuple[str, ...]) -> Outcome:
    """Asks, and returns what came back. `options` say as whom, and how much."""
    counts = folder / f"statuses-{os.getpid()}-{abs(hash(options))}.json"
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "BURNISH_FUZZ_OWN": json.dumps(tenant.own),
        "BURNISH_FUZZ_COUNTS": str(counts),
        "PYTHONPATH": str(REPOSITORY),
    }
    program = Path(sysconfig.get_path("scripts")) / "schemathesis"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), "--config-file", str(HERE / "schemathesis.toml"), "--no-color", "run", f"{url}/openapi.json",
        "--warnings", "off", "--continue-on-failure", *options,
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    statuses: Counter[str] = Counter(json.loads(counts.read_text()) if counts.exists() else {})
    return Outcome(process.returncode or 0, shortened(out.decode(errors="replace")), statuses)


def shortened(told: str) -> str:
    """Without the longest lines: a fuzzed body may have megabytes."""
    return re.sub(r"(?m)^(.{400}).*$", r"\1 …", told)
