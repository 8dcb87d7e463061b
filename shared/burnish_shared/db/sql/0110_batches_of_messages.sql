-- Batches ask /v1/messages too.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
ALTER TABLE batches DROP CONSTRAINT batches_endpoint_check;
ALTER TABLE batches ADD CONSTRAINT batches_endpoint_check
  CHECK (endpoint IN ('/v1/executions', '/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages'));
RESET ROLE;
