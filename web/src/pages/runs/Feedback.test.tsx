import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { forgetDrafts } from "@/api/unsaved";
import Toasts from "@/kit/Toasts";
import { Feedback, Reactions } from "./Feedback";

vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), useSession: () => ({ user: { id: "1", email: "a@b.c" }, workspace: { id: "w" } }), needs: () => "" }));

afterEach(() => sessionStorage.clear());

const show = () =>
  render(
    <Queries>
      <Feedback run={{ id: "r", feedback: [], output: "Hm" } as never} />
    </Queries>,
  );

it("offers nothing to send again that was sent before somebody went elsewhere", async () => {
  const asked = slowApi();
  show();
  fireEvent.click(screen.getByRole("button", { name: "Add feedback" }));
  fireEvent.change(screen.getByLabelText("What it should have said"), { target: { value: "Yes" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  const sent = await asking(asked, "POST", "/v1/feedback");
  cleanup();
  await sent.answer({ id: "f" });
  show();
  expect(screen.queryByLabelText("What it should have said")).toBeNull();
});

it("keeps what was refused after somebody went elsewhere, and tells them there", async () => {
  const asked = slowApi();
  show();
  fireEvent.click(screen.getByRole("button", { name: "Add feedback" }));
  fireEvent.change(screen.getByLabelText("Comment"), { target: { value: "Too long" } });
  fireEvent.change(screen.getByLabelText("What it should have said"), { target: { value: "Yes" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  const sent = await asking(asked, "POST", "/v1/feedback");
  cleanup();
  const elsewhere = render(<Toasts />);
  const error = { type: "invalid_request_error", code: "invalid_field", message: "comment: too long", param: "comment", details: {} };
  await sent.answer({ error }, 422);
  await screen.findByText(/comment: too long/);
  elsewhere.unmount();
  show();
  expect(screen.getByLabelText<HTMLTextAreaElement>("Comment").value).toBe("Too long");
  expect(screen.getByLabelText<HTMLTextAreaElement>("What it should have said").value).toBe("Yes");
});

it("keeps nothing of what is refused once its writer has signed out", async () => {
  const asked = slowApi();
  show();
  fireEvent.click(screen.getByRole("button", { name: "Add feedback" }));
  fireEvent.change(screen.getByLabelText("Comment"), { target: { value: "Too long" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  const sent = await asking(asked, "POST", "/v1/feedback");
  cleanup();
  forgetDrafts();
  const error = { type: "invalid_request_error", code: "invalid_field", message: "comment: too long", param: "comment", details: {} };
  await sent.answer({ error }, 422);
  expect(Object.keys(sessionStorage)).toEqual([]);
  forgetDrafts("1");
  show();
  fireEvent.click(screen.getByRole("button", { name: "Add feedback" }));
  fireEvent.change(screen.getByLabelText("Comment"), { target: { value: "Again" } });
  expect(Object.keys(sessionStorage)).toHaveLength(1);
});

it("keeps what was refused", async () => {
  const asked = slowApi();
  show();
  fireEvent.click(screen.getByRole("button", { name: "Add feedback" }));
  fireEvent.change(screen.getByLabelText("Comment"), { target: { value: "Too long" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  const error = { type: "invalid_request_error", code: "invalid_field", message: "comment: too long", param: "comment", details: {} };
  await (await asking(asked, "POST", "/v1/feedback")).answer({ error }, 422);
  cleanup();
  show();
  expect(screen.getByLabelText<HTMLTextAreaElement>("Comment").value).toBe("Too long");
});

it("lets the name of an end user turn nothing but itself", () => {
  const given = { feedback_id: "f", kind: "thumb", thumb: "up", user_id: "eve\u202e", sent_by: "user:2", accepted_at: "2026-11-30T00:00:00Z", history: [] };
  render(<Queries><Reactions reactions={[given as never]} empty="" /></Queries>);
  expect(screen.getByText("eve\u202e").tagName).toBe("BDI");
});
