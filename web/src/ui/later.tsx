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
  const attempt = () =>
    load().catch((cause: unknown) => {
      throw new PartMissing("A part of the application can't be loaded.", { cause });
    });
  const Part = lazy(async () => ({ default: await attempt() }) as { default: ComponentType<object> });
  return {
    Part: Part as unknown as ComponentType<Props>,
    ahead: () => {
      attempt().catch(() => {}); // Said when it is needed.
    },
  };
}
