"""Notices as e-mail: plain text and HTML of the same, with headers that keep one alert in one thread. Pure.

Clients make links of bare addresses: only the last line, which is ours, may become one."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from burnish_shared.auth.emails import fold_new_email, mail_address
from burnish_webhooks.core.notice import Notice, in_one_line, unlinked


def mailable(recipients: Sequence[str]) -> list[str]:
    """Those that a mail server takes, as mail is sent to them; a channel of an older release may name others."""
    return [mail_address(one) for one in recipients if fold_new_email(one) is not None]


def mail_of(notice: Notice, *, sender: str, recipients: Sequence[str], message_id: str, domain: str) -> EmailMessage:
    """`message_id` is the same in each attempt, so that a mail that was sent twice can be seen as one."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = in_one_line(f"[{notice.workspace}] {notice.title}" if notice.workspace else notice.title)[:200]
    mail["Date"] = format_datetime(notice.occurred_at)
    mail["Message-ID"] = f"<{message_id}@{domain}>"
    if notice.alert_id is not None:
        thread = f"<alert-{notice.alert_id}@{domain}>"
        mail["References"] = thread
        mail["In-Reply-To"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text_of(notice))
    mail.add_alternative(html_of(notice), subtype="html")
    return mail


def text_of(notice: Notice) -> str:
    lines = [unlinked(notice.summary), "", *(f"{name}: {unlinked(value)}" for name, value in notice.facts())]
    if notice.link:
        lines += ["", notice.link]
    return "\n".join(lines) + "\n"


def html_of(notice: Notice) -> str:
    rows = "".join(
        f'<tr><td style="padding:2px 12px 2px 0;color:#666">{escape(name)}</td><td>{escape(unlinked(value))}</td></tr>'
        for name, value in notice.facts()
    )
    link = f'<p><a href="{escape(notice.link)}">{escape(notice.link_text)}</a></p>' if notice.link else ""
    return (
        f'<!doctype html><html><body style="font-family:sans-serif"><h2 style="font-size:18px">{escape(unlinked(notice.title))}</h2>'
        f"<p>{escape(unlinked(notice.summary))}</p><table>{rows}</table>{link}</body></html>"
    )
