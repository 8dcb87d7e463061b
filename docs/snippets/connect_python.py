from burnish_client import Burnish

with Burnish() as burnish:  # BURNISH_BASE_URL, BURNISH_API_KEY
    answer = burnish.execute("connect-greeting", {"name": "Ada"}, user_id="user-1")
    print(answer["output"])
    burnish.feedback(answer["id"], thumb="up", user_id="user-1")

    # The text alone, for a model that you call yourself: served also while Burnish is away.
    prompt = burnish.prompt("connect-greeting", fallback="Greet {{name}}.")
    print(prompt.render({"name": "Ada"}))
