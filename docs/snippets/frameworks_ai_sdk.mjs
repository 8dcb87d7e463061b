import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import { Burnish } from "@burnish/client";

const provider = createOpenAI({ baseURL: process.env.BURNISH_BASE_URL + "/v1", apiKey: process.env.BURNISH_API_KEY });
const asked = {
  model: provider("burnish::prompt::greeting"), // or any model's name; provider.chat(…) for chat completions
  messages: [{ role: "user", content: "Be brief." }], // comes behind the prompt's own; it needs one
  providerOptions: { openai: { user: "user-1", metadata: { variables: JSON.stringify({ name: "Ada" }), session_id: "chat-17" } } },
};

const { text, response } = await generateText(asked);
console.log(text);

const pieces = streamText(asked);
for await (const piece of pieces.textStream) process.stdout.write(piece);

const burnish = new Burnish();
for (const { id } of [response, await pieces.response]) await burnish.feedback(id, { thumb: "up", user_id: "user-1" });
