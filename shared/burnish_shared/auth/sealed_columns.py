"""Every column that holds sealed secrets, in one place: a rotation of the key-encryption key visits them all.

A test finds any column of the database that looks sealed and is not here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_shared.auth.installation import CHECK_CONTEXT, secret_context
from burnish_shared.contracts import webhooks
from burnish_shared.contracts.alert_channels import channel_context
from burnish_shared.contracts.mails import mail_context
from burnish_shared.contracts.provider_keys import KeyPlace


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """`keys` are the columns of the primary key; `context` says, of a row with `keys` and `others`, what its secret is bound to."""

    table: str
    column: str
    keys: tuple[str, ...]
    context: Callable[[Mapping[str, Any]], str]
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


def answer_context(workspace_id: UUID, *, route: str, key: str) -> str:
    """What the stored answer of a request with an Idempotency-Key is bound to."""
    return f"{workspace_id}|{route}|{key}|idempotent-answer"


def inbound_secret_context(workspace_id: UUID, endpoint_id: UUID) -> str:
    """What the secret of another system's webhooks is bound to."""
    return f"inbound_secret|{workspace_id}|{endpoint_id}"


def _inbound(row: Mapping[str, Any]) -> str:
    return inbound_secret_context(row["workspace_id"], row["endpoint_id"])


def _endpoint(row: Mapping[str, Any]) -> str:
    return webhooks.secret_context(row["workspace_id"], row["endpoint_id"])


def _headers(row: Mapping[str, Any]) -> str:
    return webhooks.headers_context(row["workspace_id"], row["endpoint_id"])


def _signing_key(row: Mapping[str, Any]) -> str:
    return webhooks.signing_key_context(row["workspace_id"], row["endpoint_id"])


def _alert_channel(row: Mapping[str, Any]) -> str:
    return channel_context(row["workspace_id"], row["channel_id"])


def _mail(row: Mapping[str, Any]) -> str:
    return mail_context(row["workspace_id"], row["mail_id"])


def _provider_key(row: Mapping[str, Any]) -> str:
    return KeyPlace(row["workspace_id"], row["provider_key_id"], row["secret_version"]).context


def _answer(row: Mapping[str, Any]) -> str:
    return answer_context(row["workspace_id"], route=row["route"], key=row["key"])


SEALED_COLUMNS: Final = (
    SealedColumn("provider_keys", "sealed", ("provider_key_id",), _provider_key, others=("workspace_id", "secret_version")),
    SealedColumn("webhook_endpoints", "secret_sealed", ("endpoint_id",), _endpoint, others=("workspace_id",)),
    SealedColumn("webhook_endpoints", "previous_secret_sealed", ("endpoint_id",), _endpoint, others=("workspace_id",)),
    SealedColumn("webhook_endpoints", "headers_sealed", ("endpoint_id",), _headers, others=("workspace_id",)),
    SealedColumn("webhook_endpoints", "signing_key_sealed", ("endpoint_id",), _signing_key, others=("workspace_id",)),
    SealedColumn("webhook_endpoints", "previous_signing_key_sealed", ("endpoint_id",), _signing_key, others=("workspace_id",)),
    SealedColumn("alert_channels", "secret_sealed", ("channel_id",), _alert_channel, others=("workspace_id",)),
    SealedColumn("mails", "sealed", ("mail_id",), _mail, others=("workspace_id",)),
    SealedColumn("inbound_endpoints", "secret_sealed", ("endpoint_id",), _inbound, others=("workspace_id",)),
    SealedColumn("inbound_endpoints", "previous_secret_sealed", ("endpoint_id",), _inbound, others=("workspace_id",)),
    SealedColumn("idempotency_keys", "body", ("workspace_id", "route", "key"), _answer),
    SealedColumn("installation_secrets", "sealed", ("name",), lambda row: secret_context(row["name"])),
)

CHECK_COLUMN: Final = SealedColumn("kek_check", "sealed", ("one",), lambda _: CHECK_CONTEXT)
"""Re-wrapped when all others are: until then no service starts that has lost the old key."""
