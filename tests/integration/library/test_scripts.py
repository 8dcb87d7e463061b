"""Searches find words of every script, however they are typed, and English as before (PRODUCT P9)."""

from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from burnish_analytics.housework import Housework
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P9")]

TEXTS = {
    "chinese": "你是客服助手。请根据退款政策回答客户的问题：{{x}}",
    "japanese": "あなたはカスタマーサポートです。返金ポリシーに従って、質問に答えてください。ｶﾞｲﾄﾞを読む。{{x}}",
    "korean": "고객의 환불요청을 처리하고 정중하게 답변하세요. {{x}}",
    "thai": "คุณเป็นเจ้าหน้าที่บริการลูกค้า ตอบคำถามเรื่องนโยบายการคืนเงิน {{x}}",
    "french": "Résume la réclamation de l’élève {{x}}",
    "german": "Prüfe die Rechnungsprüfungsanfrage an Herrn Müller, Straße 5 {{x}}",
    "danish": "Skriv til kontoret på Sørøya i Ålesund {{x}}",
    "vietnamese": "Trả lời câu hỏi về chính sách hoàn tiền ở Đà Nẵng {{x}}",
    "russian": "Объясни счёт клиенту {{x}}",
    "greek": "Απάντησε στους πελάτες {{x}}",
    "arabic": "أجب عن أسئلة العُمَلاء {{x}}",
    "wide": "Ｔｏｋｙｏ　ｏｆｆｉｃｅ ２０２４ {{x}}",
    "english": "Route tickets about refunds, kindly {{x}}",
}

ASKED = {
    "chinese": ["退款", "退款政策", "政策", "策", "款", "客户 退款", "请根据退款政策回答客户的问题"],
    "japanese": ["返金", "ポリシー", "返金ポリシー", "カスタマー", "ｶｽﾀﾏｰ", "ガイド", "質問 返金", "か\u3099イド".replace("か", "カ")],
    "korean": ["환불", "환불요청", "요청", "고객", "답변", "불"],
    "thai": ["นโยบาย", "คืนเงิน", "ลูกค้า", "บริการ", "นโยบายการคืนเงิน"],
    "french": ["résume", "resume", "RESUME", "reclamation", "réclamation", "eleve", "re\u0301clamation", "Élève", "recla"],
    "german": [
        "müller", "muller", "mueller", "MÜLLER", "mu\u0308ller", "prufe", "pruefe", "Rechnungsprüf", "rechnungspruef", "rechnung",
        "strasse", "Straße", "STRASSE",
    ],
    "danish": ["soroya", "sørøya", "soeroeya", "alesund", "aalesund", "Ålesund"],
    "vietnamese": ["chinh sach", "chính sách", "da nang", "Đà Nẵng", "hoan tien"],
    "russian": ["счет", "счёт", "СЧЁТ", "объясни"],
    "greek": ["απαντησε", "ΠΕΛΑΤΕΣ", "πελάτες", "πελατεσ"],
    "arabic": ["العملاء", "العُمَلاء"],
    "wide": ["tokyo", "ｔｏｋｙｏ", "ＯＦＦＩＣＥ", "2024", "２０２４"],
    "english": ["refund", "ｒｅｆｕｎｄ", "réfund", "ticket kind", "routing"],
}  # fmt: skip

NOWHERE = ["退货", "政款", "送料", "배송", "ที่นั่งว่าง", "mollér", "réclamu", "🔑", "。、", "ａｂｃｄ", "…"]


async def make(call: Caller, slug: str, text: str, **fields: Any) -> None:
    answer = await call("POST", "/v1/prompts", {"slug": slug, "template": text, "model": "simulated/chat"} | fields)
    assert answer.status == 201, answer.body


async def found(call: Caller, words: str, path: str = "/v1/prompts") -> list[str]:
    answer = await call("GET", f"{path}?q={quote(words)}")
    assert answer.status == 200, answer.body
    return [one["slug"] if "slug" in one else one["prompt"] for one in answer.body["data"]]


async def test_prompts_of_every_script_are_found_by_what_people_type(call: Caller) -> None:
    for slug, text in TEXTS.items():
        await make(call, slug, text)
    wrong = {(slug, words): got for slug, asked in ASKED.items() for words in asked if (got := await found(call, words)) != [slug]}
    wrong |= {("nowhere", words): got for words in NOWHERE if (got := await found(call, words))}
    assert not wrong


async def test_names_of_every_script_come_before_texts(call: Caller) -> None:
    await make(call, "says-it", "退款 과 réclamation {{x}}")
    await make(call, "named", "{{x}}", name="退款政策", description="Réclamation", tags=["환불"])
    await make(call, "says-it-too", "退款 {{x}}")
    assert (await found(call, "退款"))[0] == "named"
    assert (await found(call, "reclamation"))[0] == "named"
    assert await found(call, "환불") == ["named"]


async def test_the_marketplace_finds_them_too(call: Caller) -> None:
    for slug in ("chinese", "thai", "korean", "japanese", "french", "german", "wide", "english"):
        await make(call, slug, TEXTS[slug])
        answer = await call("POST", "/v1/marketplace", {"prompt": slug, "visibility": "organization"})
        assert answer.status == 201, answer.body
    asked = {
        "退款政策": ["chinese"], "“退款": ["chinese"], '"退款政策"': ["chinese"], "환불": ["korean"], "返金": ["japanese"],
        "นโยบาย": ["thai"],
        "reclamation": ["french"], "réclamation": ["french"], "mueller": ["german"], "muller": ["german"], "Müller": ["german"],
        "tokyo": ["wide"], "ｒｅｆｕｎｄ": ["english"], "the réfunds": ["english"], "退款 -政策": [],
        "-Müller rechnungsprüfungsanfrage": [],
        "返金 or 退款": ["japanese", "chinese"], "退款 or réclamation": ["french", "chinese"], '"herrn Müller"': ["german"],
        '"Müller herrn"': [], "refunds -退款": ["english"], "退货": [],
    }  # fmt: skip
    wrong = {words: got for words, slugs in asked.items() if sorted(got := await found(call, words, "/v1/marketplace")) != sorted(slugs)}
    assert not wrong


AS_BEFORE = """SELECT to_tsvector('simple', one) || to_tsvector('english', one)
                 FROM (SELECT regexp_replace($1::text, '[^[:alnum:]]+', ' ', 'g') AS one) said"""


async def test_what_is_kept_and_asked_of_english_is_what_it_was(superuser: asyncpg.Connection) -> None:
    mixed = "Don't say “no” — it’s naïve; ask for 5 © ½ files… again"
    for text in (TEXTS["english"], mixed, "chat_summary a/b {{x}} e-mail@example.com v1.2"):
        before = await superuser.fetchval(f"SELECT ({AS_BEFORE})::text", text)
        now = await superuser.fetchval("SELECT words_of($1)::text", text)
        assert [one for one in now.split() if one.split(":")[0] not in ("'naiv'", "'naive'")] == [
            one for one in before.split() if one.split(":")[0] not in ("'naiv'", "'naive'")
        ]
    for text in ("tickets refund", "chat_summary", "the Routing of e-mails 5"):
        words = text.lower().replace("_", " ").replace("-", " ").split()
        asked = " && ".join(f"('''{one}'':*'::tsquery || plainto_tsquery('english', '{one}'))" for one in words)
        assert await superuser.fetchval("SELECT words_query($1, 12)::text", text) == await superuser.fetchval(f"SELECT ({asked})::text")
        asked = "websearch_to_tsquery('english', $1) || websearch_to_tsquery('simple', $1)"
        websearch = await superuser.fetchval(f"SELECT ({asked})::text", text)
        assert await superuser.fetchval("SELECT web_query($1)::text", text) == websearch


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(100_000)),
        "".join(chr(0x20000 + (n * 7919) % 42_000) for n in range(100_000)),
        " ".join(f"ü{n}ö" for n in range(20_000)),
        "ﷺ" * 100_000,
        "é" * 100_000,
        "a\u0301" * 50_000,
        "退 " * 50_000,
        "กำ" * 50_000,
        "“" * 100_000,
        "a" * 99_999 + "é",
        "가" * 30_000 + " ünï" * 17_000,
        " ".join(f"aü{chr(0xA000 + n // 1000)}{chr(0xA000 + n % 1000)}s" for n in range(16_600)),
    ],
    ids=[
        "han",
        "rare han",
        "umlauts",
        "ligatures",
        "one word",
        "marks",
        "alone",
        "thai",
        "quotes",
        "long",
        "mixed",
        "too much for a tsvector",
    ],
)
async def test_the_longest_texts_are_kept_and_what_is_asked_stays_short(superuser: asyncpg.Connection, text: str) -> None:
    """What says much beside (10,000 characters of description) too."""
    for made in ("strip(words_of($1)) || words_of(left($1, 10000))", "marketplace_search('n', left($1, 10000), '', '{}', $1)"):
        assert await superuser.fetchval(f"SELECT length({made})", text) is not None, made
    for asked in ("words_query($1, 12)", "web_query($1)"):
        assert await superuser.fetchval(f"SELECT numnode({asked})", text[:2000]) < NODES_MOST, asked


NODES_MOST = 4_000
"""Of what one search asks: terms and signs between them."""


async def test_words_that_a_release_before_kept_are_kept_anew_a_few_at_a_time(
    call: Caller, superuser: asyncpg.Connection, module_database_urls: DatabaseUrls
) -> None:
    for slug in ("chinese", "french", "english"):
        await make(call, slug, TEXTS[slug])
    mine = call.workspace.workspace_id
    async with superuser.transaction():  # as they were before 0072
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute(
            f"""UPDATE prompts p SET words_rule = 71, text_words = strip(b.words),
                       search = array_to_tsvector(ARRAY['=w' || p.workspace_id]) || p.name_words || strip(b.words)
                  FROM (SELECT v.prompt_id, ({AS_BEFORE.replace("$1::text", "text_of_content(v.content)")}) AS words FROM prompt_versions v
                         WHERE v.workspace_id = $1) b WHERE b.prompt_id = p.prompt_id""",
            mine,
        )
    assert (await found(call, "réclamation"), await found(call, "refund")) == (["french"], ["english"]), "what was found is found"
    assert (await found(call, "退款"), await found(call, "reclamation")) == ([], [])
    before = await superuser.fetch("SELECT updated_at, revision FROM prompts WHERE workspace_id = $1 ORDER BY prompt_id", mine)
    db = await Database.open(module_database_urls["analytics"], application_name="test-words")
    settings = AnalyticsSettings(database_url=module_database_urls["analytics"], nats_url="nats://localhost:1")
    housework = Housework(db, settings, SystemClock(), wake_relay=lambda: None)
    async with superuser.transaction():
        await superuser.execute("SELECT FROM prompts WHERE workspace_id = $1 AND slug = 'french' FOR UPDATE", mine)
        await housework.renew_words()
    assert (await found(call, "退款"), await found(call, "reclamation")) == (["chinese"], []), "who is held is not waited for"
    await housework.renew_words()
    await db.close()
    assert (await found(call, "退款"), await found(call, "reclamation")) == (["chinese"], ["french"])
    assert await superuser.fetchval("SELECT count(*) FROM prompts WHERE words_rule < 72") == 0
    assert before == await superuser.fetch("SELECT updated_at, revision FROM prompts WHERE workspace_id = $1 ORDER BY prompt_id", mine)
