import type { ReactNode } from "react";
import { NavTabs, Page } from "@/kit";
import { EVALUATION_TABS } from "@/pages/test-runs/tabs";

/** The frame of every list of evaluation: one heading, and the way to the others. */
export function Head({ title, subtitle, actions, children }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title={title} subtitle={subtitle} actions={actions}>
      <NavTabs label="Test runs" tabs={EVALUATION_TABS} />
      {children}
    </Page>
  );
}
