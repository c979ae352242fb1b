/** What is set of a person by themselves or by an admin. */
import type { Hours } from "../forms/hours";

export type Locale = "en" | "ar";

export interface HeldZone {
  zone: string;
  /** `null`: ever since. It may be to come. */
  since_at: string | null;
  until_at: string | null;
}

export interface About {
  name: string;
  email: string;
  zone: string;
  locale: Locale | null;
  working_hours: Hours | null;
  /** Newest first. */
  zones: HeldZone[];
  version: number;
}

/** Their address is an admin's to change. */
export type AboutForm = Omit<About, "zones">;
