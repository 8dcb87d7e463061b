import { expect, it } from "vitest";
import { type Model, usualOf } from "./models";

const model = (id: string, capabilities?: string[]): Model => ({ id, provider: "ollama", display_name: "", ...(capabilities ? { capabilities } : {}) });

it("offers the first model that answers chats", () => {
  expect(usualOf([model("a/embed", ["embeddings"]), model("b/chat", ["tools"]), model("c/chat", ["chat"])])).toBe("b/chat");
  expect(usualOf([model("a/both", ["embedding", "chat"]), model("b/chat", ["chat"])])).toBe("a/both");
  expect(usualOf([model("a/untold"), model("b/chat", ["chat"])])).toBe("a/untold");
});

it("offers what there is where none does", () => {
  expect([usualOf([model("a/embed", ["embeddings"])]), usualOf([])]).toEqual(["a/embed", null]);
});
