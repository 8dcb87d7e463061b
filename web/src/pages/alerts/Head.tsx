import type { ReactNode } from "react";
import { NavTabs, Page } from "@/kit";

const TABS = [
  { to: "/alerts", label: "Alerts", exact: true },
  { to: "/alerts/rules", label: "Rules" },
  { to: "/alerts/channels", label: "Channels" },
  { to: "/alerts/mutes", label: "Mutes" },
] as const;

export function Head({ title, subtitle, actions, children }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title={title} subtitle={subtitle} actions={actions}>
      <NavTabs label="Alerts" tabs={TABS} />
      {children}
    </Page>
  );
}
