import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Button } from "./Button";
import { Combobox } from "./Combobox";
import { Dialog, Drawer, FormDialog } from "./Dialog";
import { Field, Input } from "./Field";
import { preloadFloats } from "./floats";

beforeAll(preloadFloats);
afterEach(cleanup);

function form(props: { busy?: boolean; waiting?: boolean; disabled?: boolean; onSubmit: () => void; onOpenChange?: (open: boolean) => void }) {
  return (
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" {...props}>
      <input aria-label="Name" />
    </FormDialog>
  );
}

it("says which of its fields keep it from being sent, to everybody", () => {
  const onSubmit = vi.fn();
  const { rerender } = render(null);
  const draw = (name: string, text: string, share?: string) =>
    rerender(
      <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={onSubmit} disabled={!name || !text || share !== undefined}>
        <Field label="Name" required><Input readOnly value={name} /></Field>
        <Field label="Note"><Input /></Field>
        <Combobox needed label="Prompt" value={text || null} choices={[]} onChange={() => undefined} />
        <Field label="Share" error={share}><Input /></Field>
      </FormDialog>,
    );
  const made = () => screen.getByRole("button", { name: "Make" });
  const why = () => document.getElementById(made().getAttribute("aria-describedby") ?? "")?.textContent ?? null;
  draw("", "");
  expect([why(), made().hasAttribute("disabled"), made().getAttribute("aria-disabled")]).toEqual(["Still to fill in: Name, Prompt.", false, "true"]);
  fireEvent.click(made());
  draw("a", "");
  expect(why()).toBe("Still to fill in: Prompt.");
  draw("a", "b", "Above 1.");
  expect(why()).toBe("Not right yet: Share.");
  expect(onSubmit).not.toHaveBeenCalled();
  draw("a", "b");
  expect(why()).toBeNull();
  fireEvent.click(made());
  expect(onSubmit).toHaveBeenCalledTimes(1);
});

it("sends a form once for each way of sending it", () => {
  const onSubmit = vi.fn();
  render(form({ onSubmit }));
  fireEvent.click(screen.getByRole("button", { name: "Make" }));
  expect(onSubmit).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Enter", ctrlKey: true });
  expect(onSubmit).toHaveBeenCalledTimes(2);
  fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Enter", metaKey: true });
  expect(onSubmit).toHaveBeenCalledTimes(3);
  fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Enter" });
  expect(onSubmit).toHaveBeenCalledTimes(3);
});

it.each([{ busy: true }, { disabled: true }])("sends nothing while it is %o", (how) => {
  const onSubmit = vi.fn();
  render(form({ onSubmit, ...how }));
  fireEvent.click(screen.getByRole("button", { name: "Make" }));
  fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Enter", ctrlKey: true });
  fireEvent.submit(screen.getByLabelText("Name").closest("form") as HTMLFormElement);
  expect(onSubmit).not.toHaveBeenCalled();
});

const CLOSERS = {
  Cancel: () => fireEvent.click(screen.getByRole("button", { name: "Cancel" })),
  Close: () => fireEvent.click(screen.getByRole("button", { name: "Close" })),
  Escape: () => fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Escape" }),
};

it.each(["Cancel", "Close", "Escape"] as const)("does not close by %s while what it sent is under way, and says why", (how) => {
  const onOpenChange = vi.fn();
  const shown = render(form({ onSubmit: vi.fn(), onOpenChange, busy: true }));
  CLOSERS[how]();
  expect(onOpenChange).not.toHaveBeenCalled();
  expect(screen.getByRole("status").textContent).toContain("sent already");
  shown.rerender(form({ onSubmit: vi.fn(), onOpenChange, busy: false }));
  expect(screen.queryByRole("status")).toBeNull();
  CLOSERS[how]();
  expect(onOpenChange.mock.calls).toEqual([[false]]);
});

it.each(["Close", "Escape"] as const)("asks before %s throws away what was written, and Cancel does not", (how) => {
  const onOpenChange = vi.fn();
  render(form({ onSubmit: vi.fn(), onOpenChange }));
  const leave = CLOSERS[how];
  const write = (words: string) => fireEvent.input(screen.getByLabelText("Name"), { target: { value: words } });
  write("Long words");
  leave();
  expect(screen.getByRole("status").textContent).toContain("not saved");
  write("Longer words");
  expect(screen.queryByRole("status")).toBeNull();
  leave();
  expect(onOpenChange).not.toHaveBeenCalled();
  leave();
  expect(onOpenChange.mock.calls).toEqual([[false]]);
  write("Other words");
  CLOSERS.Cancel();
  expect(onOpenChange).toHaveBeenCalledTimes(2);
});

it("closes at once where what was written was taken out again", () => {
  const onOpenChange = vi.fn();
  render(form({ onSubmit: vi.fn(), onOpenChange }));
  fireEvent.input(screen.getByLabelText("Name"), { target: { value: "Words" } });
  fireEvent.input(screen.getByLabelText("Name"), { target: { value: "" } });
  CLOSERS.Escape();
  expect(onOpenChange.mock.calls).toEqual([[false]]);
});

it("closes where it only waits for a connection", () => {
  const onOpenChange = vi.fn();
  render(form({ onSubmit: vi.fn(), onOpenChange, busy: true, waiting: true }));
  for (const close of Object.values(CLOSERS)) close();
  expect(onOpenChange.mock.calls).toEqual([[false], [false], [false]]);
});

it.each(["the button", "the keys"])("sends nothing by %s while something required is empty", (way) => {
  const onSubmit = vi.fn();
  render(
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={onSubmit}>
      <input aria-label="Name" required />
    </FormDialog>,
  );
  const send = () => (way === "the keys" ? fireEvent.keyDown(screen.getByLabelText("Name"), { key: "Enter", ctrlKey: true }) : fireEvent.click(screen.getByRole("button", { name: "Make" })));
  send();
  expect(onSubmit).not.toHaveBeenCalled();
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "a" } });
  send();
  expect(onSubmit).toHaveBeenCalledTimes(1);
});

it("takes no second press while a button is at work, and none where it says why not", () => {
  const onClick = vi.fn();
  const shown = render(<Button onClick={onClick}>Go</Button>);
  fireEvent.click(screen.getByRole("button"));
  expect(onClick).toHaveBeenCalledTimes(1);
  shown.rerender(<Button busy onClick={onClick}>Go</Button>);
  fireEvent.click(screen.getByRole("button"));
  shown.rerender(<Button disabled why="Only admins." onClick={onClick}>Go</Button>);
  fireEvent.click(screen.getByRole("button"));
  expect(onClick).toHaveBeenCalledTimes(1);
  expect(screen.getByRole("button").hasAttribute("disabled")).toBe(false);
});

function Retiring() {
  const [step, setStep] = useState<"first" | "asked" | "done">("first");
  return (
    <Drawer open onOpenChange={() => undefined} title="A model">
      {step === "done" ? "Retired." : <Button onClick={() => setStep("asked")}>Retire it</Button>}
      {step === "asked" ? (
        <Dialog open onOpenChange={() => setStep("done")} title="Sure?">
          <Button onClick={() => setStep("done")}>Yes</Button>
        </Dialog>
      ) : null}
    </Drawer>
  );
}

it("gives the focus to what lies below where the button that opened it is gone", async () => {
  render(
    <main tabIndex={-1}>
      <Retiring />
    </main>,
  );
  const opens = screen.getByRole("button", { name: "Retire it" });
  opens.focus();
  fireEvent.click(opens);
  fireEvent.click(screen.getByRole("button", { name: "Yes" }));
  await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByRole("dialog", { name: "A model" })));
});

it("gives the focus to the page that comes where a link within it was followed, and to nothing beside its button", async () => {
  const page = (name: string, open: boolean) => (
    <main tabIndex={-1}>
      <p><a href="/app/list">All of {name}</a></p>
      {name === "one" ? <button type="button">Open</button> : null}
      {open ? <Dialog open onOpenChange={() => undefined} title="Made"><a href="/app/two">Open it</a></Dialog> : null}
    </main>
  );
  window.history.replaceState(null, "", "/app/one");
  const { rerender } = render(page("one", false));
  screen.getByRole("button", { name: "Open" }).focus();
  rerender(page("one", true));
  await screen.findByRole("dialog", { name: "Made" });
  screen.getByRole("link", { name: "Open it" }).focus();
  window.history.replaceState(null, "", "/app/two");
  rerender(page("two", false));
  await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByRole("main")));
  window.history.replaceState(null, "", "/");
});

it("keeps the focus on a button whose press was the last one", () => {
  const onClick = vi.fn();
  const shown = render(<Button onClick={onClick}>Next</Button>);
  screen.getByRole("button").focus();
  shown.rerender(<Button ended onClick={onClick}>Next</Button>);
  fireEvent.click(screen.getByRole("button"));
  expect(onClick).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(screen.getByRole("button"));
  expect(screen.getByRole("button").getAttribute("aria-disabled")).toBe("true");
});
