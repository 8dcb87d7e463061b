"""What the page's own code asks of the API, and what it sends: read from its sources, without running them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "web" / "src"
METHODS = ("get", "post", "put", "patch", "delete")

Operation = tuple[str, str]
"""A method and a path."""

PATH = r'["`](/v1[^"`?]*)[^"`]*["`]'
CONSTANT = re.compile(rf"\bconst ([A-Za-z_]+) = {PATH}")
CHOICE = re.compile(r"\bconst ([A-Za-z_]+) = (\{[^}]*(?:\{[^}]*\}[^}]*)*\}) as const")
TYPES = r"(?:<[^()]*?>)?"
CHANGES = re.compile(rf'\b(?:useChange|change|send)\(\s*"(\w+)",\s*{PATH}')
PLAIN = re.compile(rf"\bapi\.([A-Z]+)\(\s*{PATH}")
READS = (
    re.compile(rf"\b(?:useRead|useAll|usePages|read|readLines|download){TYPES}\(\s*{PATH}"),
    re.compile(rf"\bpath=\{{?{PATH}"),
    re.compile(rf'\buseOpened\([^"`]*{PATH}'),
)
SENDS = re.compile(rf"\b(?:sendLines|useForecast){TYPES}\(\s*{PATH}")
STREAMS = re.compile(rf'\bstream\(\s*{PATH}(?:, \{{ method: "(\w+)")?')


@cache
def reference() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    return document


@cache
def sources() -> dict[Path, str]:
    """File by file, without tests and what is generated from the reference, which name every route."""
    files = [one for one in SOURCES.rglob("*.ts*") if not re.search(r"\.(test|fake|d)\.tsx?$", one.name)]
    return {one: re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "{}", one.read_text()) for one in files}


def flat(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def asked_in(text: str) -> set[Operation]:
    """The routes that a file asks: by which method stands at the call, so that reading a path is no changing of it."""
    for name, path in CONSTANT.findall(text):
        text = re.sub(rf"(?<=[(,{{ ]){name}(?=[,)}}])", f'"{path}"', text)
    for name, paths in CHOICE.findall(text):
        if found := re.findall(PATH, paths):
            text = "".join(re.sub(rf"\b{name}\[\w+\]", f'"{path}"', text) for path in found)
    return {
        *((method.upper(), flat(path)) for method, path in [*CHANGES.findall(text), *PLAIN.findall(text)]),
        *(("GET", flat(path)) for pattern in READS for path in pattern.findall(text)),
        *(("POST", flat(path)) for path in SENDS.findall(text)),
        *((method or "GET", flat(path)) for path, method in STREAMS.findall(text)),
    }


@cache
def askers() -> dict[Operation, frozenset[Path]]:
    """Which files ask a route."""
    found: dict[Operation, set[Path]] = {}
    for file, text in sources().items():
        for operation in asked_in(text):
            found.setdefault(operation, set()).add(file)
    return {operation: frozenset(files) for operation, files in found.items()}


@cache
def imports_of(file: Path) -> frozenset[Path]:
    """Sources of the page that a file imports, but the kit, which knows no route."""
    found = set()
    for said in re.findall(r'(?:from|import\()\s*"([^"]+)"', sources()[file]):
        if not said.startswith(("@/", ".")):
            continue
        begun = SOURCES / said[2:] if said.startswith("@/") else file.parent / said
        base = begun.resolve()
        found |= {one for end in (".ts", ".tsx", "/index.ts") if (one := Path(f"{base}{end}")) in sources()}
    return frozenset(one for one in found if one.parent != SOURCES / "kit")


def around(operation: Operation) -> frozenset[Path]:
    """The files that may make the body of a request: those that ask it, what these import, and their neighbours in a page's folder.

    What stands in `api/` is asked by those that import it.
    """
    method, path = operation
    asking = set(askers().get((method, flat(path)), ()))
    through = {one for one in asking if one.parent == SOURCES / "api"}
    asking |= {one for one in sources() if imports_of(one) & through}
    beside = {one.parent for one in asking if SOURCES / "pages" in one.parents}
    return frozenset(asking | {one for file in asking for one in imports_of(file)} | {one for one in sources() if one.parent in beside})


@cache
def spoken(file: Path) -> str:
    """A file without its comments, its types and what asks whether a field is at fault, which name fields that nobody sends."""
    text = re.sub(r"/\*.*?\*/", "", sources()[file], flags=re.DOTALL)
    text = re.sub(r"(?m)(?<![:\"'`])//.*$", "", text)
    text = re.sub(r"(?ms)^(?:export )?type \w+(?:<[^=]*>)? = .*?;$", "", text)
    return re.sub(r"\}: \{[^()]*?\}\)", "})", without_faults(text))


def without_faults(text: str) -> str:
    """Without what asks whether a field is at fault."""
    return re.sub(r"open=\{[^\[\]{}]*\[[^\]]*\]\.some", "", re.sub(r"errorFor\([^()]*\)", "", text))


WRITTEN = (
    re.compile(r"(?m)(?:^|[{,\[])\s*[\"']?([a-z]\w*)[\"']?\s*(?=[:,}]|$)"),
    re.compile(r"(?<!=== )[\"'`]((?:\w+\.)?[a-z]\w*)(?:\.\w+)?[\"'`]"),
    re.compile(r"\.([a-z]\w*) = "),
)
"""A key of an object, which may be one word (`{ name, tags }`), a name in a list or of a field (`"metric.value"`), what is assigned."""


def written_in(text: str) -> set[str]:
    """The fields that a text writes. `row.field` is only read."""
    return {part for pattern in WRITTEN for name in pattern.findall(text) for part in name.split(".")}


@cache
def written(file: Path) -> frozenset[str]:
    return frozenset(written_in(spoken(file)))
