"""E-mail addresses as they are stored and compared. Pure."""

import re
import unicodedata

from yarl import URL

EMAIL_MOST = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets holds an address of 254."""

LOCAL_MOST = 64
"""Octets before the `@` (RFC 5321, 4.5.3.1.1)."""

EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\ud800-\udfff]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f\ud800-\udfff]{1,253}")
"""One `@`, nothing that a header or a shell would stumble over, no half of a character.

Whether it reaches somebody, only a message could tell.
"""

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
LOCAL = re.compile(rf"{ATOM}(?:\.{ATOM})*")
"""Words joined by single dots (RFC 5322, 3.2.3, and RFC 6531, 3.3, for letters beyond ASCII)."""

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*")
LABEL_MOST = 63
"""Letters of one part of a host's name in the DNS (RFC 1035, 2.3.4)."""

UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Categories of characters that nobody sees, such as one that turns the direction of writing: two addresses would look alike."""


def fold_email(text: str) -> str | None:
    """The e-mail as it is stored and compared: composed, without space around, in lower case. None when it is none.

    The part before the `@` may differ by case in theory (RFC 5321, 2.4); nobody's does, and two accounts for one mailbox would deceive.
    """
    folded = unicodedata.normalize("NFC", text.strip()).lower()
    return folded if len(folded) <= EMAIL_MOST and EMAIL.fullmatch(folded) else None


def fold_new_email(text: str) -> str | None:
    """As `fold_email`, for one that is written down for the first time: None also for what no mail server takes.

    Older ones stay as they are, so whoever has one signs in with it.
    """
    folded = fold_email(text)
    return folded if folded is not None and _is_mailable(folded) else None


def mail_address(folded: str) -> str:
    """The address as mail is sent to it: a host with letters beyond ASCII by its name in the DNS. Raises ValueError where it has none."""
    local, _, host = folded.rpartition("@")
    return folded if host.isascii() else f"{local}@{URL.build(scheme='http', host=host).raw_host}"


def _is_mailable(folded: str) -> bool:
    """Pretended encodings (RFC 2047) are none: a mail program would read another address out of them."""
    if "=?" in folded or any(unicodedata.category(one) in UNSEEN for one in folded):
        return False
    try:
        local, _, host = mail_address(folded).rpartition("@")
    except ValueError:
        return False
    is_short = len(local.encode()) <= LOCAL_MOST and len(folded.encode()) <= EMAIL_MOST
    return is_short and bool(LOCAL.fullmatch(local) and HOST.fullmatch(host)) and all(len(one) <= LABEL_MOST for one in host.split("."))
