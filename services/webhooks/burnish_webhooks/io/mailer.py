"""E-mail through the installation's own SMTP server, by the standard library in a thread, bounded in time."""

import asyncio
import copy
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from burnish_shared.auth.emails import fold_new_email
from burnish_shared.refusal import StartRefused
from burnish_webhooks.core.partly_mailed import SOME_REFUSED, Mailed, NotMailed

TIMEOUT_S: Final = 15.0
"""Of each step of the dialogue. The whole may take a few of them; the lease of a notice is longer."""

WHOLE_TIMEOUT_S: Final = 45.0
DETAIL_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. `smtps` speaks TLS at once; `smtp` changes to it where the server offers that."""

    scheme: Literal["smtp", "smtps"]
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """From `smtp(s)://user:password@host:port`, user and password percent-encoded where they need to be. Raises StartRefused."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise StartRefused("BURNISH_SMTP_URL is no URL.") from error
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise StartRefused("BURNISH_SMTP_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465.")
        scheme: Literal["smtp", "smtps"] = "smtps" if parts.scheme == "smtps" else "smtp"
        return cls(
            scheme,
            parts.hostname,
            port or (465 if scheme == "smtps" else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    @property
    def is_local(self) -> bool:
        return self.host in ("localhost", "127.0.0.1", "::1")


def sender_of(text: str) -> str:
    """What BURNISH_SMTP_FROM says, '' where it says nothing. Raises StartRefused for what no mail could come from."""
    sender, mail = text.strip(), EmailMessage()
    if not sender:
        return ""
    try:
        mail["From"] = sender
        addresses = mail["From"].addresses
    except (ValueError, LookupError, AttributeError, TypeError):  # the standard library stumbles over some that are none, as "<"
        addresses = ()
    if len(addresses) != 1 or fold_new_email(addresses[0].addr_spec) is None:
        raise StartRefused("BURNISH_SMTP_FROM must be one address, such as `Burnish <alerts@example.com>`.")
    return sender


class Mailer:
    """Sends through one server. Never raises for what the server does."""

    def __init__(self, server: SmtpServer | None, *, sender: str) -> None:
        self._server = server
        self.sender = sender

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2].strip("> ") or "burnish.invalid"

    async def send(self, mail: EmailMessage) -> Mailed | NotMailed:
        """One attempt."""
        if self._server is None or not self.sender:
            return NotMailed("smtp_not_configured", "This installation has no BURNISH_SMTP_URL and BURNISH_SMTP_FROM.", lasting=True)
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_S):
                return await asyncio.to_thread(_send, self._server, mail)
        except TimeoutError:
            return NotMailed("timeout")


def _send(server: SmtpServer, mail: EmailMessage) -> Mailed | NotMailed:
    try:
        with _connected(server) as smtp:
            if server.user:
                if not server.is_local and not isinstance(smtp.sock, ssl.SSLSocket):
                    return NotMailed("smtp_without_tls", "The server offers no TLS, so the password was not sent.", lasting=True)
                smtp.login(server.user, server.password)
            return _hand_in(smtp, mail)
    except UnicodeError:
        return NotMailed("smtp_login_refused", "User and password of BURNISH_SMTP_URL must be ASCII.", lasting=True)
    except smtplib.SMTPAuthenticationError as error:
        return NotMailed("smtp_login_refused", _said(error.smtp_error))
    except smtplib.SMTPResponseException as error:
        return NotMailed(f"smtp_{error.smtp_code}", _said(error.smtp_error), lasting=error.smtp_code >= 500)
    except smtplib.SMTPNotSupportedError as error:
        return NotMailed("smtp_not_supported", _said(str(error)), lasting=True)
    except TimeoutError:
        return NotMailed("timeout")
    except ssl.SSLError:
        return NotMailed("tls_failed")
    except (smtplib.SMTPException, OSError):
        return NotMailed("connect_failed")


def _hand_in(smtp: smtplib.SMTP, mail: EmailMessage) -> Mailed | NotMailed:
    """Addresses with letters beyond ASCII before the `@` go to servers that say SMTPUTF8 (RFC 6531) alone: others hear of the rest."""
    smtp.ehlo_or_helo_if_needed()
    everybody = [one.addr_spec for one in mail["To"].addresses]
    told = everybody if smtp.has_extn("smtputf8") else [one for one in everybody if one.isascii()]
    if not told:
        return NotMailed("smtp_without_smtputf8", "The mail server takes no addresses with letters beyond ASCII.", lasting=True)
    if told != everybody:
        mail = copy.deepcopy(mail)  # a shallow one has the same headers
        mail.replace_header("To", ", ".join(told))
    untold = {one: "The mail server takes no letters beyond ASCII." for one in everybody if one not in told}
    try:
        return Mailed(untold | _refused(smtp.send_message(mail)))
    except smtplib.SMTPRecipientsRefused as error:  # all of them, or so far: after 421 there is no more
        refused = untold | _refused(error.recipients)
        return NotMailed(SOME_REFUSED, lasting=None not in refused.values(), refused=refused)


def _refused(answers: Mapping[str, tuple[int, bytes]]) -> dict[str, str | None]:
    return {address: f"{code} {_said(said)}".strip() if code >= 500 else None for address, (code, said) in answers.items()}


def _connected(server: SmtpServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
        smtp.ehlo()
    return smtp


def _said(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return text.replace("\x00", "\ufffd")[:DETAIL_MOST]
