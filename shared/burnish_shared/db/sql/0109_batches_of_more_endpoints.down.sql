-- The release before knows two endpoints: batches of the others go on there, and tell their answers as executions.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
UPDATE batches SET endpoint = '/v1/executions' WHERE endpoint IN ('/v1/responses', '/v1/embeddings');
ALTER TABLE batches DROP CONSTRAINT batches_endpoint_check;
ALTER TABLE batches ADD CONSTRAINT batches_endpoint_check CHECK (endpoint IN ('/v1/executions', '/v1/chat/completions'));
RESET ROLE;
