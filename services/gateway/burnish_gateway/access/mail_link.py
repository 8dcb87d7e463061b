"""Write a mail for one person, where the installation sends mail; the webhooks service sends it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.access import mail_store as store
from burnish_gateway.deps import Gateway
from burnish_shared.contracts.mails import LinkMail, MailKind, mail_context
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

MOST_A_DAY: Final = 200
"""Mails of one workspace in 24 hours: whoever has one may name any address, and must not fill the mailboxes of strangers."""

NEWS_MOST_A_DAY: Final = 10
"""Mails about the password of one account in 24 hours. Nobody shows that the address of an account is theirs (`sign_up`), and whoever
changes its password over and over must not fill the mailbox of a stranger; the owner heard of it ten times then."""

NEWS_LIFE: Final = timedelta(days=2)
"""How long it is tried to say that a password was changed; a mail server may be away for a day."""


async def write_mail(
    tx: Tx, gateway: Gateway, *, workspace_id: UUID, mail_id: UUID, kind: MailKind, mail: LinkMail, expires_at: datetime
) -> bool:
    """The transaction is the workspace's. False: this installation sends no mail, or the workspace wrote enough of them today.

    None goes out where no public URL is set: the link would then be of whatever host the caller names (`Host`), so that an admin of any
    workspace could mail links to a site of theirs in this installation's name.
    """
    if not _sends(gateway) or await store.count_today(tx) >= MOST_A_DAY:
        return False
    await _add(tx, gateway, workspace_id=workspace_id, mail_id=mail_id, kind=kind, mail=mail, expires_at=expires_at)
    return True


async def tell_of_new_password(tx: Tx, gateway: Gateway, *, workspace_id: UUID, user_id: UUID, email: str) -> None:
    """Tells the owner of an account that its password was changed, where the installation sends mail. The transaction is the workspace's,
    whose admins the mail names for help; call it before the change is noted in its audit log. It counts for no limit of the workspace: who
    fills that must not keep the owner from hearing."""
    now = gateway.clock.now()
    if not _sends(gateway):
        return
    if await store.password_changes(tx, workspace_id, user_id, since=now - timedelta(days=1)) >= NEWS_MOST_A_DAY:
        return
    mail = LinkMail(email, f"{gateway.settings.public_url}/app/")
    ends_at = now + NEWS_LIFE
    await _add(tx, gateway, workspace_id=workspace_id, mail_id=new_uuid(), kind="password_changed", mail=mail, expires_at=ends_at)


def _sends(gateway: Gateway) -> bool:
    return bool(gateway.settings.smtp_from and gateway.settings.public_url)


async def _add(
    tx: Tx, gateway: Gateway, *, workspace_id: UUID, mail_id: UUID, kind: MailKind, mail: LinkMail, expires_at: datetime
) -> None:
    sealed = gateway.keyring.seal(mail.as_bytes(), context=mail_context(workspace_id, mail_id))
    await store.add_mail(tx, mail_id=mail_id, workspace_id=workspace_id, kind=kind, sealed=sealed, expires_at=expires_at)
