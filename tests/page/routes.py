"""Every page with its address. A new page is one line here: it is then pictured in both themes and at 360 px, and checked by
test_every_page.py (one h1, a title, axe in both themes, no error, no overflow at 320 px). `{…}`: ids of what the demo made (Site.ids).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """`name`: of its pictures. `role`: who looks (operator, admin, editor, viewer, nobody)."""

    name: str
    path: str
    role: str = "admin"


ROUTES = (
    Route("sign-in", "/app/login", role="nobody"),
    Route("prompts", "/app/prompts"),
)
