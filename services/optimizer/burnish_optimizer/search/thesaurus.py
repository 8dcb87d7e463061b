"""Words of instructions that may stand for each other. Our own list; a tenant's groups come before it."""

from typing import Final

_LINES: Final = """
answer reply respond
choose pick select
classify sort categorize
message text request
category label class
exact precise
short brief concise
list enumerate
explain describe
write compose
check verify
use apply
avoid skip
include contain
mention name
give provide
keep retain
consider regard
important essential
correct right
wrong incorrect
customer client user
problem issue
question query
summary abstract
summarize condense
example instance
rule guideline
must should
if when
each every
only just
before prior
after following
best most
clear plain
begin start
end finish
show display
find identify
return output
decide determine
about regarding
complete full
detail particular
tone style
polite courteous
simple easy
"""

GROUPS: Final[tuple[tuple[str, ...], ...]] = tuple(tuple(line.split()) for line in _LINES.strip().splitlines())
