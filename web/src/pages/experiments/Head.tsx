import type { ReactNode } from "react";
import { NavTabs, Page } from "@/kit";

const TABS = [
  { to: "/experiments", label: "Experiments", exact: true },
  { to: "/experiments/backtests", label: "Backtests" },
  { to: "/experiments/settings", label: "Settings" },
] as const;

export function Head({ title, subtitle, actions, children }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title={title} subtitle={subtitle} actions={actions}>
      <NavTabs label="Experiments" tabs={TABS} />
      {children}
    </Page>
  );
}
