"""Our own secrets in the database: made once, for the gateway alone, and closed to whoever has another key."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import structlog

from burnish_gateway.assemble import check_start
from burnish_gateway.settings import GatewaySettings
from burnish_shared.auth.installation import NAMES, check_keyring, load_installation_secrets
from burnish_shared.auth.kek import KekSettings, load_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.db.session import Database
from burnish_shared.refusal import EXIT_CODE, StartRefused
from tests.embedded.databases import DatabaseUrls
from tests.embedded.secrets import KEK
from tests.embedded.superuser import as_superuser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("S-04")]

RIGHT, WRONG = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest_asyncio.fixture(loop_scope="session")
async def databases(database_urls: DatabaseUrls) -> AsyncIterator[dict[str, Database]]:
    opened = {name: await Database.open(database_urls[name], application_name="test", max_size=4) for name in ("gateway", "executor")}
    yield opened
    for one in opened.values():
        await one.close()


async def test_whoever_starts_first_makes_them_and_all_others_find_the_same(databases: dict[str, Database]) -> None:
    ring = Keyring.from_texts([RIGHT])
    found = await asyncio.gather(*(load_installation_secrets(databases["gateway"], ring) for _ in range(6)))
    assert len({one.pepper for one in found}) == len({one.session_key for one in found}) == 1
    first = found[0]
    values = {first.pepper, first.cursor_key, first.session_key, first.receipt_key, first.login_seed}
    assert len(values) == len(NAMES) and all(len(one) == 32 for one in values)
    await check_keyring(databases["executor"], ring)


@pytest.mark.capability("T1")
async def test_a_plan_for_sign_ups_that_is_not_there_is_told_at_the_start(database_urls: DatabaseUrls) -> None:
    """And holds up nothing else: it is made over the API of a gateway that runs."""
    where: dict[str, Any] = {"database_url": database_urls["gateway"], "nats_url": "nats://127.0.0.1:1", "kek": RIGHT}
    for plan, warned in (("free", []), ("gold", [("BURNISH_SIGN_UP_PLAN", "gold", "PUT /v1/plans/gold")])):
        with structlog.testing.capture_logs() as told:
            await check_start(GatewaySettings(**where, sign_up_plan=plan))
        found = [(one["setting"], one["plan"], one["fix"]) for one in told if one["event"] == "gateway.no_sign_up_plan"]
        assert found == warned


async def test_a_service_other_than_the_gateway_cannot_read_them_and_none_can_change_them(
    databases: dict[str, Database], database_urls: DatabaseUrls
) -> None:
    await load_installation_secrets(databases["gateway"], Keyring.from_texts([RIGHT]))
    for name in ("executor", "optimizer", "analytics", "webhooks", "gateway"):
        connection = await asyncpg.connect(database_urls[name])
        try:
            forbidden = [
                "UPDATE installation_secrets SET sealed = ''",
                "DELETE FROM installation_secrets",
                "UPDATE kek_check SET sealed = ''",
            ]
            for statement in [*forbidden, *(["SELECT sealed FROM installation_secrets"] if name != "gateway" else [])]:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_another_key_is_refused_by_name_and_changes_nothing(databases: dict[str, Database]) -> None:
    right, wrong = Keyring.from_texts([RIGHT]), Keyring.from_texts([WRONG])
    before = await load_installation_secrets(databases["gateway"], right)
    for refused in (check_keyring(databases["executor"], wrong), load_installation_secrets(databases["gateway"], wrong)):
        with pytest.raises(StartRefused, match=f"{right.current_id.hex()}.*{wrong.current_id.hex()}"):
            await refused
    assert (await load_installation_secrets(databases["gateway"], Keyring.from_texts([WRONG, RIGHT]))).pepper == before.pepper


async def test_an_upgrade_adds_the_secrets_that_are_new_and_keeps_the_old(
    databases: dict[str, Database], database_urls: DatabaseUrls
) -> None:
    ring = Keyring.from_texts([RIGHT])
    before = await load_installation_secrets(databases["gateway"], ring)
    async with as_superuser(database_urls["superuser"]) as connection:
        await connection.execute("DELETE FROM installation_secrets WHERE name = 'receipts'")
    after = await load_installation_secrets(databases["gateway"], ring)
    assert after.pepper == before.pepper and after.receipt_key != before.receipt_key


@pytest.mark.promise("S-02")
async def test_a_secret_under_another_name_does_not_open(databases: dict[str, Database], database_urls: DatabaseUrls) -> None:
    ring = Keyring.from_texts([RIGHT])
    await load_installation_secrets(databases["gateway"], ring)
    connection = await asyncpg.connect(database_urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute(
        "UPDATE installation_secrets SET sealed = (SELECT sealed FROM installation_secrets WHERE name = 'receipts') WHERE name = 'sessions'"
    )
    await connection.close()
    with pytest.raises(StartRefused, match="does not open"):
        await load_installation_secrets(databases["gateway"], ring)


async def test_a_service_with_a_wrong_key_or_none_ends_with_a_message(
    databases: dict[str, Database], database_urls: DatabaseUrls, nats_server: Any
) -> None:
    await load_installation_secrets(databases["gateway"], Keyring.from_texts([RIGHT]))
    wrong = {"BURNISH_KEK": WRONG}
    given: list[tuple[str, dict[str, str]]] = [("gateway", wrong), ("executor", wrong), ("webhooks", wrong), ("executor", {})]
    for code, said in await asyncio.gather(*(_run(name, database_urls, nats_server, keys) for name, keys in given)):
        assert code == EXIT_CODE, said
        assert "service_refuses_to_start" in said and "Traceback" not in said
        assert "BURNISH_KEK" in said and WRONG not in said and RIGHT not in said
    code, said = await _run("executor", database_urls, nats_server, {"BURNISH_KEK_COMMAND": "false"})
    assert code == 1 and "BURNISH_KEK_COMMAND ended with code 1" in said and "Traceback" not in said, "who starts it anew may mend it"


async def _run(service: str, urls: Mapping[str, str], nats: Any, keys: dict[str, str]) -> tuple[int | None, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BURNISH_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "burnish.serve", service,
        env=environment | {"DATABASE_URL": urls[service], "NATS_URL": nats.url(service), **keys},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, said.decode()


async def test_keys_come_from_a_file_or_a_command_too(tmp_path: Any) -> None:
    file = tmp_path / "kek"
    file.write_text(f"{RIGHT}\n{WRONG}\n\n")
    both = Keyring.from_texts([RIGHT, WRONG])
    assert load_keyring(KekSettings(kek="", kek_file=str(file))).ids == both.ids
    assert load_keyring(KekSettings(kek="", kek_command=f"cat {file}")).current_id == both.current_id
    assert load_keyring(KekSettings(kek=RIGHT, kek_previous=f"{WRONG}, {KEK}")).ids >= both.ids


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kek": ""}, "BURNISH_KEK is not set"),
        ({"kek": RIGHT, "kek_file": "/somewhere"}, "keep one"),
        ({"kek": "short"}, "32 bytes"),
        ({"kek": "", "kek_file": "/nowhere/kek"}, "BURNISH_KEK_FILE cannot be read"),
        ({"kek": "", "kek_command": "false"}, "ended with code 1"),
        ({"kek": "", "kek_command": "/nowhere/kms"}, "cannot be run"),
        ({"kek": "", "kek_command": "true"}, "holds no key"),
        ({"kek": "", "kek_command": "echo 'not closed"}, "cannot be run"),
    ],
)
async def test_a_source_without_a_key_is_said_plainly(settings: dict[str, str], said: str) -> None:
    with pytest.raises(StartRefused, match=said) as refused:
        load_keyring(KekSettings(**({"kek_previous": "", "kek_file": "", "kek_command": ""} | settings)))  # type: ignore[arg-type]
    assert refused.value.may_pass == (said == "ended with code 1")


async def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_shared.auth.kek.COMMAND_TIMEOUT_S", 0.1)
    with pytest.raises(StartRefused, match="gave no key within") as refused:
        load_keyring(KekSettings(kek="", kek_command="sleep 60"))
    assert refused.value.may_pass
