"""What the gateway, which writes mails with a link for one person, and the webhooks service, which sends them, must agree on."""

import json
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

MailKind = Literal["invitation", "password_reset", "password_changed"]


@dataclass(frozen=True, slots=True)
class LinkMail:
    """To whom, and the link. It is stored sealed: whoever has the link is let in."""

    recipient: str
    url: str

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "LinkMail":
        return cls(**json.loads(text))


def mail_context(workspace_id: UUID, mail_id: UUID) -> str:
    """What a mail is bound to when it is sealed."""
    return f"mail|{workspace_id}|{mail_id}"
