import os

from llama_index.llms.openai_like import OpenAILike

from burnish_client import Burnish

model = OpenAILike(
    model="burnish::prompt::greeting",  # or any model's name
    api_base=os.environ["BURNISH_BASE_URL"] + "/v1",
    api_key=os.environ["BURNISH_API_KEY"],
    is_chat_model=True,
    additional_kwargs={"extra_body": {"variables": {"name": "Ada"}, "session_id": "chat-17"}, "user": "user-1"},
)

answer = model.chat([])  # what you give comes behind the prompt's own messages
print(answer.message.content)

for piece in model.stream_chat([]):
    print(piece.delta, end="")

with Burnish() as burnish:
    for one in (answer, piece):
        burnish.feedback(one.raw.id, thumb="up", user_id="user-1")
