import { Check, Ellipsis } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "@/lib/classes";
import { IconButton } from "./Button";

export type MenuItem =
  | { label: ReactNode; onSelect: () => void; icon?: ReactNode; danger?: boolean; disabled?: boolean; checked?: boolean; hint?: ReactNode; key?: string }
  | { heading: string }
  | "-";

/** A list of acts. Without `trigger` it opens by a button of three dots that is called `label`. */
export function Menu({ label, items, trigger, align = "end", side }: { label: string; items: readonly MenuItem[]; trigger?: ReactNode; align?: "start" | "end"; side?: "top" | "bottom" }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild aria-label={trigger ? undefined : label}>
        {trigger ?? <IconButton label={label} size="s" icon={<Ellipsis size={16} aria-hidden />} />}
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align={align} side={side} sideOffset={4} collisionPadding={8} aria-label={label} className="appear z-60 max-h-(--radix-dropdown-menu-content-available-height) max-w-80 min-w-44 overflow-y-auto rounded-l bg-panel p-1 shadow-float">
          {items.map((item, index) => {
            if (item === "-") return <Radix.Separator key={`line-${index}`} className="my-1 h-px bg-line" />;
            if ("heading" in item) {
              return (
                <Radix.Label key={item.heading} className="px-2 pt-1.5 pb-1 text-12 text-muted">
                  {item.heading}
                </Radix.Label>
              );
            }
            return (
              <Radix.Item
                key={item.key ?? (typeof item.label === "string" ? item.label : index)}
                disabled={item.disabled}
                onSelect={item.onSelect}
                className={classes(
                  "flex min-h-8 cursor-pointer items-center gap-2 rounded-m px-2 py-1 text-13 outline-none data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-sunken",
                  item.danger && "text-bad",
                )}
              >
                {item.icon ? <span className={item.danger ? "" : "text-muted"}>{item.icon}</span> : null}
                <span className="min-w-0 flex-1">
                  <span className="block truncate">{item.label}</span>
                  {item.hint ? <span className="block text-12 text-muted">{item.hint}</span> : null}
                </span>
                {item.checked ? <Check size={14} aria-label="chosen" className="text-accent" /> : null}
              </Radix.Item>
            );
          })}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
