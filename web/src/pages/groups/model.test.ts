import { expect, it } from "vitest";
import { groupName, liking, slugOf } from "./model";

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
