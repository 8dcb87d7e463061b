"""What the gateway, which writes mails with a link for one person, and the webhooks service, which sends them, must agree on."""

import json
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

MailKind = Literal["invitation", "password_reset", "password_changed"]


@dataclass(frozen=True, slots=True)
class LinkMail:
    """To whom, and the link. It is stored sealed: whoever has the link is let in. `invited_by`: the e-mail of who invites, empty where
    no person does."""

    recipient: str
    url: str
    invited_by: str = ""

    def as_bytes(self) -> bytes:
        return json.dumps({name: value for name, value in asdict(self).items() if value}).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "LinkMail":
        """What a newer release wrote beside is left out."""
        stored = json.loads(text)
        return cls(stored["recipient"], stored["url"], stored.get("invited_by", ""))


def mail_context(workspace_id: UUID, mail_id: UUID) -> str:
    """What a mail is bound to when it is sealed."""
    return f"mail|{workspace_id}|{mail_id}"
