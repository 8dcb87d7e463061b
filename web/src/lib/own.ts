/** What stands under a name that somebody gave, such as that of a variable: `constructor` and others are in every object, and nobody put them there. */
export function own<T>(of: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined {
  return of && Object.hasOwn(of, name) ? of[name] : undefined;
}
