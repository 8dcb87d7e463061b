"""The key-encryption key of tests, and the installation secrets of their databases."""

import base64
from collections.abc import Mapping

from burnish_shared.auth.installation import InstallationSecrets, load_installation_secrets
from burnish_shared.auth.keyring import Keyring
from burnish_shared.db.session import Database

KEK = base64.b64encode(b"k" * 32).decode()


async def installation_secrets_of(urls: Mapping[str, str], *, kek: str = KEK) -> InstallationSecrets:
    """As the gateway loads them; made where it has not run yet."""
    db = await Database.open(urls["superuser"], application_name="test-secrets", max_size=1)
    try:
        return await load_installation_secrets(db, Keyring.from_texts([kek]))
    finally:
        await db.close()
