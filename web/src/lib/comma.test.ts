import { expect, it } from "vitest";
import { withPoints } from "./comma";

it.each([["0,5", "0.5"], [",", "."], ["12,75", "12.75"], ["0.5", "0.5"], ["1,000.50", "1000.50"], ["1,000,000", "1000000"], ["1,000", "1.000"]])("%s is written %s", (typed, written) => expect(withPoints(typed)).toBe(written));
