import os

from langchain_openai import ChatOpenAI

from burnish_client import Burnish

model = ChatOpenAI(
    model="burnish::prompt::greeting",  # or any model's name
    base_url=os.environ["BURNISH_BASE_URL"] + "/v1",
    api_key=os.environ["BURNISH_API_KEY"],
    include_response_headers=True,  # they hold the id of the execution, also of streams
)
settings = {"extra_body": {"variables": {"name": "Ada"}, "session_id": "chat-17"}, "user": "user-1"}

answer = model.invoke([], **settings)  # what you give comes behind the prompt's own messages
print(answer.text)

streamed = None
for piece in model.stream([], **settings):
    print(piece.text, end="")
    streamed = piece if streamed is None else streamed + piece

with Burnish() as burnish:
    for one in (answer, streamed):
        burnish.feedback(one.response_metadata["headers"]["x-execution-id"], thumb="up", user_id="user-1")
