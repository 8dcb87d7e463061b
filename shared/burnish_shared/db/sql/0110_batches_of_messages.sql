-- Batches ask /v1/messages too. `stopped`: of the failed, those whose call was stopped on its way; kept when retention takes the lines.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
ALTER TABLE batches DROP CONSTRAINT batches_endpoint_check;
ALTER TABLE batches ADD CONSTRAINT batches_endpoint_check
  CHECK (endpoint IN ('/v1/executions', '/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages'));
ALTER TABLE batches ADD COLUMN stopped integer NOT NULL DEFAULT 0 CHECK (stopped BETWEEN 0 AND total);
RESET ROLE;
