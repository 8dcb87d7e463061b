"""E-mail addresses as they are stored and compared. Pure."""

import re
import unicodedata

EMAIL_MOST = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets holds an address of 254."""

EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\ud800-\udfff]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f\ud800-\udfff]{1,253}")
"""One `@`, nothing that a header or a shell would stumble over, no half of a character.

Whether it reaches somebody, only a message could tell.
"""


def fold_email(text: str) -> str | None:
    """The e-mail as it is stored and compared: composed, without space around, in lower case. None when it is none.

    The part before the `@` may differ by case in theory (RFC 5321, 2.4); nobody's does, and two accounts for one mailbox would deceive.
    """
    folded = unicodedata.normalize("NFC", text.strip()).lower()
    return folded if len(folded) <= EMAIL_MOST and EMAIL.fullmatch(folded) else None
