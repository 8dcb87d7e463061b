import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import SignInPage from "./SignInPage";

const at = vi.hoisted(() => ({ search: {} as Record<string, string> }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), Navigate: () => null, useNavigate: () => () => undefined, useSearch: () => at.search, useLocation: () => "" }));
vi.mock("@/api/session", () => ({ useSessionState: () => ({ session: null }), sessionChanged: () => undefined }));

const WAYS = { password: true, oidc: [] as string[], sign_up: "closed" };

function opened(search: Record<string, string> = {}, ways: typeof WAYS = WAYS) {
  at.search = search;
  const asked = slowApi({ "GET /v1/auth/ways": ways });
  render(
    <Queries>
      <SignInPage />
    </Queries>,
  );
  return asked;
}

beforeEach(() => vi.restoreAllMocks());

it("names the request that a provider's sign-in failed with", () => {
  const request_id = `req_${"0123456789abcdef".repeat(2)}`;
  opened({ error: "unavailable", request_id });
  screen.getByText(/The provider cannot be reached now/);
  screen.getByText(`Request ${request_id}`);
});

it("shows no text of somebody's own that a link brings along as a request", () => {
  opened({ error: "unavailable", request_id: "Call 0123-456-789 to unlock your account" });
  screen.getByText(/The provider cannot be reached now/);
  expect(screen.queryByText(/Call/)).toBeNull();
});

it("names the request of a password that was refused", async () => {
  const asked = opened();
  fireEvent.change(screen.getByLabelText(/^E-mail/), { target: { value: "ada@example.com" } });
  fireEvent.change(screen.getByLabelText(/^Password/), { target: { value: "wrong" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await (await asking(asked, "POST", "/v1/auth/sign-in")).answer({ error: { code: "unauthenticated", message: "No.", type: "unauthenticated", request_id: "req_13" } }, 401);
  await screen.findByText("Request req_13");
});

it("tells whoever forgot their password whom to ask, with the command for their own e-mail and for no other words", () => {
  opened();
  screen.getByText("Forgot your password?");
  screen.getByText("burnish users reset-link --email you@example.com");
  const write = (value: string) => fireEvent.change(screen.getByLabelText(/^E-mail/), { target: { value } });
  write("ada@example.com");
  screen.getByText("burnish users reset-link --email ada@example.com");
  write("x@y;rm");
  screen.getByText("burnish users reset-link --email you@example.com");
});

it("has no such words where nobody signs in by a password", async () => {
  opened({}, { ...WAYS, password: false, oidc: ["https://id.example.com"] });
  await screen.findByText("Continue with id.example.com");
  expect(screen.queryByText("Forgot your password?")).toBeNull();
});
