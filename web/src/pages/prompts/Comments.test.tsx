import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { Comments } from "./Comments";

vi.mock("@tanstack/react-router", () => ({ Link: "a" }));
vi.mock("@/api/authors", () => ({ useAuthors: () => (name: string) => name }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true }), useSession: () => ({ user: { id: "1" } }), needs: () => "" }));

it("takes no words while a comment is being sent: they would go with it", async () => {
  const asked = slowApi({ "GET /v1/prompts/a/comments": { data: [], next_cursor: null } });
  render(
    <Queries>
      <Comments slug="a" version={1} />
    </Queries>,
  );
  const field = await screen.findByLabelText<HTMLTextAreaElement>("Comment on this version");
  fireEvent.change(field, { target: { value: "Good" } });
  fireEvent.click(screen.getByRole("button", { name: "Comment" }));
  const sent = await asking(asked, "POST", "/v1/prompts/a/comments");
  await vi.waitFor(() => expect(field.readOnly).toBe(true));
  await sent.answer({});
  await vi.waitFor(() => expect([field.readOnly, field.value]).toEqual([false, ""]));
});
