import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import WizardPage from "./WizardPage";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useParams: () => ({ session: "s" }) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true }), needs: () => "" }));
vi.mock("./Draft", () => ({ Draft: () => null }));

const question = (id: string, type: string) => ({ id, round: 1, text: `Asked in ${id}`, type, options: type === "text" ? [] : ["One", "Two"], suggestions: [], status: "open", answer: null });
const done = (one: object, answer: unknown) => ({ ...one, status: "answered", answer });
const [FIRST, NEXT] = [question("q1", "multiple_choice"), question("q2", "text")];
const session = (revision: number, questions: object[], answered: object[]) => ({ id: "s", initial_prompt: "A goal", status: "clarifying", task: null, round: 1, rounds_most: 3, revision, error: null, simulated: false, questions, answered });

const box = () => screen.getByRole<HTMLTextAreaElement>("textbox");
const at = (one: { text: string }) => screen.findByRole("heading", { name: one.text });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

/** The first one is answered, and the next one begun. */
async function answered() {
  const asked = slowApi({ "GET /v1/clarifications/s": session(1, [FIRST, NEXT], []) });
  render(
    <Queries>
      <WizardPage />
    </Queries>,
  );
  await at(FIRST);
  fireEvent.click(screen.getByLabelText("Two"));
  fireEvent.change(box(), { target: { value: "mine" } });
  press("Answer");
  await at(NEXT);
  fireEvent.change(box(), { target: { value: "begun" } });
  return asked;
}

it("has an answer that could not be sent again, and what was begun on the next one", async () => {
  const asked = await answered();
  await (await asking(asked, "POST", "/v1/clarifications/s/answers")).answer({ error: { message: "Not now." } }, 503);
  await at(FIRST);
  expect([box().value, screen.getByLabelText<HTMLInputElement>("Two").checked]).toEqual(["mine", true]);
  press("Answer");
  await at(NEXT);
  expect(box().value).toBe("begun");
});

it("shows the answer that holds where it is changed, and not what was begun before that was taken", async () => {
  const asked = await answered();
  await (await asking(asked, "POST", "/v1/clarifications/s/answers")).answer(session(2, [NEXT], [done(FIRST, ["Two", "mine"])]));
  press("Answer");
  // Changed in another tab meanwhile.
  await (await asking(asked, "POST", "/v1/clarifications/s/answers", 2)).answer(session(3, [], [done(FIRST, ["One"]), done(NEXT, "begun")]));
  press("Change the answer to: Asked in q1");
  await at(FIRST);
  expect([box().value, screen.getByLabelText<HTMLInputElement>("One").checked]).toEqual(["", true]);
});
