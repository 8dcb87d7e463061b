# --8<-- [start:take]
curl -s "$URL/v1/import?format=openai&dry_run=true" -H "Authorization: Bearer $KEY" --data-binary @openai_prompts.json
curl -s "$URL/v1/import?format=openai" -H "Authorization: Bearer $KEY" --data-binary @openai_prompts.json
# --8<-- [end:take]

# --8<-- [start:label]
curl -s -X PUT $URL/v1/prompts/refund-letter/labels/production -H "Authorization: Bearer $KEY" -d '{"version": 2}'
# --8<-- [end:label]

# --8<-- [start:add]
curl -s $URL/v1/models -H "Authorization: Bearer $KEY" -d '{"model": "gpt-5-mini", "provider": "openai"}'
# --8<-- [end:add]

# --8<-- [start:model]
curl -s $URL/v1/prompts/refund-letter/versions -H "Authorization: Bearer $KEY" -d '{
  "base_version": 2, "model": "simulated/chat", "message": "try it without a key"}'
curl -s -X PUT $URL/v1/prompts/refund-letter/labels/staging -H "Authorization: Bearer $KEY" -d '{"version": 3}'
# --8<-- [end:model]
