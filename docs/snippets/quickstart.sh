# --8<-- [start:prompt]
curl -s $URL/v1/prompts -H "Authorization: Bearer $KEY" -d '{
  "slug": "quick-reply", "model": "simulated/chat",
  "messages": [{"role": "user", "content": "Answer this customer in {{tone = \"a friendly\"}} tone: {{message}}"}]}'
# --8<-- [end:prompt]

# --8<-- [start:run]
curl -s $URL/v1/executions -H "Authorization: Bearer $KEY" -d '{
  "prompt": "quick-reply", "variables": {"message": "Where is my parcel?"}, "user_id": "ann"}' | tee answer.json
# --8<-- [end:run]

# --8<-- [start:feedback]
ID=$(python3 -c 'import json; print(json.load(open("answer.json"))["id"])')

curl -s $URL/v1/feedback -H "Authorization: Bearer $KEY" -d '{
  "execution_id": "'$ID'", "thumb": "down", "comment": "too long", "user_id": "ann"}'
# --8<-- [end:feedback]

# --8<-- [start:version]
curl -s $URL/v1/prompts/quick-reply/versions -H "Authorization: Bearer $KEY" -d '{
  "base_version": 1, "message": "shorter",
  "messages": [{"role": "user", "content": "Answer this customer in two sentences, {{tone = \"a friendly\"}} tone: {{message}}"}]}'
# --8<-- [end:version]

# --8<-- [start:try]
curl -s $URL/v1/executions -H "Authorization: Bearer $KEY" -d '{
  "prompt": "quick-reply", "version": 2, "variables": {"message": "Where is my parcel?"}}'
# --8<-- [end:try]

# --8<-- [start:label]
curl -s -X PUT $URL/v1/prompts/quick-reply/labels/production -H "Authorization: Bearer $KEY" -d '{
  "version": 2, "reason": "people found the answers too long"}'
# --8<-- [end:label]

# --8<-- [start:figures]
curl -s "$URL/v1/analytics/summary?prompt=quick-reply" -H "Authorization: Bearer $KEY"
# --8<-- [end:figures]
