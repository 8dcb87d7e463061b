# --8<-- [start:take]
curl -s "$URL/v1/import?format=promptfoo&dry_run=true" -H "Authorization: Bearer $KEY" --data-binary @promptfooconfig.yaml
curl -s "$URL/v1/import?format=promptfoo" -H "Authorization: Bearer $KEY" --data-binary @promptfooconfig.yaml
# --8<-- [end:take]

# --8<-- [start:run]
DATASET=$(curl -s $URL/v1/datasets -H "Authorization: Bearer $KEY" |
  python3 -c 'import json, sys; print(next(one["id"] for one in json.load(sys.stdin)["data"] if one["name"] == "ticket-queue tests"))')

curl -s $URL/v1/test-runs -H "Authorization: Bearer $KEY" -d '{
  "prompt": "ticket-queue", "version": 1, "dataset_id": "'$DATASET'", "split": "train", "models": ["simulated/reader"]}' | tee run.json
# --8<-- [end:run]

# --8<-- [start:read]
RUN=$(python3 -c 'import json; print(json.load(open("run.json"))["id"])')

curl -s $URL/v1/test-runs/$RUN -H "Authorization: Bearer $KEY"
# --8<-- [end:read]
