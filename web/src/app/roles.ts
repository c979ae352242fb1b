import type { Me, RoleName } from "../session/api";

export function isA(role: RoleName, me: Me): boolean {
  return me.roles.some((held) => held.role === role);
}

/** Whether somebody sets things up, or checks who does what. */
export function governs(me: Me): boolean {
  return isA("admin", me) || isA("auditor", me) || isA("representative", me);
}

/** Whether somebody reads who did and looked at what. */
export function audits(me: Me): boolean {
  return isA("auditor", me) || isA("representative", me);
}

/** Whether the set-up still waits for this person. */
export function mustSetUp(me: Me): boolean {
  return isA("admin", me) && me.organisation.set_up === false;
}
