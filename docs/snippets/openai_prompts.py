import os

from openai import OpenAI

client = OpenAI(base_url=os.environ["BURNISH_BASE_URL"] + "/v1", api_key=os.environ["BURNISH_API_KEY"])

answer = client.responses.create(
    prompt={
        "id": "refund-letter",  # was pmpt_68a1
        "version": "3",
        "variables": {"company": "Acme", "amount": "10 dollars", "customer": "Ada"},
    },
)
print(answer.output_text)
