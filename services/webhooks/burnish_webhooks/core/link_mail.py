"""A mail with a link for one person: an invitation, a link that sets a new password, or word that it was changed. Pure.

The name of a workspace is anybody's words: none of it becomes a link or another line."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from burnish_shared.auth.emails import mail_address
from burnish_shared.contracts.mails import LinkMail, MailKind
from burnish_webhooks.core.notice import in_one_line, unlinked


def link_mail(
    kind: MailKind, mail: LinkMail, *, workspace: str, sender: str, written_at: datetime, ends_at: datetime, message_id: str, domain: str
) -> EmailMessage:
    """`message_id` is the same in each attempt, so that a mail that was sent twice can be seen as one."""
    subject, lines = words_of(
        kind, workspace=unlinked(in_one_line(workspace)), invited_by=in_one_line(mail.invited_by), written_at=written_at, ends_at=ends_at
    )
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail_address(mail.recipient)
    message["Subject"] = subject[:200]
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join([lines[0], mail.url, *lines[1:]]) + "\n")
    link = f'<p><a href="{escape(mail.url)}">{escape(mail.url)}</a></p>'
    rest = "".join(f"<p>{escape(one)}</p>" for one in lines[1:])
    message.add_alternative(
        f'<!doctype html><html><body style="font-family:sans-serif"><p>{escape(lines[0])}</p>{link}{rest}</body></html>', subtype="html"
    )
    return message


def words_of(
    kind: MailKind, *, workspace: str, written_at: datetime, ends_at: datetime, invited_by: str = ""
) -> tuple[str, list[str]]:  # fmt: skip
    """Subject, and the paragraphs, of which the link follows the first. `invited_by`: an e-mail; empty where no person invites."""
    until = f"The link works once, until {ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    if kind == "invitation":
        return (
            f"You are invited to {workspace} on Burnish",
            [f"{f'{invited_by} invites you' if invited_by else 'You are invited'} to the workspace {workspace} on Burnish. Open this link "
             "to join:", until,
             "If you expect no such invitation, do nothing: without the link nobody joins."],
        )  # fmt: skip
    if kind == "password_changed":
        return (
            "Your password for Burnish was changed",
            [f"The password of your account at Burnish was changed on {written_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, and what was signed "
             "in elsewhere no longer is. You sign in here:",
             f"If that was you, there is nothing to do. If it was not, tell an admin of the workspace {workspace} at once: they make a "
             "link by which you set a new one."],
        )  # fmt: skip
    return (
        "Set a new password for Burnish",
        [f"An admin of the workspace {workspace} made a link by which you set a new password for Burnish:", until,
         "All your sessions end when you use it. If you asked nobody for it, do nothing, and tell an admin: your password stays as it is."],
    )  # fmt: skip
