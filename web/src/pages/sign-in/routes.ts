import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/sign-in", bare: true, load: () => import("./SignInPage") },
  { path: "/sign-up", bare: true, load: () => import("./SignUpPage") },
  { path: "/invite", bare: true, load: () => import("./InvitePage") },
  { path: "/reset-password", bare: true, load: () => import("./ResetPage") },
];

export default routes;
