"""A process that claims and delivers once, to be killed at a step: `python -m tests.integration.webhooks.one_round DSN`."""

import asyncio
import os
import sys

from burnish_shared import failpoints
from burnish_shared.auth.keyring import Keyring
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_webhooks.deliver import deliver
from burnish_webhooks.dice import SystemDice
from burnish_webhooks.dispatch_due import Dispatcher, Limits
from burnish_webhooks.io.sender import HttpSender
from burnish_webhooks.replay_range import replay_ranges

KEK = bytes(range(32))


async def main(dsn: str) -> None:
    """Runs until it is killed by a failpoint, or for ever."""
    failpoints.configure(os.environ["BURNISH_FP"])
    db = await Database.open(dsn, application_name="test-one-round", max_size=4)
    async with HttpSender(Egress(EgressPolicy.parse("127.0.0.0/8")), total_timeout_s=20, connect_timeout_s=20) as http:
        dice = SystemDice()
        dispatcher = Dispatcher(
            db,
            lambda claim: deliver(claim, db=db, http=http, dice=dice, keyring=Keyring(KEK), factor=0.001),
            limits=Limits(batch=1, per_process=1, interval_s=0.05, lease_s=3),
        )
        await asyncio.gather(dispatcher.run(asyncio.Event()), replay_ranges(db=db, limit=20))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
