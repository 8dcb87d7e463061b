# --8<-- [start:given]
curl -s $URL/v1/prompts -H "Authorization: Bearer $KEY" -d '{
  "slug": "connect-greeting", "model": "simulated/chat",
  "messages": [{"role": "user", "content": "Greet {{name}}."}]}'
# --8<-- [end:given]

# --8<-- [start:http]
curl -s $URL/v1/executions -H "Authorization: Bearer $KEY" -H "Idempotency-Key: order-17-greeting" -d '{
  "prompt": "connect-greeting", "variables": {"name": "Ada"},
  "user_id": "user-1", "session_id": "chat-17", "app": "shop"}'
# --8<-- [end:http]

# --8<-- [start:key]
curl -s $URL/v1/api-keys -H "Authorization: Bearer $KEY" -d '{
  "name": "shop", "role": "editor", "scopes": ["executions:write", "feedback:write", "prompts:read"]}'
# --8<-- [end:key]
