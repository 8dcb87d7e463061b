import { describe, expect, it } from "vitest";
import { settingsOf, slugOf, textsOf, wordsOf } from "./model";

describe("an entry of the library", () => {
  it("shows each message as its text, and never loses what is none", () => {
    const parts = [{ type: "text", text: "a" }];
    expect(textsOf({ messages: [{ role: "system", content: "Be kind." }, { role: "user", content: parts }, { role: "placeholder", name: "history" }] })).toEqual([
      { role: "system", text: "Be kind." },
      { role: "user", text: JSON.stringify(parts, null, 2) },
      { role: "placeholder", text: "(messages of the call: history)" },
    ]);
  });
  it("names the settings that were given, and no others", () => {
    expect(settingsOf({ messages: [], model: "a", temperature: 0, top_p: null, stop: [], response_format: { type: "json" } })).toEqual([["temperature", "0"], ["response format", '{"type":"json"}']]);
  });
  it("has categories once each", () => {
    expect(wordsOf("a, b c,,a")).toEqual(["a", "b c"]);
  });
  it("is cloned to a name that a prompt may have", () => {
    expect(["Support Router!", " --x--", "Ünï"].map(slugOf)).toEqual(["support-router", "x", "n"]);
  });
});
