import { proof } from "./proof";
import { type Problem, request } from "./request";

/** Minutes, for a file of any size. */
const LIMIT_MS = 600_000;

/** Has the browser save what the hub answers as a file, under its name. Returns what went wrong, if something did. */
export async function download(path: string): Promise<Problem | undefined> {
  const call = { path, file: true, limitMs: LIMIT_MS } as const;
  let outcome = await request(call);
  if ("error" in outcome && outcome.error.code === "fresh_proof" && (await proof())) {
    outcome = await request(call);
  }
  if ("error" in outcome) {
    return outcome.error;
  }
  const url = URL.createObjectURL(outcome.data as File);
  const link = document.createElement("a");
  link.href = url;
  link.download = (outcome.data as File).name;
  link.click();
  URL.revokeObjectURL(url);
  return undefined;
}
