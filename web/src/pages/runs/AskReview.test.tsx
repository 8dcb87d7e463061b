import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import Toasts from "@/kit/Toasts";
import { AskReview } from "./AskReview";

beforeAll(preloadFloats);

const member = (user_id: string, name: string) => ({ user_id, name, email: `${name}@example.com`, role: "editor", is_disabled: false });

it("takes who was found with Enter, also where somebody is chosen already", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <AskReview execution="e1" onClose={() => undefined} />
    </Queries>,
  );
  const choose = async (typed: string, found: object[]) => {
    fireEvent.click(await screen.findByRole("button", { name: /^Who should look/ }));
    fireEvent.change(await screen.findByRole("combobox"), { target: { value: typed } });
    const look = await vi.waitFor(() => {
      const one = asked.find((request) => request.path === "/v1/members" && request.query.get("q") === typed);
      if (!one) throw new Error("not asked yet");
      return one;
    });
    await look.answer({ data: found, next_cursor: null });
    await act(async () => void fireEvent.keyDown(screen.getByRole("combobox"), { key: "Enter" }));
  };
  await choose("bob", [member("b", "bob")]);
  await choose("cleo", [member("c", "cleo")]);
  fireEvent.click(screen.getByRole("button", { name: "Ask" }));
  expect((await asking(asked, "POST", "/v1/review")).body).toMatchObject({ execution_id: "e1", assignee: "c" });
});

it("offers those alone who review, and says where there was nothing left to ask", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <AskReview execution="e1" onClose={() => undefined} />
      <Toasts />
    </Queries>,
  );
  fireEvent.click(await screen.findByRole("button", { name: /^Who should look/ }));
  const look = await vi.waitFor(() => {
    const one = asked.find((request) => request.path === "/v1/members");
    if (!one) throw new Error("not asked yet");
    return one;
  });
  await look.answer({ data: [{ ...member("v", "vic"), role: "viewer" }, member("b", "bob")], next_cursor: null });
  expect((await screen.findAllByRole("option")).map((one) => one.textContent)).toEqual(["Whoever comes", expect.stringContaining("bob")]);
  fireEvent.keyDown(screen.getByRole("combobox"), { key: "Escape" });
  fireEvent.click(screen.getByRole("button", { name: "Ask", hidden: true }));
  await (await asking(asked, "POST", "/v1/review")).answer({ status: "decided" });
  expect(await screen.findByText("It is in the review queue already, and decided")).toBeTruthy();
});
