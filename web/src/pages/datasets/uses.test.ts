import { expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { usesOf } from "./uses";

const refused = (status: number, details: Record<string, unknown>) => new ApiError(status, { message: "It is used.", details } as never);

it("says of a refusal what uses the dataset, and where that is", () => {
  const ids = ["0199a-1-aaaaaaaa", "0199a-2-bbbbbbbb"];
  const uses = usesOf(refused(409, { used_by: [{ kind: "test_run", count: 12, first: ids }, { kind: "optimization", count: 1, first: ["x"] }, { kind: "alert_rule", count: 1, first: ["tickets"] }] }));
  expect(uses?.map((one) => [one.words, one.more, one.isMeasured])).toEqual([["12 test runs", 10, true], ["1 search", 0, true], ["1 alert rule", 0, false]]);
  expect(uses?.[0]?.links).toEqual([{ to: `/test-runs/${ids[0]}`, label: "…aaaaaaaa" }, { to: `/test-runs/${ids[1]}`, label: "…bbbbbbbb" }]);
  expect(uses?.[2]?.links).toEqual([{ to: "/alerts/rules", label: "tickets" }]);
});

it("shows what a newer gateway names too", () => {
  expect(usesOf(refused(409, { used_by: [{ kind: "night_watch", count: 2, first: ["a"] }] }))).toEqual([{ words: "2 night watchs", links: [], more: 2, isMeasured: true }]);
});

it("leaves other errors to the form", () => {
  for (const error of [null, refused(409, {}), refused(404, { used_by: [] }), refused(0, {})]) expect(usesOf(error)).toBeNull();
});
