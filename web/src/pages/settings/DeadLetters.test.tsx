import { afterEach, expect, it, vi } from "vitest";
import { asking, slowApi } from "@/api/slow.fake";
import { replayedWords, sendAll } from "./DeadLetters";

afterEach(() => vi.restoreAllMocks());

it("counts over all hundreds what was sent again, and what still waits because it cannot be", async () => {
  const asked = slowApi();
  const seen: number[] = [];
  const all = sendAll("of_old", (sent) => seen.push(sent));
  const part = { lost: [], unsendable: [] };
  await (await asking(asked, "POST", "/v1/dead-letters/replay", 1)).answer({ ...part, replayed: 100, left: 20 });
  await (await asking(asked, "POST", "/v1/dead-letters/replay", 2)).answer({ ...part, replayed: 20, left: 0 });
  const counts = { data: [], waiting: [{ consumer: "another", letters: 9 }, { consumer: "of_old", letters: 3 }], next_cursor: null };
  await (await asking(asked, "GET", "/v1/dead-letters")).answer(counts);
  expect(await all).toEqual([120, 3]);
  expect(seen).toEqual([100, 120]);
  expect(replayedWords(120, 3)).toBe("120 messages sent again; 3 can only be discarded");
  expect(replayedWords(0, 3)).toBe("None can be sent again; they can only be discarded");
});
