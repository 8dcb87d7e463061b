"""Writes deploy/grafana/dashboards/*.json from boards.py, and the copies that the Helm chart carries.

Run `python deploy/grafana/build.py` after a change; tests compare, and evaluate each query on a real Prometheus.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from boards import BOARDS, Board, Panel

PANELS_BESIDE = 3
WIDTH, HEIGHT = 24 // PANELS_BESIDE, 8


def panel(number: int, one: Panel) -> dict[str, Any]:
    """One chart; with an alarm, a dashed line where somebody should look."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    custom: dict[str, Any] = {}
    if one.alarm is not None:
        steps.append({"color": "red", "value": one.alarm})
        custom = {"thresholdsStyle": {"mode": "dashed"}}
    defaults = {"unit": one.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}, "custom": custom}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": one.title,
        "description": one.says,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": number % PANELS_BESIDE * WIDTH, "y": number // PANELS_BESIDE * HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": chr(65 + i), "expr": expr, "legendFormat": legend} for i, (expr, legend) in enumerate(one.queries)],
    }


def dashboard(board: Board) -> dict[str, Any]:
    """A whole dashboard with links to its sisters, which keep the range of time."""
    return {
        "uid": board.uid,
        "title": board.title,
        "tags": ["burnish"],
        "schemaVersion": 41,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "title": "Burnish", "tags": ["burnish"], "asDropdown": True, "keepTime": True}],
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "current": {}}]},
        "panels": [panel(number, one) for number, one in enumerate(board.panels)],
    }


def rendered() -> dict[str, str]:
    """File name → text, of all dashboards."""
    return {f"{board.uid.removeprefix('burnish-')}.json": json.dumps(dashboard(board), indent=2) + "\n" for board in BOARDS}


if __name__ == "__main__":
    here = Path(__file__).parent
    for folder in (here / "dashboards", here.parent / "helm/burnish/files/dashboards"):
        folder.mkdir(exist_ok=True)
        for name, text in rendered().items():
            (folder / name).write_text(text)
            sys.stderr.write(f"wrote {folder / name}\n")
