import os

from openai import OpenAI

client = OpenAI(base_url=os.environ["BURNISH_BASE_URL"] + "/v1", api_key=os.environ["BURNISH_API_KEY"])

answer = client.chat.completions.create(
    model="burnish::prompt::connect-greeting",  # or any model's name
    messages=[],  # what you give comes behind the prompt's own
    user="user-1",
    extra_body={"variables": {"name": "Ada"}},
)
print(answer.choices[0].message.content)
print(answer.id)  # of the execution: feedback names it
