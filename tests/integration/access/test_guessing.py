"""Guessing passwords becomes slow, at all gateways together, and the owner is never kept out for long (PRODUCT T2d)."""

import asyncio

import pytest

from burnish_gateway.access.session_store import begin_sign_in
from burnish_gateway.client_address import network_of
from burnish_gateway.sign_in.sign_in import Guessing
from burnish_shared.auth.installation import InstallationSecrets, load_installation_secrets
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealing import key_from_text
from burnish_shared.db.session import Database
from tests.embedded.stack import KEK, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import join, newcomer, nobody, unknown_email
from tests.pace import undisturbed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

FREE_TRIES = 5
"""Of one e-mail from one address, before the first wait."""

LONGEST_WAIT_S = 300


async def test_guessing_is_slowed_down_at_both_gateways_together(stack: Stack) -> None:
    async def attempt() -> None:
        ada = await newcomer(stack)
        at = [nobody(stack, gateway=number % 2) for number in range(FREE_TRIES + 1)]
        answers = [await one.sign_in("guess number one", email=ada.email) for one in at]
        assert [one.status for one in answers] == [401] * FREE_TRIES + [429]
        assert answers[-1].body["error"]["retryable"] and 1 <= int(answers[-1].headers["retry-after"]) <= 2
        assert (await nobody(stack).sign_in(email=ada.email)).status == 429  # nor does the right password tell that it is right
        await pass_time(stack, seconds=2)
        assert (await nobody(stack).sign_in(email=ada.email)).status == 200
        assert (await nobody(stack).sign_in("guess number two", email=ada.email)).status == 401  # counted anew after success

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_an_unknown_email_is_slowed_down_like_a_known_one(stack: Stack) -> None:
    async def attempt() -> None:
        email = unknown_email()
        answers = [(await nobody(stack).sign_in("guess number one", email=email)).status for _ in range(FREE_TRIES + 1)]
        assert answers == [401] * FREE_TRIES + [429]

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_many_guesses_at_once_do_not_pass_together(stack: Stack) -> None:
    async def attempt() -> None:
        ada = await newcomer(stack)
        answers = await asyncio.gather(*(nobody(stack, gateway=n % 2).sign_in(f"guess number {n}", email=ada.email) for n in range(24)))
        assert sorted(one.status for one in answers) == [401] * FREE_TRIES + [429] * (24 - FREE_TRIES)

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_waits_double_up_to_a_bound(stack: Stack) -> None:
    async def attempt() -> None:
        ada = await newcomer(stack)
        waits: list[int] = []
        while len(waits) < 12:
            answer = await nobody(stack).sign_in("guess number one", email=ada.email)
            if answer.status == 429:
                waits.append(int(answer.headers["retry-after"]))
                await pass_time(stack, seconds=waits[-1])
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_a_clock_that_ran_ahead_and_went_back_keeps_nobody_out_longer_than_the_longest_wait(stack: Stack) -> None:
    ada = await newcomer(stack)
    for _ in range(FREE_TRIES + 1):
        await nobody(stack).sign_in("guess number one", email=ada.email)
    await pass_time(stack, seconds=-2 * 86_400)  # what was counted lies two days ahead now
    answer = await nobody(stack).sign_in(email=ada.email)
    assert answer.status == 429 and int(answer.headers["retry-after"]) <= LONGEST_WAIT_S
    await pass_time(stack, seconds=LONGEST_WAIT_S)
    assert (await nobody(stack).sign_in(email=ada.email)).status == 200
    async with as_superuser(stack.urls["superuser"]) as connection:
        assert await connection.fetchval("SELECT count(*) FROM burnish.sign_in_tries WHERE last_at > now() + interval '1 minute'") == 0


async def test_guesses_from_many_addresses_do_not_keep_out_who_signed_in_from_here_before(stack: Stack) -> None:
    async def attempt() -> None:
        ada, bob, eve = [await newcomer(stack) for _ in range(3)]
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute("DELETE FROM burnish.user_sessions WHERE user_id = $1::uuid", bob.user_id)
            long_ago = "UPDATE burnish.user_sessions SET created_at = now() - interval '31 days' WHERE user_id = $1::uuid"
            await connection.execute(long_ago, eve.user_id)
        for one in (ada, bob):
            await count_tries(stack, one.email, address="203.0.113", times=20)
        assert (await nobody(stack).sign_in(email=ada.email)).status == 200
        assert (await nobody(stack).sign_in(email=bob.email)).status == 429  # has never been seen at this address
        await pass_time(stack, seconds=60)
        assert (await nobody(stack).sign_in(email=bob.email)).status == 200
        await count_tries(stack, eve.email, address="198.51.100", times=20)
        assert (await nobody(stack).sign_in(email=eve.email)).status == 429  # has not been seen here for a month

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_who_sets_a_new_password_by_a_link_waits_for_no_guesses_of_before(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace = await join(stack, ada, role="editor")
    for _ in range(FREE_TRIES + 1):
        await nobody(stack).sign_in("guess number one", email=grace.email)
    of = Guessing.of(grace.email, "127.0.0.1", session_key=(await load_secrets(stack)).session_key)
    async with as_superuser(stack.urls["superuser"]) as connection:
        far = "UPDATE burnish.sign_in_tries SET blocked_until = clock_timestamp() + interval '1 hour' WHERE digest = ANY ($1) RETURNING 1"
        assert await connection.fetch(far, [of.pair, of.email])
    assert (await nobody(stack).sign_in(email=grace.email)).status == 429
    link = await ada("POST", f"/v1/members/{grace.user_id}/password-reset", headers={"content-type": "application/json"})
    body = {"token": link.body["token"], "new_password": "another long password"}
    assert (await nobody(stack)("POST", "/v1/auth/password-reset", body)).status == 204
    assert (await nobody(stack).sign_in("another long password", email=grace.email)).status == 200


async def test_guesses_from_everywhere_in_one_ipv6_network_count_as_those_of_one_address(stack: Stack) -> None:
    waits = [await try_once(stack, unknown_email(), address=f"2001:db8:7:7::{number:x}") for number in range(51)]
    assert waits[:50] == [0] * 50 and waits[50] > 0
    assert await try_once(stack, unknown_email(), address="2001:db8:7:8::1") == 0

    async def attempt() -> None:
        email = unknown_email()
        waits = [await try_once(stack, email, address=f"2001:db8:9:9::{number:x}") for number in range(FREE_TRIES + 1)]
        assert waits[:-1] == [0] * FREE_TRIES and waits[-1] > 0, "pairs of e-mail and address too"

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_who_signed_in_before_is_known_at_another_address_of_the_same_ipv6_network(stack: Stack) -> None:
    async def attempt() -> None:
        ada = await newcomer(stack)
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute(
                "UPDATE burnish.user_sessions SET address = $2, network = $3 WHERE user_id = $1::uuid",
                ada.user_id,
                "2001:db8:5:5::1",
                network_of("2001:db8:5:5::1"),
            )
        await count_tries(stack, ada.email, address="203.0.113", times=20)
        assert await try_once(stack, ada.email, address="2001:db8:5:5::2") == 0
        assert await try_once(stack, ada.email, address="2001:db8:5:6::2") > 0

    await undisturbed(attempt, still_most_s=0.5)  # The first wait is one second.


async def test_no_email_and_no_address_is_kept_in_the_counts(stack: Stack) -> None:
    ada = await newcomer(stack)
    await nobody(stack).sign_in("guess number one", email=ada.email)
    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetch("SELECT digest FROM burnish.sign_in_tries")
    assert rows and all(len(row["digest"]) == 32 for row in rows)


async def pass_time(stack: Stack, *, seconds: int) -> None:
    """As if so much time had gone by since every try."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE burnish.sign_in_tries SET blocked_until = blocked_until - make_interval(secs => $1), "
            "last_at = last_at - make_interval(secs => $1)",
            float(seconds),
        )


async def count_tries(stack: Stack, email: str, *, address: str, times: int) -> None:
    """Tries from another address, each as the first of its pair, which is how guesses from many addresses look."""
    for number in range(times):
        assert await try_once(stack, email, address=f"{address}.{number}") == 0


async def try_once(stack: Stack, email: str, *, address: str) -> float:
    """As a gateway counts a try from there. Seconds until the next one is taken."""
    secrets = await load_secrets(stack)
    one = Guessing.of(email, address, session_key=secrets.session_key)
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)
    try:
        async with db.unit_of_work() as tx:
            return await begin_sign_in(
                tx, pair=one.pair, email_digest=one.email, address_digest=one.address, email=email, network=network_of(address)
            )
    finally:
        await db.close()


async def load_secrets(stack: Stack) -> InstallationSecrets:
    """What the gateways have: the digests are made with it."""
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)
    try:
        return await load_installation_secrets(db, Keyring(key_from_text(KEK)))
    finally:
        await db.close()
