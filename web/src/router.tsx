import { Outlet, createRootRoute, createRoute, createRouter, redirect, useNavigate } from "@tanstack/react-router";
import { Suspense, useEffect, useRef, useState } from "react";
import { lostBetween, useAddressTexts, useSessionState } from "@/api/session";
import { dismissAll, toast, toastError } from "@/kit/Toast";
import { later } from "@/lib/later";
import type { PageRoute } from "@/lib/pages";
import { parseSearch, stringifySearch } from "@/lib/search";

// With its menus and dialogs a chunk of its own, which comes while the session is asked for. What is said when something fails comes right
// after it: when it is needed there may be no connection any more.
const Shell = later(() => import("@/shell/Shell").then((module) => ({ default: module.Shell })));
const Broken = later(() => import("@/shell/Elsewhere").then((module) => ({ default: module.Broken })));
const Nowhere = later(() => import("@/shell/Elsewhere").then((module) => ({ default: module.Nowhere })));
const NoSuchPage = later(() => import("@/shell/Elsewhere").then((module) => ({ default: module.NoSuchPage })));
const Unknown = later(() => import("@/shell/Elsewhere").then((module) => ({ default: module.Unknown })));
const Toasts = later(() => import("@/kit/Toasts"), { quiet: true });
void Shell.preload().then(() => Promise.all([Toasts.preload(), Broken.preload(), Nowhere.preload(), NoSuchPage.preload(), Unknown.preload()]));

const found = import.meta.glob<PageRoute[]>("./pages/*/routes.ts", { eager: true, import: "default" });
const pages = Object.values(found).flat();

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Suspense>
        <Toasts />
      </Suspense>
      <ForgetToasts />
    </>
  ),
});

/** With another person or workspace, what was said before and its Undo are gone. Whoever was taken out of the workspace on screen is told so: what
 * comes in its place is another one, and may look alike. What the address says beside the page, such as a form that is open, was of the one before. */
function ForgetToasts() {
  const { session } = useSessionState();
  const navigate = useNavigate();
  const whose = `${session?.user.id ?? ""} ${session?.workspace?.id ?? ""}`;
  const before = useRef({ whose, session });
  useEffect(() => {
    const was = before.current;
    before.current = { whose, session };
    if (was.whose === whose) {
      const role = session?.role;
      // Buttons go off, or come, without a word of their own.
      if (role && was.session?.role && role !== was.session.role) toast(`You are ${role === "viewer" ? "a" : "an"} ${role} here now`);
      return;
    }
    if (was.whose !== " ") dismissAll();
    const lost = lostBetween(was.session, session);
    if (!lost) return;
    toastError(new Error(`You do not belong to ${lost} any more.${session?.workspace ? ` This is ${session.workspace.name}.` : ""}`));
    void navigate({ to: ".", search: {} as never, replace: true });
  }, [whose, session, navigate]);
  return null;
}

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: SignedInOnly, notFoundComponent: NoSuchPage });

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- how the router is told
    throw redirect({ to: "/prompts", replace: true });
  },
});

/** Addresses that people try, with the pages that they mean; what stands behind the "?" goes along. */
const MEANT = { "/login": "/sign-in", "/setup": "/start" };

const meant = Object.entries(MEANT).map(([path, to]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: ({ search }) => {
      // oxlint-disable-next-line typescript/only-throw-error -- how the router is told
      throw redirect({ to, search: search as never, replace: true });
    },
  }),
);

function pageRoute(page: PageRoute) {
  // Another prompt or run is another page: nothing typed, chosen or read for the one before goes along.
  return createRoute({ getParentRoute: () => (page.bare ? root : shell), path: page.path, component: later(page.load), remountDeps: ({ params }) => params });
}

const BASE = "/app";

/** Sends whoever is not signed in to do so, and back afterwards. */
function SignedInOnly() {
  const { session, error, retry } = useSessionState();
  // Before the way to the sign-in, which goes without what stands behind the "#": no server or log may see it.
  const isReady = useAddressTexts(session);
  const navigate = useNavigate();
  useEffect(() => {
    if (session !== null) return;
    // As it stands there now: the page that goes may just have written into it.
    const to = window.location.pathname.slice(BASE.length) + window.location.search;
    if (to.startsWith("/sign-in")) return;
    void navigate({ to: "/sign-in", search: (to === "/" || to === "/prompts" ? {} : { to }) as never, replace: true });
  }, [session, navigate]);
  if (session && isReady) return <Suspense fallback={<Pending />}><Shell /></Suspense>;
  return error ? <Suspense fallback={<Pending />}><Unknown error={error} retry={retry} /></Suspense> : <Pending />;
}

const LONG_MS = 10_000;

/** Until there is something to show: nothing at first, then it says so, and what to do where it takes long. */
function Pending() {
  const [isLong, setLong] = useState(false);
  // index.html says so already where the code was long on its way: not away and back again.
  const [isSaid] = useState(() => {
    const coming = document.getElementById("coming");
    return coming !== null && getComputedStyle(coming).opacity === "1";
  });
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div aria-busy className={`${isSaid ? "" : "late "}flex min-h-dvh flex-col items-center gap-3 px-4 py-12 text-13 text-muted`}>
      <p role="status">{isLong ? "This takes longer than usual." : "Loading…"}</p>
      {isLong ? (
        <button type="button" className="h-8 rounded-m border border-line-strong/50 bg-panel px-3 font-medium text-fg hover:bg-sunken" onClick={() => location.reload()}>
          Load the page again
        </button>
      ) : null}
    </div>
  );
}

export const router = createRouter({
  routeTree: root.addChildren([index, ...meant, shell.addChildren(pages.filter((page) => !page.bare).map(pageRoute)), ...pages.filter((page) => page.bare).map(pageRoute)]),
  basepath: BASE,
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPendingComponent: Pending,
  defaultPendingMs: 150,
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: Nowhere,
});
