import type { Model } from "@/api/models";

/** Models with all the typed words in name, title or provider. */
export function matching(models: readonly Model[], typed: string): readonly Model[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? models : models.filter((one) => words.every((word) => `${one.id} ${one.display_name} ${one.provider}`.toLowerCase().includes(word)));
}
