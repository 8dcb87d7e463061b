-- A batch says what its lines wait for at a provider: a limit, or money in the account there.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

-- [{reason, model, until}], until in seconds of the Unix clock. Written by the optimizer that has the batch; said of one under way only.
ALTER TABLE batches ADD COLUMN waiting_for jsonb NOT NULL DEFAULT '[]';

RESET ROLE;
SET LOCAL search_path = public;
