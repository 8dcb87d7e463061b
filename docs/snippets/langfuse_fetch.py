"""Writes all prompts of a Langfuse project into langfuse.json. LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY say which."""

import base64
import json
import os
import urllib.parse
import urllib.request

ADDRESS = os.environ.get("LANGFUSE_BASE_URL", "https://cloud.langfuse.com") + "/api/public/v2/prompts"
LOGIN = base64.b64encode(f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}".encode()).decode()


def read(path: str, **query: object) -> dict:
    asked = urllib.request.Request(f"{ADDRESS}{path}?{urllib.parse.urlencode(query)}", headers={"Authorization": f"Basic {LOGIN}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


found, page, pages = [], 1, 1
while page <= pages:
    listed = read("", page=page, limit=50)
    pages = listed["meta"]["totalPages"]
    for prompt in listed["data"]:
        name = "/" + urllib.parse.quote(prompt["name"], safe="")
        found += [read(name, version=version) for version in sorted(prompt["versions"])]
    page += 1

with open("langfuse.json", "w") as file:
    json.dump(found, file, indent=1)
print(f"{len(found)} versions are in langfuse.json.")
