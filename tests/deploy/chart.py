"""The Helm chart rendered without Helm: gotpl speaks Go's template language with Helm's functions."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml
from gotpl.exts.helm import HelmTemplateEngine

CHART = Path(__file__).parents[2] / "deploy/helm/burnish"
RELEASE = "prod"
NAMESPACE = "llm"


class _Files:
    """`.Files.Get`, as Helm gives it to templates."""

    def Get(self, name: str) -> str:
        return (CHART / name).read_text()


def merged(values: Any, over: Any) -> Any:
    """Values over the chart's own, as Helm merges them."""
    if not isinstance(values, dict) or not isinstance(over, Mapping):
        return over
    return values | {name: merged(values.get(name), one) for name, one in over.items()}


def rendered(
    over: Mapping[str, Any] | None = None, *, stored: Mapping[str, Any] | None = None, release: str = RELEASE, revision: int = 3
) -> list[dict[str, Any]]:
    """The manifests of `helm template` with these values. `stored`: the data of the Secret that `lookup` finds.

    Raises jsonschema.ValidationError for values that the schema refuses, TemplateExecutionError for those that a template refuses.
    """
    return copy.deepcopy(_kept(over, stored, release, revision)[0])


def notes(over: Mapping[str, Any]) -> str:
    """What Helm prints after the installation."""
    return _kept(over, None, RELEASE, 3)[1]


_MADE: dict[str, tuple[list[dict[str, Any]], str]] = {}
"""What was rendered before, by values: many tests look at the same."""


def _kept(
    over: Mapping[str, Any] | None, stored: Mapping[str, Any] | None, release: str, revision: int
) -> tuple[list[dict[str, Any]], str]:
    key = json.dumps([over, stored, release, revision], sort_keys=True)
    if "seed" not in (over or {}).get("secrets", {}):
        return _made(over, stored, release, revision)  # New secrets each time.
    if key not in _MADE:
        _MADE[key] = _made(over, stored, release, revision)
    return _MADE[key]


def _made(
    over: Mapping[str, Any] | None, stored: Mapping[str, Any] | None, release: str, revision: int
) -> tuple[list[dict[str, Any]], str]:
    values = merged(yaml.safe_load((CHART / "values.yaml").read_text()), over or {})
    jsonschema.validate(values, json.loads((CHART / "values.schema.json").read_text()))
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    context = {
        "Values": copy.deepcopy(values),
        "Chart": {"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
        "Release": {
            "Name": release,
            "Namespace": NAMESPACE,
            "Service": "Helm",
            "Revision": revision,
            "IsUpgrade": revision > 1,
            "IsInstall": revision == 1,
        },
        "Capabilities": {"KubeVersion": {"Version": "v1.33.0"}},
        "Files": _Files(),
    }
    sources = {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())}
    engine = HelmTemplateEngine.from_sources(sources, lookup=lambda *_: {"data": dict(stored)} if stored else {})
    texts = engine.render({name: context for name in sources if name.endswith(".yaml")})
    told = engine.render({"NOTES.txt": context})["NOTES.txt"]
    return [document for text in texts.values() for document in yaml.safe_load_all(text) if document], told
