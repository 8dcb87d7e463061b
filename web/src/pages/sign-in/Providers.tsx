import { hostOf, oidcStart } from "./target";

/** A way to each provider of the installation; from there the browser comes back to `target`. Nothing where there is none. */
export function Providers({ names, target, onLeave }: { names: readonly string[]; target: string; onLeave: () => void }) {
  if (names.length === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      {names.map((name) => (
        <a key={name} href={oidcStart(target)} onClick={onLeave} className="inline-flex h-8 items-center justify-center rounded-m border border-line-strong/50 bg-panel px-3 text-13 font-medium hover:bg-sunken finger:h-10">
          Continue with {hostOf(name)}
        </a>
      ))}
    </div>
  );
}
