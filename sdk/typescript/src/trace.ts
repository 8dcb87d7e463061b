/** The caller's span, where OpenTelemetry is installed: found where its API puts itself, so that this package need not import it. */

type Active = { active(): unknown };
type Inject = { inject(context: unknown, carrier: Record<string, string>, setter: { set(carrier: Record<string, string>, name: string, value: string): void }): void };

/** Where @opentelemetry/api 1.x registers what an application has set up. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");

/** `traceparent`, and what else the application's propagator sends along; empty where no span is open. */
export function traceHeaders(): Record<string, string> {
  const api = (globalThis as { [REGISTERED]?: { context?: Active; propagation?: Inject } })[REGISTERED];
  const carrier: Record<string, string> = {};
  const context = api?.context?.active();
  if (context === undefined) return carrier;
  api?.propagation?.inject(context, carrier, {
    set(into, name, value) {
      into[name] = value;
    },
  });
  return carrier;
}
