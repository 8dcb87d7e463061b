SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION claim_batches(text, integer, integer), batches_wait(), release_batches(text), add_funding(uuid, bigint, bigint),
  withdraw(uuid[], uuid, text, text[]), cancel_queued(uuid, uuid), forget_batches(uuid, integer), erase_batches(uuid, integer);
DROP TABLE batch_lines, batches, files;

RESET ROLE;
SET LOCAL search_path = public;
