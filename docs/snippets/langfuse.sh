# --8<-- [start:look]
curl -s "$URL/v1/import?format=langfuse&model=simulated/chat&dry_run=true" -H "Authorization: Bearer $KEY" --data-binary @langfuse.json
# --8<-- [end:look]

# --8<-- [start:take]
curl -s "$URL/v1/import?format=langfuse&model=simulated/chat" -H "Authorization: Bearer $KEY" --data-binary @langfuse.json
# --8<-- [end:take]

# --8<-- [start:check]
curl -s $URL/v1/prompts/support-answer/render -H "Authorization: Bearer $KEY" -d '{
  "variables": {"language": "English", "question": "Where is my parcel?"}}'
# --8<-- [end:check]
