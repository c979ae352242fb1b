import type { Me, RoleName } from "../session/api";

export function isA(role: RoleName, me: Me): boolean {
  return me.roles.some((held) => held.role === role);
}

/** Whether the set-up still waits for this person. */
export function mustSetUp(me: Me): boolean {
  return isA("admin", me) && me.organisation.set_up === false;
}
