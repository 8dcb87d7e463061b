import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import InvitePage from "./InvitePage";
import { keepTarget } from "./target";
import SignInPage from "./SignInPage";

const at = vi.hoisted(() => ({ search: {} as Record<string, string>, session: null as { user: { email: string } } | null }));
vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), Navigate: () => null, useNavigate: () => () => undefined, useSearch: () => at.search, useLocation: () => "" }));
vi.mock("@/api/session", () => ({ useSessionState: () => ({ session: at.session }), sessionChanged: () => undefined }));

const INVITATION = { workspace_name: "Demo", organization_name: "Demo", role: "editor", email: "ada@example.com", invited_by_name: null, invited_by_email: null };

function opened(hash: string, ways: { password: boolean; oidc: string[] }) {
  window.history.replaceState(null, "", `/app/invite${hash}`);
  const asked = slowApi({ "GET /v1/auth/ways": { token: false, sign_up: "invited", ...ways }, "POST /v1/invitations/show": INVITATION });
  render(
    <Queries>
      <InvitePage />
    </Queries>,
  );
  return asked;
}

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  at.session = null;
  at.search = {};
});

it("leads through the provider and back to the invitation, once", async () => {
  opened("#a.token", { password: true, oidc: ["https://id.example.com"] });
  const way = await screen.findByText("Continue with id.example.com");
  expect([way.getAttribute("href"), window.location.hash]).toEqual(["/v1/auth/oidc/start?next=%2Fapp%2Finvite", ""]);
  screen.getByLabelText(/^Password/);
  way.addEventListener("click", (event) => event.preventDefault());
  fireEvent.click(way);
  cleanup();
  at.session = { user: { email: "ada@example.com" } };
  opened("", { password: true, oidc: ["https://id.example.com"] });
  await screen.findByText(/You join as/);
  cleanup();
  opened("", { password: true, oidc: [] });
  await screen.findByText(/This link lacks its last part/);
});

it("asks for no password where nobody signs in by one", async () => {
  opened("#a.token", { password: false, oidc: ["https://id.example.com"] });
  await screen.findByText("Continue with id.example.com");
  expect([screen.queryByLabelText(/^Password/), screen.queryByRole("button", { name: "Join" })]).toEqual([null, null]);
});

it("still goes where somebody wanted to after a provider refused them", async () => {
  keepTarget("/prompts?tab=2");
  at.search = { error: "unauthenticated" };
  slowApi({ "GET /v1/auth/ways": { token: false, sign_up: "invited", password: true, oidc: ["https://id.example.com"] } });
  render(
    <Queries>
      <SignInPage />
    </Queries>,
  );
  expect((await screen.findByText("Continue with id.example.com")).getAttribute("href")).toBe(`/v1/auth/oidc/start?${new URLSearchParams({ next: "/app/prompts?tab=2" })}`);
});
