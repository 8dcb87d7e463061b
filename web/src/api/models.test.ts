import { afterEach, expect, it } from "vitest";
import { standing } from "./client";
import { type Model, keepUsualModel, usualOf } from "./models";

const model = (id: string, capabilities?: string[]): Model => ({ id, provider: "ollama", display_name: "", ...(capabilities ? { capabilities } : {}) });

it("offers the first model that answers chats", () => {
  expect(usualOf([model("a/embed", ["embeddings"]), model("b/chat", ["tools"]), model("c/chat", ["chat"])])).toBe("b/chat");
  expect(usualOf([model("a/both", ["embedding", "chat"]), model("b/chat", ["chat"])])).toBe("a/both");
  expect(usualOf([model("a/untold"), model("b/chat", ["chat"])])).toBe("a/untold");
});

it("offers what there is where none does", () => {
  expect([usualOf([model("a/embed", ["embeddings"])]), usualOf([])]).toEqual(["a/embed", null]);
});

afterEach(() => {
  standing.workspaceId = null;
  localStorage.clear();
});

it("offers what was chosen last in this workspace, as long as it is there", () => {
  const models = [model("a/chat"), model("b/chat"), model("c/chat")];
  standing.workspaceId = "one";
  keepUsualModel("c/chat");
  keepUsualModel("b/chat");
  standing.workspaceId = "two";
  expect(usualOf(models)).toBe("a/chat");
  keepUsualModel("c/chat");
  standing.workspaceId = "one";
  expect([usualOf(models), usualOf(models.slice(2))]).toEqual(["b/chat", "c/chat"]);
  localStorage.setItem("burnish.usual-models", "{");
  expect(usualOf(models)).toBe("a/chat");
});
