"""What stands around the page's files: who may keep them how long, and what the page may do in a browser."""

from typing import Final

NOT_KEPT: Final = "no-store"
KEPT_FOR_GOOD: Final = "public, max-age=31536000, immutable"
"""A year, for names that change with the content."""

KEPT_AN_HOUR: Final = "public, max-age=3600, must-revalidate"

EVERYWHERE: Final = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}

DOCUMENT: Final = EVERYWHERE | {
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": NOT_KEPT,
    "vary": "Accept",
}
"""`no-store`: the document carries a nonce, which counts for one answer."""

STATIC_POLICY: Final = (
    "default-src 'none'; style-src 'none'; script-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of a document that runs nothing."""


def page_policy(nonce: str) -> str:
    """Own files and what carries the nonce; no inline text without it, nothing from elsewhere: what a model wrote can fetch no picture."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; object-src 'none'"
    )


def accepts_html(accept: str) -> bool:
    """Whether somebody looks with a browser. `*/*` is no browser: what asks so gets JSON, as everywhere."""
    return any(_name(one) in {"text/html", "application/xhtml+xml"} and _weight(one) > 0 for one in accept.lower().split(","))


def accepted_coding(accept_encoding: str, offered: tuple[str, ...]) -> str | None:
    """The first of `offered` that the client takes; None: send it as it is."""
    taken = {_name(one): _weight(one) for one in accept_encoding.lower().split(",") if one.strip()}
    return next((coding for coding in offered if taken.get(coding, taken.get("*", 0.0)) > 0), None)


def _name(item: str) -> str:
    return item.partition(";")[0].strip()


def _weight(item: str) -> float:
    """`q` of an item of such a list: 1 where it is missing, 0 where it is no number."""
    for parameter in item.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
