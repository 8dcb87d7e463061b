-- The release before knows no batches of messages: they go on there, and tell their answers as executions.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
UPDATE batches SET endpoint = '/v1/executions' WHERE endpoint = '/v1/messages';
ALTER TABLE batches DROP CONSTRAINT batches_endpoint_check;
ALTER TABLE batches ADD CONSTRAINT batches_endpoint_check
  CHECK (endpoint IN ('/v1/executions', '/v1/chat/completions', '/v1/responses', '/v1/embeddings'));
ALTER TABLE batches DROP COLUMN stopped;
RESET ROLE;
