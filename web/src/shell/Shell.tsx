import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { Building2, ChevronsUpDown, Menu as MenuIcon, Search, WifiOff } from "lucide-react";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { standing, tellRefused } from "@/api/client";
import { invalidate, readAgain } from "@/api/hooks";
import { useBackAgain } from "@/api/back-again";
import { MADE_OLD, live, madeOldBy, madeOldByChange, useLiveEvents, useLiveStatus } from "@/api/live";
import { countWord } from "@/api/inbox";
import { useSession, useSessionState } from "@/api/session";
import { Coming, Dialog, SideMenu, useReturningFocus } from "@/kit/Dialog";
import { afterFirstAct, preloadFloats } from "@/kit/floats";
import { Menu, type MenuItem } from "@/kit/Menu";
import { EmptyState } from "@/kit/States";
import { Button } from "@/kit/Button";
import { toastError } from "@/kit/Toast";
import { Whole } from "@/kit/Whole";
import { classes } from "@/lib/classes";
import { initial } from "@/lib/format";
import { later } from "@/lib/later";
import { ALONE } from "@/lib/pages";
import { type ThemeChoice, chooseTheme, useThemeChoice } from "@/lib/theme";
import { keepFocus } from "@/lib/keep-focus";
import { FirstSteps } from "./FirstSteps";
import { FormGuard } from "./FormGuard";
import { InboxLink, useUnread } from "./InboxLink";
import { LeaveGuard } from "./LeaveGuard";
import { Leaving } from "./Leaving";
import { LeftForms } from "./LeftForms";
import { Suspended } from "./Suspended";
import { MOD, useKeys } from "./keys";
import { ACCOUNT, NAV } from "./nav";

const GATHER_MS = 1_000;
/** What lies over the page comes by then at the latest, also where nobody has touched anything. */
const FLOATS_AFTER_MS = 4_000;

// Loaded when it is first opened: nobody waits for it on the first page.
const Palette = later(() => import("./Palette"), { quiet: true });

/** Everything around a page: navigation, ⌘K, the live stream, and a word when the connection is gone. */
export function Shell() {
  const { workspace, user } = useSession();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const [menuOpen, setMenuOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const beforePalette = useReturningFocus(paletteOpen);
  const openPalette = useCallback(() => setPaletteOpen((was) => !was), []);
  const openHelp = useCallback(() => setHelpOpen(true), []);
  useKeys({ palette: openPalette, help: openHelp });
  useBackAgain();
  useLiveWorkspace(workspace?.id ?? null);
  useEffect(() => afterFirstAct(() => void preloadFloats(), FLOATS_AFTER_MS), []);

  useEffect(() => keepFocus(), []);

  const path = useLocation({ select: (location) => location.pathname });
  const arrived = useRef(path);
  // After signing in the form that had the focus is gone. On a page that was just loaded the browser's own beginning stays: the skip link is first.
  useEffect(() => {
    if (standing.hasSignedIn && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
    standing.hasSignedIn = false;
  }, []);
  useEffect(() => {
    setMenuOpen(false);
    if (arrived.current === path) return;
    arrived.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <div className="min-h-dvh md:grid md:grid-cols-[208px_minmax(0,1fr)]">
      <a href="#content" className="sr-only z-80 rounded-m bg-accent px-3 py-2 text-13 text-accent-fg focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        Skip to the content
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-sunken short:overflow-y-auto md:flex">
        <Sidebar openPalette={openPalette} />
      </aside>
      <TopBar open={menuOpen} setOpen={setMenuOpen} openPalette={openPalette} />
      <main id="content" ref={main} tabIndex={-1} className="min-w-0 outline-none">
        <Connection />
        {workspace ? <Suspended /> : null}
        <LeftForms />
        {workspace ? (
          <Outlet key={workspace.id} />
        ) : (
          <div className="p-4 md:p-8">
            <EmptyState icon={<Building2 size={18} />} title="You are not a member of any workspace">
              Ask an admin of your workspace to invite {user.email || "you"}, and open the link while you are signed in here.
            </EmptyState>
          </div>
        )}
      </main>
      {paletteOpen ? (
        <Suspense fallback={<Coming close={() => setPaletteOpen(false)} />}>
          <Palette open onOpenChange={setPaletteOpen} focus={beforePalette} />
        </Suspense>
      ) : null}
      <Help open={helpOpen} onOpenChange={setHelpOpen} />
      <Leaving />
      <Whole />
      <LeaveGuard />
      <FormGuard />
    </div>
  );
}

/** Follows the workspace's events, and has what they made old read again: gathered, so that a burst costs one reading a second. */
function useLiveWorkspace(workspaceId: string | null) {
  const queries = useQueryClient();
  const waiting = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => (workspaceId ? live.follow(workspaceId) : undefined), [workspaceId]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveEvents(["gap", "changed", ...MADE_OLD.map(([begin]) => begin)], (event) => {
    if (event.type === "gap") {
      void readAgain(queries, ({ queryKey }) => queryKey[0] !== "session");
      return;
    }
    const kinds = event.type === "changed" ? (event.data["kinds"] as string[]) : [];
    // What one may do here is another question, with an answer of its own.
    if (kinds.includes("member")) tellRefused();
    for (const path of [...madeOldBy(event.type), ...madeOldByChange(kinds)]) waiting.current.add(path);
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const paths = [...waiting.current];
      waiting.current.clear();
      void invalidate(queries, paths);
    }, GATHER_MS);
  });
}

function Connection() {
  const status = useLiveStatus();
  const queries = useQueryClient();
  const [offline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const look = () => setOffline(!navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  if (status !== "lost" && !offline) return null;
  return (
    <div role="status" className="sticky top-12 z-20 flex flex-wrap items-center justify-between gap-2 border-b border-line bg-warn-soft px-4 py-2 text-13 short:static md:top-0 md:px-8">
      <span className="flex items-center gap-2">
        <WifiOff size={14} aria-hidden className="text-warn" />
        No connection to Burnish. What you see may be old; it comes back by itself.
      </span>
      <Button
        size="s"
        onClick={() => {
          live.wake();
          void queries.invalidateQueries();
        }}
      >
        Try now
      </Button>
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" activeOptions={ALONE} className="flex items-center gap-2 rounded-m text-16 font-semibold tracking-tight">
      <svg viewBox="0 0 20 20" className="size-5" aria-hidden>
        <circle cx="10" cy="10" r="8.5" fill="var(--accent)" />
        <path d="M4.8 8.4a5.6 5.6 0 0 1 4-3.8" fill="none" stroke="var(--accent-fg)" strokeOpacity="0.8" strokeWidth="1.6" strokeLinecap="round" />
      </svg>
      burnish
    </Link>
  );
}

function Sidebar({ openPalette }: { openPalette: () => void }) {
  const { workspace } = useSession();
  return (
    <>
      <div className="flex h-14 shrink-0 items-center px-4.5">
        <Brand />
      </div>
      <div className="flex flex-col gap-2 px-2.5 pb-2">
        <WorkspaceSwitch />
        <button type="button" onClick={openPalette} className="flex h-8 items-center gap-2 rounded-m finger:h-10 border border-line-strong/50 bg-panel px-2.5 text-13 text-muted hover:border-line-strong">
          <Search size={14} aria-hidden />
          <span>Search</span>
          <kbd className="ml-auto shrink-0 font-sans text-12 whitespace-nowrap finger:hidden">{MOD}K</kbd>
        </button>
        {workspace ? <InboxLink key={workspace.id} /> : null}
      </div>
      <Nav />
      <div className="border-t border-line p-2.5">
        {workspace ? <FirstSteps key={workspace.id} workspaceId={workspace.id} /> : null}
        <Account />
      </div>
    </>
  );
}

function Nav() {
  return (
    <nav aria-label="Main" className="min-h-0 flex-1 overflow-y-auto px-2.5 pb-4 short:flex-none short:overflow-visible">
      {NAV.map((group) => (
        <div key={group.label} className="mt-3 first:mt-1">
          <h2 className="px-2 pb-1 text-12 font-medium text-muted">{group.label}</h2>
          <ul>
            {group.items.map((item) => (
              <li key={item.to}>
                <NavLink to={item.to} also={"also" in item ? item.also : undefined}>
                  <item.icon size={15} strokeWidth={1.75} aria-hidden className="shrink-0" />
                  {item.label}
                </NavLink>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function NavLink({ to, also = [], children }: { to: string; also?: readonly string[]; children: React.ReactNode }) {
  const here = useLocation({ select: ({ pathname }) => [to, ...also].some((one) => pathname === one || pathname.startsWith(`${one}/`)) });
  return (
    <Link
      to={to}
      preload="intent"
      aria-current={here ? "page" : undefined}
      className={classes("flex h-7.5 items-center gap-2.5 finger:h-10 rounded-m px-2 text-14", here ? "bg-accent-soft font-medium text-accent" : "text-muted hover:bg-line/60 hover:text-fg")}
    >
      {children}
    </Link>
  );
}

function WorkspaceSwitch() {
  const { workspaces, workspace, role } = useSession();
  const { choose } = useSessionState();
  const own = workspaces.filter((one) => one.role);
  const items: MenuItem[] = [
    { heading: "Workspaces" },
    ...own.map((one): MenuItem => ({ key: one.id, label: one.name, hint: `${one.organization_name} · ${one.role ?? ""}`, checked: one.id === workspace?.id, onSelect: () => choose(one.id) })),
  ];
  return (
    <Menu
      label="Workspace"
      align="start"
      items={items}
      trigger={
        <button type="button" className="flex h-9 items-center gap-2 rounded-m px-2 text-left hover:bg-line/60">
          <span aria-hidden className="grid size-5 shrink-0 place-items-center rounded-s bg-accent-soft text-12 font-semibold text-accent">
            {initial(workspace?.name ?? "")}
          </span>
          <span className="min-w-0 flex-1 truncate text-13 font-medium">{workspace?.name ?? "No workspace"}</span>
          <span className="text-12 text-muted">{role === "viewer" ? "viewer" : ""}</span>
          <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
        </button>
      }
    />
  );
}

const THEMES: readonly { value: ThemeChoice; label: string }[] = [
  { value: "system", label: "Theme of the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

function Account() {
  const { user } = useSession();
  const { signOut } = useSessionState();
  const navigate = useNavigate();
  const theme = useThemeChoice();
  const items: MenuItem[] = [
    { heading: user.email ?? user.name },
    ...ACCOUNT.map((item): MenuItem => ({ label: item.label, onSelect: () => void navigate({ to: item.to }) })),
    "-",
    { heading: "Theme" },
    ...THEMES.map((one): MenuItem => ({ label: one.label, checked: theme === one.value, onSelect: () => chooseTheme(one.value) })),
    "-",
    { label: "Sign out", onSelect: () => void signOut().catch(toastError) },
  ];
  return (
    <Menu
      label="Account"
      align="start"
      side="top"
      items={items}
      trigger={
        <button type="button" className="flex h-9 w-full items-center gap-2 rounded-m px-2 text-left hover:bg-line/60">
          <span aria-hidden className="grid size-5 shrink-0 place-items-center rounded-full bg-line text-12 font-semibold text-fg">
            {initial(user.name)}
          </span>
          <span className="min-w-0 flex-1 truncate text-13">{user.name}</span>
          <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
        </button>
      }
    />
  );
}

/** Below 900 px the sidebar is a menu. */
function TopBar({ open, setOpen, openPalette }: { open: boolean; setOpen: (open: boolean) => void; openPalette: () => void }) {
  const { workspace } = useSession();
  const unread = useUnread(workspace !== null);
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-1 border-b border-line bg-sunken px-2 short:static md:hidden">
      <button type="button" className="relative grid size-9 place-items-center rounded-m" aria-label={unread > 0 ? `Menu, ${countWord(unread)} unread in the inbox` : "Menu"} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(true)}>
        <MenuIcon size={18} aria-hidden />
        {unread > 0 ? <span aria-hidden className="absolute top-1 right-1 size-2 rounded-full bg-accent" /> : null}
      </button>
      <SideMenu open={open} onOpenChange={setOpen} title="Menu">
        <Sidebar
          openPalette={() => {
            setOpen(false);
            openPalette();
          }}
        />
      </SideMenu>
      <Brand />
      <button type="button" aria-label="Search or jump" onClick={openPalette} className="ml-auto grid size-9 place-items-center rounded-m">
        <Search size={18} aria-hidden />
      </button>
    </header>
  );
}

const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  [`${MOD}K`, "Search or jump"],
  ["/", "Search this list"],
  ["↑ ↓", "Up and down in a list or a chart"],
  ["Enter", "Open"],
  ["x", "Choose a row, where rows can be chosen"],
  ["Shift ↑ ↓", "Choose more of them"],
  [`${MOD}Enter`, "Run, or send a form"],
  [`${MOD}S`, "Save"],
  ["F8", "Go to the newest message's Undo, and back"],
  [`${MOD}Z`, "Press that Undo, where you do not write"],
  ["Esc", "Close"],
  ["?", "This help"],
];

function Help({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const jumps = [...NAV.flatMap((group) => group.items), ...ACCOUNT];
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard">
      <dl className="grid grid-cols-[5.5rem_1fr] gap-y-1.5 text-13">
        {[...SHORTCUTS, ...jumps.map((one) => [`g ${one.jump}`, one.label] as const)].map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded-s border border-line bg-sunken px-1.5 py-0.5 font-sans text-12">{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
