/** Forms that stand open over the page. Going back or forward would take them away, with what was written in them. */

export type OpenForm = {
  title: () => string;
  isWritten: () => boolean;
  /** It was sent, and its answer is awaited: it stays, and says so. False where it may go. */
  hold: () => boolean;
};

const open = new Set<OpenForm>();

/** Returns what takes it out again. */
export function formOpens(form: OpenForm): () => void {
  open.add(form);
  return () => void open.delete(form);
}

/** Whether one of them has to stay; it has said so then. */
export function holdForms(): boolean {
  return [...open].some((form) => form.hold());
}

/** The title of one in which something was written. */
export function writtenForm(): string | null {
  return [...open].find((form) => form.isWritten())?.title() ?? null;
}
