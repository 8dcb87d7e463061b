import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useChange } from "./hooks";
import { Queries } from "./slow.fake";

const PATH = "/v1/credits/grants";
const grant = (dollars: number) => ({ body: { workspace_id: "w", amount_nusd: dollars * 1e9, reason: "of the month" } });
const refusal = (status: number, code: string, headers: Record<string, string> = {}) => Response.json({ error: { code, message: "No.", retryable: true } }, { status, headers });

type Sent = { body: string; key: string | null };
let sent: Sent[] = [];
/** What the next requests get, in this order. */
let answers: (() => Response | Promise<Response>)[] = [];

beforeEach(() => {
  sent = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    const request = given as Request;
    sent.push({ body: await request.text(), key: request.headers.get("Idempotency-Key") });
    return (answers.shift() ?? (() => Response.json({}, { status: 201 })))();
  });
});
afterEach(() => {
  cleanup();
  answers = [];
  vi.restoreAllMocks();
});

function Shown() {
  const give = useChange("post", PATH);
  return (
    <>
      <button onClick={() => give.mutate(grant(5))}>Give 5</button>
      <button onClick={() => give.mutate(grant(6))}>Give 6</button>
      <p>{give.status}</p>
    </>
  );
}

async function press(name: string, then: "success" | "error") {
  fireEvent.click(screen.getByText(name));
  await waitFor(() => expect(screen.getByText(then)).toBeTruthy());
}

const brokenOff = () => new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{"id":')), pull: (body) => body.error(new TypeError("network error")) });

const keys = () => sent.map(({ key }) => key);

it.each([
  ["nothing comes back", () => Response.error()],
  ["the connection breaks", () => { throw new TypeError("Failed to fetch"); }],
  ["it breaks off in the middle of the answer", () => new Response(brokenOff(), { status: 201 })],
  ["a proxy answers in its place", () => new Response("<h1>Bad gateway</h1>", { status: 502 })],
  ["Burnish is too busy to say", () => refusal(503, "unavailable")],
])("sends what was lost once more under its key: %s", async (_, lost) => {
  answers = [lost];
  render(<Queries><Shown /></Queries>);
  await press("Give 5", "error");
  await press("Give 6", "success");
  await press("Give 5", "success");
  await waitFor(() => expect(sent).toHaveLength(3)); // It said so of the one before already.
  const [first, other, again] = keys();
  expect(first).toBeTruthy();
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  // It was answered now: who wants it done once more gets it done once more.
  await press("Give 5", "success");
  await waitFor(() => expect(sent).toHaveLength(4));
  expect(sent[3]?.key).not.toBe(first);
});

it("sends what was refused under another key once it is sent again", async () => {
  answers = [() => refusal(409, "conflict")];
  render(<Queries><Shown /></Queries>);
  await press("Give 5", "error");
  await press("Give 5", "success");
  expect(new Set(keys()).size).toBe(2);
});

it("waits for what is still under way", async () => {
  answers = [() => Response.error(), () => refusal(409, "idempotency_in_progress", { "retry-after": "0.01" })];
  render(<Queries><Shown /></Queries>);
  await press("Give 5", "error");
  await press("Give 5", "success");
  expect(sent).toHaveLength(3);
  expect(new Set(keys()).size).toBe(1);
});

it("sends what is pressed twice at once only once, before anything could show that it is on its way", async () => {
  render(<Queries><Shown /></Queries>);
  act(() => {
    for (let press = 0; press < 2; press++) screen.getByText("Give 5").click();
    screen.getByText("Give 6").click();
  });
  await waitFor(() => expect(screen.getByText("success")).toBeTruthy());
  expect(sent.map(({ body }) => (JSON.parse(body) as { amount_nusd: number }).amount_nusd)).toEqual([5e9, 6e9]);
  await press("Give 5", "success");
  expect(sent).toHaveLength(3);
  expect(new Set(keys()).size).toBe(3);
});

function Removed() {
  const remove = useChange("delete", "/v1/guardrails/{guardrail_id}");
  return (
    <>
      <button onClick={() => remove.mutate({ path: { guardrail_id: "g" } })}>Delete</button>
      <p>{remove.error?.message ?? remove.status}</p>
    </>
  );
}

it("is done once with what is pressed twice, whether it was taken or refused", async () => {
  const done = vi.fn();
  const refused = vi.fn();
  function Twice() {
    const give = useChange("post", PATH, { onRefused: refused });
    return (
      <>
        <button onClick={() => void give.mutateAsync(grant(5)).then(done)}>Give</button>
        <button onClick={() => give.mutate(grant(6))}>Give too much</button>
        <p>{give.status}</p>
      </>
    );
  }
  answers = [() => Response.json({}, { status: 201 }), () => refusal(403, "forbidden")];
  render(<Queries><Twice /></Queries>);
  for (const [name, then] of [["Give", "success"], ["Give too much", "error"]] as const) {
    act(() => {
      for (let press = 0; press < 2; press++) screen.getByText(name).click();
    });
    await waitFor(() => expect(screen.getByText(then)).toBeTruthy());
  }
  expect([done.mock.calls.length, refused.mock.calls.length, sent.length]).toEqual([1, 1, 2]);
});

it("sends the same again once the form was reset, also where the first is still under way", async () => {
  function Resetting() {
    const give = useChange("post", PATH);
    return (
      <>
        <button onClick={() => give.mutate(grant(5))}>Give</button>
        <button onClick={() => give.reset()}>Forget</button>
        <p>{give.status}</p>
      </>
    );
  }
  answers = [() => new Promise<Response>(() => undefined), () => Response.json({}, { status: 201 })];
  render(<Queries><Resetting /></Queries>);
  act(() => screen.getByText("Give").click());
  await waitFor(() => expect(sent).toHaveLength(1));
  act(() => screen.getByText("Forget").click());
  act(() => screen.getByText("Give").click());
  await waitFor(() => expect(screen.getByText("success")).toBeTruthy());
  expect(sent).toHaveLength(2);
});

it("removes once what is pressed twice: the second would hear that it is not there", async () => {
  answers = [() => new Response(null, { status: 204 }), () => refusal(404, "not_found")];
  render(<Queries><Removed /></Queries>);
  act(() => {
    for (let press = 0; press < 2; press++) screen.getByText("Delete").click();
  });
  await waitFor(() => expect(screen.getByText("success")).toBeTruthy());
  expect(sent).toHaveLength(1);
});

it("sends once more what was sent before something else that is still under way", async () => {
  const answered: (() => void)[] = [];
  const late = () => new Promise<void>((resolve) => answered.push(resolve)).then(() => Response.json({}, { status: 201 }));
  answers = [late, late, late];
  render(<Queries><Shown /></Queries>);
  for (const name of ["Give 5", "Give 6", "Give 5", "Give 5"]) fireEvent.click(screen.getByText(name));
  await waitFor(() => expect(answered).toHaveLength(3));
  for (const answer of answered) answer();
  await waitFor(() => expect(screen.getByText("success")).toBeTruthy());
  expect(sent.map(({ body }) => (JSON.parse(body) as { amount_nusd: number }).amount_nusd)).toEqual([5e9, 6e9, 5e9]);
  expect(new Set(keys()).size).toBe(3);
});
