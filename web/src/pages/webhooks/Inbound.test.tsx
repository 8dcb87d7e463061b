import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import { Inbound } from "./Inbound";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useSearch: () => ({}), useLocation: () => "" }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, admin: false }), needs: () => "" }));

it("asks for no list that only admins may read, and says whom to ask", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <Inbound action={null} />
    </Queries>,
  );
  screen.getByRole("heading", { name: "Admins look after the inbound endpoints" });
  await Promise.resolve();
  expect(asked).toEqual([]);
});
