"""Write a mail with a link for one person, where the installation sends mail; the webhooks service sends it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_gateway.access import mail_store as store
from burnish_gateway.deps import Gateway
from burnish_shared.contracts.mails import LinkMail, MailKind, mail_context
from burnish_shared.db.session import Tx

MOST_A_DAY: Final = 200
"""Mails of one workspace in 24 hours: whoever has one may name any address, and must not fill the mailboxes of strangers."""


async def write_mail(
    tx: Tx, gateway: Gateway, *, workspace_id: UUID, mail_id: UUID, kind: MailKind, mail: LinkMail, expires_at: datetime
) -> bool:
    """The transaction is the workspace's. False: this installation sends no mail, or the workspace wrote enough of them today.

    None goes out where no public URL is set: the link would then be of whatever host the caller names (`Host`), so that an admin of any
    workspace could mail links to a site of theirs in this installation's name.
    """
    if not gateway.settings.smtp_from or not gateway.settings.public_url or await store.count_today(tx) >= MOST_A_DAY:
        return False
    sealed = gateway.keyring.seal(mail.as_bytes(), context=mail_context(workspace_id, mail_id))
    await store.add_mail(tx, mail_id=mail_id, workspace_id=workspace_id, kind=kind, sealed=sealed, expires_at=expires_at)
    return True
