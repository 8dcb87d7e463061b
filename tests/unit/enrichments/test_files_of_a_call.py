"""Several PDFs in one call: how long they may take together, and how long they may be waited for."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish_gateway.enrichments.bodies import Content, ManyEnrichments
from burnish_gateway.enrichments.pdf_texts import READ_S, WAIT_S
from burnish_gateway.enrichments.start import check
from burnish_gateway.wire import parse_model
from burnish_shared.errors import InvalidField, Unavailable
from burnish_shared.json_bytes import encoded
from burnish_shared.sandbox.worker_process import Watch

pytestmark = pytest.mark.capability("E17")

DATA = "data:application/pdf;base64,JVBERi0="


class SlowPdfs:
    """Waits and reads for as long as it is told, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, waits_s: float, reads_s: float) -> None:
        self.now_s, self.waits_s, self.reads_s, self.read = 0.0, waits_s, reads_s, 0
        monkeypatch.setattr("burnish_gateway.enrichments.start.now_s", lambda: self.now_s)

    async def read_sent(self, raw: bytes, *, tenant: str, watch: Watch) -> str:
        self.now_s += self.waits_s + self.reads_s
        watch.took_s += self.reads_s
        self.read += 1
        await asyncio.sleep(0)
        return "words"


def contents(many: int) -> list[Content]:
    items = [{"content": {"file_data": DATA}} for _ in range(many)]
    return list(parse_model(ManyEnrichments, encoded({"source_type": "document", "items": items})).items)


async def begin(pdfs: SlowPdfs, many: int) -> None:
    gateway = SimpleNamespace(pdfs=pdfs, masking=None)
    workspace = SimpleNamespace(suspended_at=None, store_content=True)
    principal = SimpleNamespace(workspace_id="w", workspace=workspace)
    await check(contents(many), gateway=cast(Any, gateway), principal=cast(Any, principal))


async def test_files_that_waited_are_not_counted_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_gateway.enrichments.start.kept_as_masked", kept)
    pdfs = SlowPdfs(monkeypatch, waits_s=READ_S * 0.6, reads_s=0.1)
    await begin(pdfs, 3)
    assert pdfs.read == 3


async def test_files_that_take_too_long_together_are_refused_by_the_one_that_is_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    pdfs = SlowPdfs(monkeypatch, waits_s=0, reads_s=READ_S * 0.6)
    with pytest.raises(InvalidField, match=r"items\[2\]\.content\.file_data: the PDFs before it took 30 s to read") as refused:
        await begin(pdfs, 4)
    assert refused.value.param == "items[2].content.file_data" and pdfs.read == 2


async def test_files_that_are_waited_for_too_long_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pdfs = SlowPdfs(monkeypatch, waits_s=WAIT_S * 0.6, reads_s=0.1)
    with pytest.raises(Unavailable, match=r"items\[2\]\.content\.file_data: is a PDF, and all that read them are busy"):
        await begin(pdfs, 4)
    assert pdfs.read == 2


async def kept(gateway: Any, principal: Any, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return said
