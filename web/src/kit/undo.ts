import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { invalidate } from "@/api/hooks";
import { type ToastAction, UNDO, toast, toastError } from "./Toast";

/** What an Undo does, also where the dialog or page that offered it is long gone: a mutation of a component that is away tells nobody whether it
 * failed. `const undo = useUndo(["/v1/members"]); toast("…", undo(() => change("patch", …), "… is editor again"))`. */
export function useUndo(begins: readonly string[]): (back: () => Promise<unknown>, said: string) => ToastAction {
  const queries = useQueryClient();
  const paths = begins.join(" ");
  return useMemo(
    () => (back, said) => ({
      label: UNDO,
      run: () =>
        void back()
          .then(() => toast(said), toastError)
          .finally(() => void invalidate(queries, paths.split(" "))),
    }),
    [queries, paths],
  );
}
