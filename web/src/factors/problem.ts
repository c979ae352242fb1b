import type { Problem } from "../http/request";
import { i18n } from "../i18n/i18n";

/** In words of the page's own what a wrong password or code is, and how long a wait. It is nothing to report to an admin. */
export function wordedProblem(problem: Problem): Problem {
  const { request_id, detail, ...rest } = problem;
  if (problem.status === 429 && problem.retry_after_s) {
    return { ...rest, title: i18n.t("account:wait", { count: problem.retry_after_s }) };
  }
  if (problem.status === 400 && problem.field === "code") {
    return { ...rest, title: i18n.t("account:wrongCode") };
  }
  if (
    problem.status === 400 &&
    (problem.field === "current" || problem.title.startsWith("This is not your password"))
  ) {
    return { ...rest, title: i18n.t("account:wrongPassword") };
  }
  if (problem.status === 400 && problem.field === "password" && !problem.code) {
    return { ...rest, title: i18n.t("account:password.length") };
  }
  return problem;
}
