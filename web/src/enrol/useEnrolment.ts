import { useEffect, useRef } from "react";
import type { Problem } from "../http/request";
import { useNow } from "../ui/useNow";
import { type Device, type EnrolmentCode, useDevicesQuery, useMakeCodeMutation } from "./api";

const POLL_MS = 2_000;
/** Codes of the web last ten minutes. */
const LIFE_MAX_S = 600;

export interface OneTimeCode {
  /** The code to use; none before it came and after it ran out. */
  code: EnrolmentCode | undefined;
  /** What to run on the computer. */
  command: string;
  leftS: number;
  expired: boolean;
  making: boolean;
  problem: Problem | undefined;
  makeCode: () => void;
}

export interface Enrolment extends OneTimeCode {
  devices: Device[] | undefined;
  /** The device that came since this was opened. */
  enrolled: Device | undefined;
}

/** Makes a one-time code at once, and waits for the device that uses it. */
export function useEnrolment(): Enrolment {
  const [make, made] = useMakeCodeMutation();
  const oneTime = useOneTimeCode(() => void make(), made);
  const { data: devices } = useDevicesQuery(undefined, { pollingInterval: POLL_MS, refetchOnMountOrArgChange: true });
  const before = useRef<Set<string> | null>(null);

  if (devices && before.current === null) {
    before.current = new Set(devices.map((device) => device.id));
  }
  return {
    ...oneTime,
    devices,
    enrolled: devices?.find((device) => !before.current?.has(device.id) && !device.revoked_at),
  };
}

interface Made {
  data?: EnrolmentCode | undefined;
  fulfilledTimeStamp?: number | undefined;
  error?: unknown;
  isLoading: boolean;
}

/** Asks for a code at once, and counts its time down. */
export function useOneTimeCode(makeCode: () => void, made: Made): OneTimeCode {
  const now = useNow(1000);
  const { data: code, fulfilledTimeStamp, error, isLoading } = made;
  const asked = useRef(false);

  useEffect(() => {
    if (!asked.current) {
      asked.current = true;
      makeCode();
    }
  }, [makeCode]);

  const came = fulfilledTimeStamp ?? now;
  const leftS = code ? lifeS(code, came) - Math.max(0, now - came) / 1000 : 0;
  return {
    code: leftS > 0 ? code : undefined,
    command: code?.command || `daylight agent enrol --hub ${location.origin} ${code?.code ?? ""}`,
    leftS,
    expired: code !== undefined && leftS <= 0,
    making: isLoading,
    problem: error as Problem | undefined,
    makeCode,
  };
}

/** How long the code had when it came. A figure that cannot be (this computer's clock is wrong) is not believed. */
function lifeS(code: EnrolmentCode, cameAtMs: number): number {
  const s = (Date.parse(code.expires_at) - cameAtMs) / 1000;
  return s > 0 && s < LIFE_MAX_S ? s : LIFE_MAX_S;
}
