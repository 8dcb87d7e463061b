import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import { Queries, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { RuleForm } from "./RuleForm";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));
beforeAll(preloadFloats);

const RULE = { name: "long ones", when: "input_tokens > 8000", use: { model: "auto" } };

it.each([
  ["rules[1].name", "rules[1].name: may not be empty", "May not be empty"],
  ["rules[1].use.model", "rules[1].use.model: must be a text", "rules[1].use.model: must be a text"],
  ["rules[1]", "rules[1]: when: 'tokens' is no word", "when: 'tokens' is no word"],
  ["rules[1]", "The condition can never hold.", "The condition can never hold."],
])("says what is wrong with %s once, where it is wrong", async (param, message, words) => {
  slowApi({ "GET /v1/models": { data: [] } });
  render(
    <Queries>
      <RuleForm rule={RULE as never} at={1} prompt={null} onClose={() => undefined} save={() => Promise.reject(new ApiError(422, { message, param }))} />
    </Queries>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Save the rule" }));
  await screen.findByText(words);
  expect(screen.getAllByRole("alert").map((one) => one.textContent)).toEqual([words]);
});
