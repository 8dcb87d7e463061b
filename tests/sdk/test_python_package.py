"""The package as it is published: built, put into an empty environment without the server, and used from there."""

import ast
import json
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.embedded.client_wheel import build_wheel
from tests.embedded.installation import Installation

ROOT = Path(__file__).parents[2] / "sdk/python"
NEEDED = ("httpx", "httpcore", "anyio", "h11", "idna", "certifi", "sniffio", "typing_extensions")
pytestmark = pytest.mark.capability("K1")

PROGRAM = """
import importlib.util, json, sys
assert importlib.util.find_spec("burnish_shared") is None
from burnish_client import Burnish
with Burnish(base_url=sys.argv[1], api_key=sys.argv[2], cache_folder=sys.argv[3]) as burnish:
    answer = burnish.execute("sdk-greeting", {"name": "Ada"})
    known = burnish.prompt("sdk-greeting")
    print(json.dumps({"status": answer["status"], "rendered": known.render({"name": "Ada"})}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def _filled(packages: Path, wheel: Path) -> None:
    """The package and what it needs, and nothing else."""
    packages.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for name in NEEDED:
        try:
            files = distribution(name).files or ()
        except ImportError:
            continue
        for file in files:
            if not str(file).startswith(".."):
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).write_bytes(Path(str(file.locate())).read_bytes())


def _said(python: str, program: str, *words: str, folder: Path, environment: dict[str, str]) -> dict[str, object]:
    command = (python, "-c", program, *words)
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={"HOME": str(folder), **environment})
    assert run.returncode == 0, run.stderr
    said: dict[str, object] = json.loads(run.stdout)
    return said


USED = {"status": "success", "rendered": [{"role": "user", "content": "Be kind. Greet Ada."}]}


def test_the_package_works_in_an_environment_without_the_server(
    installation: Installation, prompt: str, wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    _filled(next((tmp_path / "empty/lib").glob("python*")) / "site-packages", wheel)
    words = (installation.connection["url"], installation.connection["api_key"], str(tmp_path / "cache"))
    python = str(tmp_path / "empty/bin/python")
    assert _said(python, PROGRAM, *words, folder=tmp_path, environment={"PATH": "/usr/bin:/bin"}) == USED


def test_the_package_works_on_the_oldest_python_that_it_names(installation: Installation, prompt: str, wheel: Path, tmp_path: Path) -> None:
    python = oldest()
    if python is None:
        pytest.skip("No Python 3.10 is here; test_every_module_is_python_3_10 checks the grammar.")
    _filled(tmp_path / "packages", wheel)
    words = (installation.connection["url"], installation.connection["api_key"], str(tmp_path / "cache"))
    program = "import sys\nassert sys.version_info[:2] == (3, 10)\n" + PROGRAM
    assert _said(python, program, *words, folder=tmp_path, environment={"PYTHONPATH": str(tmp_path / "packages")}) == USED


def oldest() -> str | None:
    """A Python 3.10, where there is one. A name on the path may be a signpost to none, so it is asked."""
    for one in (shutil.which("python3.10"), *map(str, Path.home().glob(".pyenv/versions/3.10.*/bin/python3.10"))):
        if one and subprocess.run((one, "-c", "import ssl"), capture_output=True, check=False).returncode == 0:
            return one
    return None


def test_the_package_says_its_types_and_carries_the_template_language(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"burnish_client/py.typed", "burnish_client/_carried/template/messages.py", "burnish_client/_carried/errors.py"} <= names
    carried = [
        zipfile.ZipFile(wheel).read(name).decode() for name in names if name.startswith("burnish_client/_carried") and name.endswith(".py")
    ]
    assert not [text for text in carried if "burnish_shared" in text]


def test_a_build_leaves_nothing_beside_the_sources(wheel: Path) -> None:
    """The copy of the template language would be read as code of ours, by tests and by tools."""
    assert not (wheel.parent / "sdk/python/src/burnish_client/_carried").exists()


def test_every_module_is_python_3_10(wheel: Path) -> None:
    """The grammar, and that nothing newer is taken from the standard library: also where no interpreter of that age is."""
    newer = {
        "typing": {"Self", "Never", "assert_never", "NotRequired", "Required", "Unpack", "override", "LiteralString"},
        "enum": {"StrEnum"},
        "datetime": {"UTC"},
    }
    archive = zipfile.ZipFile(wheel)
    for name in archive.namelist():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(archive.read(name), name, feature_version=(3, 10))):
            if isinstance(node, ast.ImportFrom):
                assert not {one.name for one in node.names} & newer.get(node.module or "", set()), name
            assert not isinstance(node, ast.TryStar), name


def test_generated_types_are_those_of_the_api() -> None:
    sys.path.insert(0, str(ROOT))
    try:
        import generate
    finally:
        sys.path.remove(str(ROOT))
    assert (ROOT.parent / "typescript/src/types.ts").read_text() == generate.rendered_typescript(), "run `python sdk/python/generate.py`"
    command = (sys.executable, "-m", "ruff", "format", "--config", str(ROOT / "pyproject.toml"), "--stdin-filename", "types.py", "-")
    formatted = subprocess.run(command, input=generate.rendered(), capture_output=True, text=True, check=True).stdout
    assert (ROOT / "src/burnish_client/types.py").read_text() == formatted, "run `python sdk/python/generate.py`"
