# --8<-- [start:take]
burnish import tensorzero.toml --format tensorzero --dry-run
burnish import tensorzero.toml --format tensorzero || [ $? -eq 1 ]
# --8<-- [end:take]

# --8<-- [start:look]
curl -s "$URL/v1/prompts/triage?label=warm" -H "Authorization: Bearer $KEY"
curl -s $URL/v1/prompts/triage/render -H "Authorization: Bearer $KEY" \
  -d '{"variables": {"ticket": "My card was charged twice.", "queues": ["billing", "shipping"]}}'
curl -s "$URL/v1/experiments?prompt=triage" -H "Authorization: Bearer $KEY"
# --8<-- [end:look]

# --8<-- [start:metric]
curl -s -X PUT $URL/v1/metrics/solved -H "Authorization: Bearer $KEY" -d '{"type": "binary", "direction": "higher"}'
# --8<-- [end:metric]
