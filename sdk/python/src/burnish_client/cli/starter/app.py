"""Routes a support ticket. `python app.py "My parcel is late"`"""

import sys

from burnish_client import Burnish

FALLBACK = "Name the queue for this ticket, out of delivery, returns, billing and account: {{ticket}}"


def main() -> None:
    ticket = " ".join(sys.argv[1:]) or "Where is my parcel?"
    with Burnish() as burnish:  # BURNISH_BASE_URL and BURNISH_API_KEY
        answer = burnish.execute("tickets", {"ticket": ticket}, user_id="starter")
        print(answer["output"])
        # What people think of it goes back; from enough of it Burnish finds a better prompt.
        burnish.feedback(answer["id"], thumb="up", user_id="starter")
        # The prompt itself, also while Burnish is away: from memory, then the disk, then FALLBACK.
        prompt = burnish.prompt("tickets", fallback=FALLBACK)
        print(f"version {prompt.version} by {prompt.source}", file=sys.stderr)


if __name__ == "__main__":
    main()
