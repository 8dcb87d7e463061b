"""Fields of request bodies about people."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from burnish_gateway.wire import Text
from burnish_shared.auth.emails import fold_email, fold_new_email


def _plausible(text: str) -> str:
    if fold_new_email(text) is None:
        raise ValueError("must be an e-mail address, such as ada@example.com")
    return text


Email = Annotated[Text, Field(min_length=1, max_length=300)]
"""Anything that may be meant for an e-mail: who signs in with nonsense hears that it does not fit, as for any other."""

NewEmail = Annotated[Text, Field(min_length=3, max_length=300), AfterValidator(_plausible)]
"""An e-mail that will be stored."""

Password = Annotated[Text, Field(min_length=1, max_length=1000)]
"""Length and choice are checked where one is set."""

AnyRole = Literal["admin", "editor", "user", "viewer"]
"""`user` is another word for editor (PRODUCT, Words)."""


def folded(text: str) -> str | None:
    """The e-mail as it is compared; None when it is none."""
    return fold_email(text)


def role_named(role: str) -> str:
    """The role as it is stored."""
    return "editor" if role == "user" else role
