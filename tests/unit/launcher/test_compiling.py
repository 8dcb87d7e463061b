"""What an installation compiles: what runs, and it says how far it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.capability("I2")


def test_what_the_services_import_is_compiled_and_each_step_is_told(tmp_path: Path) -> None:
    """Whatever the environment says of writing."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run(
        (sys.executable, "-m", "burnish.compiling"), env=environment, capture_output=True, text=True, check=True, timeout=240
    )
    told = done.stdout.splitlines()
    assert [line.split(",")[0] for line in told] == [f"Compiling what runs: {number} of 8" for number in range(1, 9)]
    compiled = {path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert {"run_execution", "submit", "fan_out", "ingest_batch", "applications", "services"} <= compiled, "of ours, and of libraries"
    assert any("litellm" in path.parts for path in tmp_path.rglob("*.pyc"))
