import { expect, it } from "vitest";
import { bodyOf, nameOf, progressOf } from "./job";

const draft = { source: "document", from: "text", text: "Parcels take three days.", url: "", name: " ", user: "" } as const;

it("sends a text as it stands, a chat as messages, an address alone", () => {
  expect(bodyOf(draft)).toEqual({ source_type: "document", metadata: {}, content: "Parcels take three days." });
  expect(bodyOf({ ...draft, text: ' {"messages": [{"role": "user", "content": "Hi"}]}', name: "chat-1", user: "ada" })).toEqual({ source_type: "document", metadata: {}, external_id: "chat-1", user_id: "ada", content: { messages: [{ role: "user", content: "Hi" }] } });
  expect(bodyOf({ ...draft, text: '{"a": 1}' }).content).toBe('{"a": 1}');
  expect(bodyOf({ ...draft, text: "{{half" }).content).toBe("{{half");
  expect(bodyOf({ ...draft, from: "url", url: " https://example.com/a " })).toEqual({ source_type: "document", metadata: {}, url: "https://example.com/a" });
});

it("names a job by what somebody knows it by, and tells parts only where there are several", () => {
  const job = { external_id: null, url: null, session_id: null, source_type: "youtube", id: "0a-123456" };
  expect(nameOf(job)).toBe("Video transcript …123456");
  expect(nameOf({ ...job, external_id: "mine", url: "https://x" })).toBe("mine");
  expect(progressOf({ processing_status: "processing", progress: { done: 2, parts: 5 } })).toBe("2 of 5 parts");
  expect(progressOf({ processing_status: "processing", progress: { done: 0, parts: 1 } })).toBeNull();
  expect(progressOf({ processing_status: "completed", progress: { done: 5, parts: 5 } })).toBeNull();
});
