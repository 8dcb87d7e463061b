import { expect, it } from "vitest";
import { madeAt } from "./made-at";
import { textOf } from "./types";

it("shows an imported run at its own time", () => {
  const at = { created_at: "2026-11-27T15:30:18Z", finished_at: "2026-11-20T12:00:00Z" };
  expect(madeAt({ lane: "imported", ...at })).toBe(at.finished_at);
  expect(madeAt({ lane: "interactive", ...at })).toBe(at.created_at);
});

it("names a file that was sent, as it has no text", () => {
  const file = { filename: "bill.pdf", file_data: "data:application/pdf;base64,JVBERi0=" };
  const content = [{ type: "text", text: "Read." }, { type: "file", file }, { type: "file", file: { file_url: "https://example.com/a.pdf" } }, { type: "file", file: {} }];
  expect(textOf({ role: "user", content })).toBe("Read.\n[file bill.pdf]\n[file https://example.com/a.pdf]\n[file]");
});
