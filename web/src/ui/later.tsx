import { type ComponentType, lazy } from "react";

/** A part of the application could not be loaded: a newer version was put in its place, or the connection is gone. */
export class PartMissing extends Error {
  override name = "PartMissing";
}

type Load<Props> = () => Promise<ComponentType<Props>>;

/**
 * A component that is loaded when it is first drawn; `ahead` begins before. Stands within a `Suspense`, and within a `Boundary` that
 * says so when it can't be had (`PartMissing`).
 */
export function later<Props>(load: Load<Props>) {
  let here: ComponentType<Props> | null = null;
  const attempt = async () => {
    try {
      here = await load();
      return { default: here as ComponentType<object> };
    } catch (cause) {
      throw new PartMissing("A part of the application can't be loaded.", { cause });
    }
  };
  const Part = lazy(() => (here ? atOnce({ default: here as ComponentType<object> }) : attempt()));
  return {
    Part: Part as unknown as ComponentType<Props>,
    ahead: () => {
      attempt().catch(() => {}); // Said when it is needed.
    },
  };
}

/** What is here already is drawn at once: React lets 300 ms pass before it shows what it had to wait for, however short that was. */
function atOnce<Value>(value: Value): Promise<Value> {
  // biome-ignore lint/suspicious/noThenProperty: all that `lazy` asks of a promise
  return { then: (done: (value: Value) => void) => done(value) } as Promise<Value>;
}
