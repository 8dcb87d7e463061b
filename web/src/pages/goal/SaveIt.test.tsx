import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { SaveIt } from "./SaveIt";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true }), needs: () => "" }));

it("gives the prompt a model that answers, also where it is saved before the models are known", async () => {
  const asked = slowApi();
  const session = { id: "s", name: "parcels", simulated: true, initial_prompt: "Say where the parcel is", model_name: "simulated/interviewer", saved: null };
  render(
    <Queries>
      <SaveIt session={session as never} onSaved={() => {}} />
    </Queries>,
  );
  const save = screen.getByRole<HTMLButtonElement>("button", { name: "Save as a prompt" });
  expect(save.disabled).toBe(true);
  await (await asking(asked, "GET", "/v1/models")).answer({ data: [{ id: "simulated/chat", provider: "simulated", display_name: "Chat" }] });
  await vi.waitFor(() => expect(save.disabled).toBe(false));
  fireEvent.click(save);
  expect((await asking(asked, "POST", "/v1/clarifications/s/save")).body).toMatchObject({ model: "simulated/chat" });
});
