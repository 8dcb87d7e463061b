import { QueryClient } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { dismissAll } from "@/kit/Toast";
import Toasts from "@/kit/Toasts";
import { preloadFloats } from "@/kit/floats";
import { ItemDrawer } from "./ItemDrawer";

const may = vi.hoisted(() => ({ edit: true }));
vi.mock("@/api/session", () => ({ useMay: () => may, needs: (who: string) => `Only an ${who}.` }));
beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  dismissAll();
  may.edit = true;
});

const item = { id: "i", split: "test", input: { ticket: "Where is it?" }, expected: "delivery", metadata: { group: "ann" }, synthetic: false, added_version: 1, removed_version: null as number | null };
const page = (...data: object[]) => ({ data, next_cursor: null });
const PATH = "/v1/datasets/d/items";

function shown({ known = item as typeof item | null, id = "i", of = new QueryClient({ defaultOptions: { queries: { retry: false } } }) } = {}) {
  const [onOpen, onClose] = [vi.fn(), vi.fn()];
  const at = (row: typeof item | undefined, one = id) => (
    <Queries of={of}>
      <ItemDrawer dataset="d" id={one} onOpen={onOpen} onClose={onClose} known={row} />
      <Toasts />
    </Queries>
  );
  const { rerender } = render(at(known ?? undefined));
  return { onOpen, onClose, show: (row: typeof item | undefined, one = id) => rerender(at(row, one)) };
}

const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name, hidden: true });
const form = () => screen.queryByRole("form", { name: "Correct the right answer" });
const write = (text: string) => fireEvent.change(screen.getByLabelText(/^The right answer/), { target: { value: text } });

it("tells a picture that is the right answer by kind and size, as one in the input", () => {
  const picture = `data:image/png;base64,${"A".repeat(8_000)}`;
  shown({ known: { ...item, input: { ticket: picture }, expected: `It looks like ${picture}` } });
  const told = screen.getByRole("dialog").textContent;
  expect(told.match(/\[image\/png, 6\.0\s?kB\]/gu)).toHaveLength(2);
  expect(told).not.toContain("AAAA");
});

it("takes the right answer away where somebody says that there is none", async () => {
  const asked = slowApi();
  const { onOpen } = shown();
  fireEvent.click(button("Correct the right answer"));
  write(" ");
  fireEvent.click(screen.getByLabelText(/^There is no right answer/));
  expect(screen.queryByText(/Fill it in/)).toBeNull();
  fireEvent.click(button("Save"));
  const sent = await asking(asked, "PATCH", `${PATH}/i`);
  expect(sent.body).toEqual({ expected: null });
  await sent.answer({ ...item, id: "j", expected: null, added_version: 2, dataset_version: 2 });
  expect(onOpen).toHaveBeenCalledWith("j");
});

it("saves another right answer alone, once, and goes on with the item that holds it", async () => {
  const asked = slowApi();
  const { onOpen, show } = shown();
  fireEvent.click(button("Correct the right answer"));
  const save = () => button("Save");
  expect(screen.getByLabelText<HTMLTextAreaElement>(/^The right answer/).value).toBe("delivery");
  for (const refused of ["delivery", " delivery ", "  "]) {
    write(refused);
    expect(save().disabled, `of “${refused}”`).toBe(true);
  }
  expect(screen.getByRole("alert").textContent).toContain("Fill it in");
  write("billing");
  fireEvent.click(save());
  const sent = await asking(asked, "PATCH", `${PATH}/i`);
  expect(sent.body).toEqual({ expected: "billing" });
  fireEvent.click(save());
  fireEvent.keyDown(screen.getByLabelText(/^The right answer/), { key: "Enter", ctrlKey: true });
  expect(button("Cancel").disabled).toBe(true);
  await sent.answer({ ...item, id: "j", expected: "billing", added_version: 2, dataset_version: 2 });
  expect(asked.filter((one) => one.method === "PATCH")).toHaveLength(1);
  expect(onOpen).toHaveBeenCalledWith("j");
  expect(form()).toBeNull();
  await screen.findByText("Corrected: version 2");
  // In the address already, and not yet in the list.
  show(undefined, "j");
  expect(within(screen.getByRole("dialog")).getByText("billing")).toBeTruthy();
  fireEvent.click(button("Undo"));
  expect((await asking(asked, "PATCH", `${PATH}/j`)).body).toEqual({ expected: "delivery" });
});

it("tells of a correction whose item is closed by then, and does not open it again", async () => {
  const asked = slowApi();
  const { onOpen, show } = shown();
  fireEvent.click(button("Correct the right answer"));
  write("billing");
  fireEvent.click(button("Save"));
  const sent = await asking(asked, "PATCH", `${PATH}/i`);
  show(undefined, "");
  show(item);
  expect(form(), "opened anew").toBeNull();
  await sent.answer({ ...item, id: "j", expected: "billing", added_version: 2, dataset_version: 2 });
  expect(onOpen).not.toHaveBeenCalled();
  await screen.findByText("Corrected: version 2");
});

it("says beside the field what the API says of it, and keeps what was written", async () => {
  const asked = slowApi();
  shown();
  fireEvent.click(button("Correct the right answer"));
  write("x".repeat(20));
  fireEvent.click(button("Save"));
  await (await asking(asked, "PATCH", `${PATH}/i`)).answer({ error: { message: "expected: at most 16,384 characters.", code: "invalid_field", param: "expected" } }, 422);
  const field = screen.getByLabelText<HTMLTextAreaElement>(/^The right answer/);
  expect(field.value).toBe("x".repeat(20));
  expect((field.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent).join(" ")).toContain("At most 16,384");
  expect(screen.getAllByRole("alert")).toHaveLength(1);
  write("billing");
  expect(screen.queryByRole("alert"), "of what was written before").toBeNull();
});

it("keeps what was written, and sends it no more, where somebody else was first", async () => {
  const asked = slowApi();
  const { show } = shown();
  fireEvent.click(button("Correct the right answer"));
  write("billing");
  show(undefined); // The list was read again, without it.
  expect(screen.getByLabelText<HTMLTextAreaElement>(/^The right answer/).value).toBe("billing");
  await (await asking(asked, "GET", PATH)).answer(page({ ...item, removed_version: 3 }));
  expect(screen.getByLabelText<HTMLTextAreaElement>(/^The right answer/).value).toBe("billing");
  expect(button("Save").disabled).toBe(true);
  expect(screen.getByText("No longer in the dataset since version 3.")).toBeTruthy();
});

it("takes an item out at the first press, and puts it back as it was", async () => {
  const asked = slowApi();
  const { onClose } = shown();
  fireEvent.click(button("Take out"));
  const sent = await asking(asked, "DELETE", `${PATH}/i`);
  fireEvent.click(button("Take out"));
  await sent.answer({ id: "d", version: 4 });
  expect(asked.filter((one) => one.method === "DELETE")).toHaveLength(1);
  expect(onClose).toHaveBeenCalledOnce();
  await screen.findByText("Taken out: version 4");
  fireEvent.click(button("Undo"));
  const back = await asking(asked, "POST", PATH);
  expect(back.body).toEqual({ items: [{ input: item.input, expected: "delivery", split: "test", metadata: { group: "ann" } }] });
  await back.answer({ id: "d", version: 5, added: 0 }, 201);
  await screen.findByText(/holds this input again already/);
});

it("leaves the item open that was opened meanwhile, and still offers to undo", async () => {
  const asked = slowApi();
  const { onClose, show } = shown();
  fireEvent.click(button("Take out"));
  const sent = await asking(asked, "DELETE", `${PATH}/i`);
  show({ ...item, id: "k", expected: "vouchers" }, "k");
  await sent.answer({ id: "d", version: 4 });
  expect(onClose).not.toHaveBeenCalled();
  expect(screen.getByText("vouchers")).toBeTruthy();
  expect(button("Undo")).toBeTruthy();
});

it("says since when an item is not there any more, and offers nothing to do with it", async () => {
  const asked = slowApi();
  shown({ known: null });
  await (await asking(asked, "GET", PATH)).answer(page({ ...item, removed_version: 7 }));
  expect(screen.getByText("No longer in the dataset since version 7.")).toBeTruthy();
  expect(screen.getByText("delivery")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Take out" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Correct the right answer" })).toBeNull();
});

it("says nothing of an item by the answer about another", async () => {
  const asked = slowApi();
  const { show } = shown({ known: null });
  await (await asking(asked, "GET", PATH)).answer(page(item));
  show(undefined, "k");
  expect(screen.queryByText(/not in the dataset any more/)).toBeNull();
  await (await asking(asked, "GET", PATH, 2)).answer(page());
  expect(screen.getByText(/not in the dataset any more/)).toBeTruthy();
});

it("lets a viewer read, and says why not more", () => {
  may.edit = false;
  const asked = slowApi();
  shown();
  for (const name of ["Correct the right answer", "Take out"]) {
    expect(button(name).getAttribute("aria-disabled")).toBe("true");
    fireEvent.click(button(name));
  }
  expect(form()).toBeNull();
  expect(asked).toHaveLength(0);
});
