# --8<-- [start:take]
curl -s "$URL/v1/import?format=litellm&dry_run=true" -H "Authorization: Bearer $KEY" --data-binary @litellm_config.yaml
curl -s "$URL/v1/import?format=litellm" -H "Authorization: Bearer $KEY" --data-binary @litellm_config.yaml
# --8<-- [end:take]

# --8<-- [start:key]
curl -s $URL/v1/provider-keys -H "Authorization: Bearer $KEY" -d '{"provider": "openai", "name": "ours", "key": "'${OPENAI_API_KEY:-sk-example}'"}'
# --8<-- [end:key]

# --8<-- [start:look]
curl -s $URL/v1/models/chat -H "Authorization: Bearer $KEY"
curl -s $URL/v1/routing/explain -H "Authorization: Bearer $KEY" -d '{"model": "chat", "messages": [{"role": "user", "content": "Hello."}]}'
# --8<-- [end:look]
