"""Who can be given a key over the API can be given one on the page: its list of providers is ours."""

import re

from burnish_shared.providers import PRESETS
from tests.docs.page_sources import ROOT

KNOWN = ROOT / "web" / "src" / "pages" / "providers" / "known.ts"
LINE = re.compile(r'value: "(\w+)", label: "[^"]+", hasAddress: (true|false)')


def test_the_page_offers_every_provider_and_knows_which_has_an_address() -> None:
    offered = {name: has == "true" for name, has in LINE.findall(KNOWN.read_text())}
    assert offered == {name: preset.base_url != "" for name, preset in PRESETS.items()}
