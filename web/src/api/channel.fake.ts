/** A BroadcastChannel for tests, where all tabs live in one: the others of its name hear what one says, later, and never itself. */
export class FakeChannel extends EventTarget {
  static open = new Set<FakeChannel>();

  constructor(readonly name: string) {
    super();
    FakeChannel.open.add(this);
  }

  postMessage(data: unknown) {
    const said: unknown = structuredClone(data);
    for (const other of FakeChannel.open) {
      if (other === this || other.name !== this.name) continue;
      void Promise.resolve().then(() => (FakeChannel.open.has(other) ? other.dispatchEvent(new MessageEvent("message", { data: said })) : undefined));
    }
  }

  close() {
    FakeChannel.open.delete(this);
  }
}
