import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { useAll, usePages } from "./hooks";
import { Queries, asking, slowApi } from "./slow.fake";

function Names() {
  const { rows, error } = useAll("/v1/evaluators", { query: { archived: true } });
  return <p>{error ? error.message : (rows?.map((one) => one.name).join() ?? "none yet")}</p>;
}

const named = (name: string) => ({ id: name, name });
const said = () => screen.getByRole("paragraph").textContent;

it("reads a list to its end, and shows nothing of it before", async () => {
  const asked = slowApi();
  render(<Names />, { wrapper: Queries });
  await (await asking(asked, "GET", "/v1/evaluators")).answer({ data: [named("a"), named("b")], next_cursor: "on" });
  expect(said()).toBe("none yet");
  const second = await asking(asked, "GET", "/v1/evaluators", 2);
  expect([second.query.get("cursor"), second.query.get("limit"), second.query.get("archived")]).toEqual(["on", "200", "true"]);
  await second.answer({ data: [named("c")], next_cursor: null });
  await screen.findByText("a,b,c");
  expect(asked).toHaveLength(2);
});

it("stops at two thousand, however many there are", async () => {
  const asked = slowApi();
  render(<Names />, { wrapper: Queries });
  for (let page = 1; page <= 10; page++) await (await asking(asked, "GET", "/v1/evaluators", page)).answer({ data: Array.from({ length: 200 }, (_, at) => named(`${page}-${at}`)), next_cursor: `to-${page + 1}` });
  await screen.findByText(/10-199$/);
  expect(asked).toHaveLength(10);
});

it("says what failed, of whichever page", async () => {
  const asked = slowApi();
  render(<Names />, { wrapper: Queries });
  await (await asking(asked, "GET", "/v1/evaluators")).answer({ data: [named("a")], next_cursor: "on" });
  await (await asking(asked, "GET", "/v1/evaluators", 2)).answer({ error: { code: "internal", message: "It broke." } }, 500);
  await screen.findByText("It broke.");
});

function Long() {
  const { rows, loadMore } = usePages("/v1/evaluators", { query: { archived: true } }, { more: 200 });
  return <button type="button" onClick={loadMore}>{rows.map((one) => one.name).join()}</button>;
}

it("reads more at once further down, where a list says so", async () => {
  const asked = slowApi();
  render(<Long />, { wrapper: Queries });
  const first = await asking(asked, "GET", "/v1/evaluators");
  await first.answer({ data: [named("a")], next_cursor: "on" });
  fireEvent.click(await screen.findByText("a"));
  const second = await asking(asked, "GET", "/v1/evaluators", 2);
  expect([first.query.get("limit"), second.query.get("limit"), second.query.get("cursor"), second.query.get("archived")]).toEqual([null, "200", "on", "true"]);
});
