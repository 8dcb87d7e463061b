import { expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { errorFor } from "@/kit";
import { ofSearch } from "./asked";

const refused = (param: string, says: string) => new ApiError(422, { message: `${param}: ${says}`, param });

it("tells a field of a search without the API's name of it, wherever the search stands in a body", () => {
  const error = refused("optimization.budget.evaluations", "must be at least 50");
  expect(errorFor(ofSearch(error, "optimization."), "budget.evaluations")).toBe("Must be at least 50");
  expect(errorFor(ofSearch(refused("start_optimization.search.seed", "must be a number"), "start_optimization.search."), "seed")).toBe("Must be a number");
  expect(errorFor(ofSearch(error, "optimization."), "budget")).toBe("budget.evaluations: must be at least 50");
});

it("leaves what is of no search, and sentences without a name, as they are", () => {
  const other = refused("cron", "is no cron line");
  expect(ofSearch(other, "optimization.")).toBe(other);
  const sentence = new ApiError(422, { message: "There is no model 'x'.", param: "search.models.task" });
  expect(errorFor(ofSearch(sentence, "search."), "models.task")).toBe("There is no model 'x'.");
});
