import { expect, it } from "vitest";
import { callWords, groupName, liking, slugOf } from "./model";

it("offers a slug where the caller named the group", () => {
  expect(["bakery-desk", "Bakery Desk!", "~4f00aa", "--x"].map(slugOf)).toEqual(["bakery-desk", "bakery-desk", "", "x"]);
  expect(groupName({ group_key: "~4f00aa1122" })).toBe("Same instructions, ~4f00aa11");
});

it("says how it is liked, and of how many", () => {
  const none = { thumbs_up: 0, thumbs_down: 0, scores: 0, mean_score: null };
  expect(liking({ feedback: none })).toBeNull();
  expect(liking({ feedback: { ...none, thumbs_up: 3, thumbs_down: 1 } })).toEqual({ share: 0.75, samples: 4 });
  expect(liking({ feedback: { ...none, scores: 2, mean_score: 0.5 } })).toEqual({ share: 0.5, samples: 2 });
});

it("says of one call that it succeeded, of many how many did", () => {
  const words = (executions: number, successes: number) => callWords({ executions, successes });
  expect([words(1, 1), words(1, 0), words(4, 4), words(4, 3), words(4, 0)]).toEqual(["1, which succeeded", "1, which did not succeed", "4, all of them succeeded", "4, 3 of them succeeded", "4, none of them succeeded"]);
});
