# --8<-- [start:look]
curl -s "$URL/v1/import?format=langfuse&model=simulated/chat&dry_run=true" -H "Authorization: Bearer $KEY" --data-binary @langfuse.json
# --8<-- [end:look]

# --8<-- [start:take]
curl -s "$URL/v1/import?format=langfuse&model=simulated/chat" -H "Authorization: Bearer $KEY" --data-binary @langfuse.json
# --8<-- [end:take]

# --8<-- [start:models]
curl -s $URL/v1/models -H "Authorization: Bearer $KEY" -d '{"model": "gpt-4o-mini", "provider": "openai"}'
curl -s $URL/v1/provider-keys -H "Authorization: Bearer $KEY" -d '{"provider": "openai", "name": "ours", "key": "'${OPENAI_API_KEY:-sk-example}'"}'
# --8<-- [end:models]

# --8<-- [start:check]
curl -s $URL/v1/prompts/support-answer/render -H "Authorization: Bearer $KEY" -d '{
  "variables": {"language": "English", "question": "Where is my parcel?"}}'
# --8<-- [end:check]
