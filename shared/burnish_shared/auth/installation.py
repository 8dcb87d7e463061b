"""Secrets of the installation itself: random, made once, kept sealed in the database, so that the key that seals them can be changed.

Whoever starts first makes them. A process whose keys do not open what is there ends with a message instead of working half
(PROMISES S-04).
"""

import secrets
from dataclasses import dataclass

from burnish_shared.auth import installation_store as store
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealing import KEY_BYTES, sealed_under
from burnish_shared.db.session import Database, Tx
from burnish_shared.refusal import StartRefused

CHECK_TEXT = b"this database and this key belong together"
CHECK_CONTEXT = "installation|kek-check|1|check"

API_KEY_PEPPER = "api_key_pepper"
LIST_CURSORS = "list_cursors"
SESSIONS = "sessions"
RECEIPTS = "receipts"
SERVICE_LOGINS = "service_logins"
NAMES = (API_KEY_PEPPER, LIST_CURSORS, SESSIONS, RECEIPTS, SERVICE_LOGINS)


@dataclass(frozen=True, slots=True, repr=False)
class InstallationSecrets:
    """Each is 32 random bytes for one purpose; `derived_key` makes more of one. No `repr`: it would end up in a log.

    `pepper` of API keys; `cursor_key` signs list cursors; `session_key` signs sessions, CSRF tokens and what belongs to
    sign-in; `receipt_key` signs receipts of erasure; `login_seed`: the services' passwords in a database of the operator's own.
    """

    pepper: bytes
    cursor_key: bytes
    session_key: bytes
    receipt_key: bytes
    login_seed: bytes


async def check_keyring(db: Database, keyring: Keyring) -> None:
    """Returns when our keys open what lies in this database. Raises StartRefused when not, Unavailable without a database.

    In a database that has never seen a key, ours becomes its key.
    """
    async with db.unit_of_work(read_only=True) as tx:
        sealed = await store.find_check(tx)
    if sealed is None:
        async with db.unit_of_work() as tx:
            await store.lock_installation(tx)
            sealed = await store.find_check(tx)
            if sealed is None:
                sealed = keyring.seal(CHECK_TEXT, context=CHECK_CONTEXT)
                await store.add_check(tx, sealed)
    try:
        keyring.open(sealed, context=CHECK_CONTEXT)
    except ValueError:
        raise StartRefused(_refusal(sealed, keyring)) from None


async def load_installation_secrets(db: Database, keyring: Keyring) -> InstallationSecrets:
    """The secrets of this installation, made now where some are missing. For the gateway and for the operator's commands.

    Raises StartRefused when our keys do not open them, Unavailable without a database. Idempotent, also from several processes at once.
    """
    await check_keyring(db, keyring)
    async with db.unit_of_work(read_only=True) as tx:
        sealed = await store.find_secrets(tx)
    if not set(NAMES) <= sealed.keys():
        async with db.unit_of_work() as tx:
            sealed = await _make_missing(tx, keyring)
    try:
        found = {name: keyring.open(sealed[name], context=secret_context(name)) for name in NAMES}
    except ValueError as error:
        raise StartRefused(f"A secret of this installation does not open: {error}.") from None
    return InstallationSecrets(
        pepper=found[API_KEY_PEPPER], cursor_key=found[LIST_CURSORS], session_key=found[SESSIONS], receipt_key=found[RECEIPTS],
        login_seed=found[SERVICE_LOGINS],
    )  # fmt: skip


def secret_context(name: str) -> str:
    """What an installation secret is bound to when it is sealed."""
    return f"installation|{name}|1|installation-secret"


async def _make_missing(tx: Tx, keyring: Keyring) -> dict[str, bytes]:
    await store.lock_installation(tx)
    sealed = await store.find_secrets(tx)
    for name in NAMES:
        if name not in sealed:
            sealed[name] = keyring.seal(secrets.token_bytes(KEY_BYTES), context=secret_context(name))
            await store.add_secret(tx, name=name, sealed=sealed[name])
    return sealed


def _refusal(sealed: bytes, keyring: Keyring) -> str:
    named = sealed_under(sealed)
    ours = ", ".join(sorted(one.hex() for one in keyring.ids))
    if named is not None and named in keyring.ids:
        return "The check of the key-encryption key in this database was changed: restore it from a backup."
    return (
        f"This is not the key-encryption key of this database: its secrets lie under the key {named.hex() if named else 'of old format'},"
        f" and we were given {ours}. Nothing was read or changed. Set BURNISH_KEK to the right key; while a rotation runs, name both by"
        " BURNISH_KEK and BURNISH_KEK_PREVIOUS."
    )
