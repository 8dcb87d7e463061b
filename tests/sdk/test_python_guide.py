"""What the guide of the Python client tells its reader to write, run as one program."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.embedded.installation import Installation
from tests.sdk.conftest import told_to_write

pytestmark = pytest.mark.capability("K1")

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RECEIVED = """
import json
body, headers = json.loads(sys.argv[1])
assert receive(body.encode(), headers) == 200 and receive(body.encode() + b" ", headers) == 400
print("received")
"""


def test_the_guide_runs(installation: Installation, readers_key: str, tmp_path: Path) -> None:
    body, at = json.dumps({"type": "alert.raised"}), int(time.time())
    signature = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    message = (body, {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature})
    program = "import sys\n" + told_to_write("python-client.md", language="python") + RECEIVED
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path),
        "BURNISH_BASE_URL": installation.connection["url"], "BURNISH_API_KEY": readers_key,
    }  # fmt: skip
    command = (sys.executable, "-c", program, json.dumps(message))
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    for said in ("network False", "2 of 2", "completed", "missing_variables", "greeting", "received"):
        assert said in run.stdout
