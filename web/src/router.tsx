import { Outlet, createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useSessionState } from "@/api/session";
import { ButtonLink } from "@/kit/Button";
import { Page } from "@/kit/Page";
import { ErrorState, SkeletonText } from "@/kit/States";
import { Toasts } from "@/kit/Toast";
import type { PageRoute } from "@/lib/pages";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import { Shell } from "@/shell/Shell";

const found = import.meta.glob<{ default: PageRoute[] }>("./pages/*/routes.ts", { eager: true });
const pages = Object.values(found).flatMap((one) => one.default);

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: SignedInOnly });

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- how the router is told
    throw redirect({ to: "/prompts", replace: true });
  },
});

function pageRoute(page: PageRoute) {
  return createRoute({ getParentRoute: () => (page.bare ? root : shell), path: page.path, component: lazyRouteComponent(page.load) });
}

/** Sends whoever is not signed in to do so, and back afterwards. */
function SignedInOnly() {
  const { session, error, retry } = useSessionState();
  const navigate = useNavigate();
  const here = useLocation({ select: (location) => location.href });
  const wanted = useRef(here);
  useEffect(() => {
    if (!here.startsWith("/sign-in")) wanted.current = here;
  }, [here]);
  useEffect(() => {
    if (session !== null) return;
    const to = wanted.current;
    void navigate({ to: "/sign-in", search: (to === "/" || to === "/prompts" ? {} : { to }) as never, replace: true });
  }, [session, navigate]);
  if (session) return <Shell />;
  return <main className="mx-auto w-full max-w-xl px-4 pt-[16dvh]">{error ? <ErrorState error={error} onRetry={retry} /> : <SkeletonText lines={4} />}</main>;
}

function Pending() {
  return (
    <div className="mx-auto w-full max-w-[1320px] px-4 pt-7 md:px-8">
      <SkeletonText lines={6} />
    </div>
  );
}

function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className="mx-auto w-full max-w-[1320px] px-4 pt-7 md:px-8">
      <ErrorState error={error} title="This page broke" onRetry={reset} />
    </div>
  );
}

function Nowhere() {
  return (
    <main className="mx-auto w-full max-w-[1320px] px-4 pt-7 md:px-8">
      <Page title="There is no such page">
        <p className="mb-4 text-muted">The address may be mistyped, or the page may have moved.</p>
        <ButtonLink to="/prompts">Go to the prompts</ButtonLink>
      </Page>
    </main>
  );
}

export const router = createRouter({
  routeTree: root.addChildren([index, shell.addChildren(pages.filter((page) => !page.bare).map(pageRoute)), ...pages.filter((page) => page.bare).map(pageRoute)]),
  basepath: "/app",
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPendingComponent: Pending,
  defaultPendingMs: 150,
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: Nowhere,
});
