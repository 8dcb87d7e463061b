"""The one way to URLs that a tenant chose: parse once, resolve, check every address, dial the checked one, look again.

Used for webhooks and for model providers' base URLs. A private network can be reached only where the operator named it in
`BURNISH_EGRESS_ALLOW`, never by a tenant's wish (PROMISES 5.1, W-08).
"""

from burnish_shared.egress.addresses import EgressPolicy, Verdict
from burnish_shared.egress.dialing import Egress
from burnish_shared.egress.resolving import Resolver, SystemResolver, look_up_for
from burnish_shared.egress.target import EgressRefused, Target, address_of, parse_target, same_place

__all__ = [
    "Egress", "EgressPolicy", "EgressRefused", "Resolver", "SystemResolver", "Target", "Verdict",
    "address_of", "look_up_for", "parse_target", "same_place",
]  # fmt: skip
