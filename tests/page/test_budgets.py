"""The built page keeps its budgets of bytes (UI.md section 10). Those of time are measured by `make bench-page`."""

import json
from pathlib import Path

import pytest
from benchmarks.page.sizes import sizes

from burnish_gateway.page.built_page import UI


@pytest.mark.page
@pytest.mark.skipif(not (UI / "index.html").is_file(), reason="the page is not built: `make page`")
def test_no_chunk_is_larger_than_it_may_be() -> None:
    broken = [f"{one.what}: {one.kb:.1f} kB gz of at most {one.most_kb:.0f}: {one.parts}" for one in sizes(UI) if not one.is_kept]
    assert not broken, "\n".join(broken)


def test_a_page_weighs_what_it_loads_beyond_the_entry_and_the_shell(tmp_path: Path) -> None:
    (tmp_path / ".vite").mkdir()
    manifest = {
        "src/main.tsx": {"file": "a.js", "isEntry": True, "imports": ["_shared.js"], "dynamicImports": ["src/pages/x.tsx"]},
        "_shared.js": {"file": "s.js"},
        "_codemirror.js": {"file": "codemirror-1.js", "imports": ["_shared.js"]},
        "src/pages/x.tsx": {"file": "x.js", "isDynamicEntry": True, "imports": ["_shared.js", "_codemirror.js", "src/main.tsx"]},
        "src/pages/y.tsx": {"file": "y.js", "isDynamicEntry": True, "imports": ["_kit.js"]},
        "_kit.js": {"file": "k.js", "name": "kit", "imports": ["_shared.js"]},
    }
    (tmp_path / ".vite" / "manifest.json").write_text(json.dumps(manifest))
    for name in ("a", "s", "codemirror-1", "x", "y", "k"):
        (tmp_path / f"{name}.js").write_bytes(bytes(range(256)) * 4)
    found = {one.what: one for one in sizes(tmp_path)}
    assert found["entry JS"].parts == ("a.js", "s.js")
    assert found["chunk src/pages/x.tsx"].parts == ("codemirror-1.js", "x.js") and found["chunk src/pages/x.tsx"].most_kb == 130
    assert found["chunk src/pages/y.tsx"].most_kb == 80 and found["chunk src/pages/y.tsx"].parts == ("y.js",)
    assert found["shell and kit"].parts == ("k.js",) and found["shell and kit"].most_kb == 64
    assert all(one.is_kept for one in found.values())
