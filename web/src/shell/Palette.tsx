import { useNavigate } from "@tanstack/react-router";
import { Command as Cmdk } from "cmdk";
import { CornerDownLeft, FileText, Hash, Moon, Search } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useDeferredValue, useRef, useState } from "react";
import { useRead } from "@/api/hooks";
import { useSessionState } from "@/api/session";
import type { useReturningFocus } from "@/kit/Dialog";
import { toastError } from "@/kit/Toast";
import { useAboveKeyboard } from "@/lib/above-keyboard";
import { chooseTheme, useShownTheme } from "@/lib/theme";
import { parseSearch } from "@/lib/url-state";
import { type Command, useOfferedCommands } from "./commands";
import { ACCOUNT, NAV, PLACES } from "./nav";

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** ⌘K: jumps to a page, a prompt or a run by its id, and does what the page on screen can do. `focus`: where it was, which only who is there before
 * this is loaded knows. */
export default function Palette({ open, onOpenChange, focus }: { open: boolean; onOpenChange: (open: boolean) => void; focus: ReturnType<typeof useReturningFocus> }) {
  const hasLeft = useRef(false);
  // What had the focus belongs to the page before: it goes where a link would have put it.
  const onCloseAutoFocus = (event: Event) => {
    if (!hasLeft.current) return focus.onCloseAutoFocus(event);
    event.preventDefault();
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  };
  const place = useAboveKeyboard(open);
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Dialog.Content onCloseAutoFocus={onCloseAutoFocus} aria-describedby={undefined} style={place} className="appear fixed top-[12dvh] left-1/2 z-50 w-[calc(100vw-32px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-l bg-panel shadow-float">
          <Dialog.Title className="sr-only">Search or jump</Dialog.Title>
          <Found close={() => onOpenChange(false)} onLeave={() => (hasLeft.current = true)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Found({ close, onLeave }: { close: () => void; onLeave: () => void }) {
  const [typed, setTyped] = useState("");
  const wanted = useDeferredValue(typed.trim());
  const navigate = useNavigate();
  const offered = useOfferedCommands();
  const theme = useShownTheme();
  const { session, choose, signOut } = useSessionState();
  const prompts = useRead("/v1/prompts", { query: { q: wanted || undefined, limit: 8 } }, { staleTime: 10_000 });

  const act = (run: () => void) => () => {
    close();
    run();
  };
  const go = (to: string) =>
    act(() => {
      onLeave();
      const [path, search = ""] = to.split("?");
      void navigate({ to: path, search: parseSearch(search) as never });
    });
  const others = (session?.workspaces ?? []).filter((one) => one.role && one.id !== session?.workspace?.id);

  return (
    <Cmdk label="Search or jump" className="flex max-h-[inherit] flex-col" loop filter={(value, search, keywords) => (matches(value, search) || keywords?.some((word) => matches(word, search)) ? 1 : 0)}>
      <div className="flex shrink-0 items-center gap-2.5 border-b border-line px-4">
        <Search size={16} aria-hidden className="shrink-0 text-muted" />
        <Cmdk.Input autoFocus value={typed} onValueChange={setTyped} placeholder="Search prompts, pages, acts; or paste a run's id" className="h-12 w-full bg-transparent text-14 outline-none" />
      </div>
      <Cmdk.List className="max-h-[52dvh] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-12 [&_[cmdk-group-heading]]:text-muted">
        <Cmdk.Empty className="px-3 py-6 text-center text-13 text-muted">Nothing is called like that.</Cmdk.Empty>
        {ID.test(wanted) ? (
          <Cmdk.Group heading="By id">
            <Item value={wanted} label={`Open run ${wanted}`} icon={<Hash size={14} aria-hidden />} onSelect={go(`/runs/${wanted}`)} />
          </Cmdk.Group>
        ) : null}
        {offered.length > 0 ? (
          <Cmdk.Group heading="Here">
            {offered.map((one: Command) => (
              <Item key={one.id} value={`here ${one.label}`} label={one.label} icon={one.icon ?? <CornerDownLeft size={14} aria-hidden />} keys={one.keys} keywords={one.keywords} onSelect={act(one.run)} />
            ))}
          </Cmdk.Group>
        ) : null}
        {prompts.data && prompts.data.data.length > 0 ? (
          <Cmdk.Group heading="Prompts">
            {prompts.data.data.map((one) => (
              <Item key={one.id} value={`prompt ${one.slug}`} label={one.slug} hint={one.name === one.slug ? undefined : one.name} mono icon={<FileText size={14} aria-hidden />} keywords={[one.name, wanted]} onSelect={go(`/prompts/${one.slug}`)} />
            ))}
          </Cmdk.Group>
        ) : null}
        <Cmdk.Group heading="Pages">
          {NAV.flatMap((group) => group.items).map((item) => (
            <Item key={item.to} value={item.label} label={item.label} icon={<item.icon size={14} aria-hidden />} keys={`g ${item.jump}`} onSelect={go(item.to)} />
          ))}
          {ACCOUNT.map((item) => (
            <Item key={item.to} value={item.label} label={item.label} keys={`g ${item.jump}`} onSelect={go(item.to)} />
          ))}
          {wanted === "" ? null : PLACES.filter((item) => !item.isOperators || session?.user.is_operator).map((item) => <Item key={item.to} value={`${item.label} ${item.hint}`} label={item.label} hint={item.hint} keywords={[[item.label, item.hint, ...(item.keywords ?? [])].join(" ")]} onSelect={go(item.to)} />)}
        </Cmdk.Group>
        <Cmdk.Group heading="Account">
          {others.map((one) => (
            <Item key={one.id} value={`workspace ${one.name} ${one.id}`} label={`Go to workspace ${one.name}`} hint={one.organization_name} onSelect={act(() => choose(one.id))} />
          ))}
          <Item value="theme dark light" label={theme === "dark" ? "Use the light theme" : "Use the dark theme"} icon={<Moon size={14} aria-hidden />} onSelect={act(() => chooseTheme(theme === "dark" ? "light" : "dark"))} />
          <Item value="sign out" label="Sign out" onSelect={act(() => void signOut().catch(toastError))} />
        </Cmdk.Group>
      </Cmdk.List>
    </Cmdk>
  );
}

function matches(value: string, search: string): boolean {
  const text = value.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Item({ value, label, hint, icon, keys, keywords, mono, onSelect }: { value: string; label: string; hint?: string; icon?: ReactNode; keys?: string; keywords?: string[]; mono?: boolean; onSelect: () => void }) {
  return (
    <Cmdk.Item value={value} keywords={keywords} onSelect={onSelect} className="flex h-9 cursor-pointer finger:h-10 items-center gap-2.5 rounded-m px-2.5 text-13 data-[selected=true]:bg-accent-soft">
      <span className="grid size-4 shrink-0 place-items-center text-muted">{icon}</span>
      <span className={mono ? "shrink-0 font-mono" : "truncate"}>{label}</span>
      {hint ? <span className="truncate text-12 text-muted">{hint}</span> : null}
      {keys ? <kbd className="ml-auto shrink-0 font-sans text-12 text-muted">{keys}</kbd> : null}
    </Cmdk.Item>
  );
}
