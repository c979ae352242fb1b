import { useTranslation } from "react-i18next";
import { Bar } from "../ui/Bar";
import { Button } from "../ui/Button";
import { Empty } from "../ui/Empty";
import { PartMissing } from "../ui/later";
import { RequestId } from "../ui/ProblemNote";
import css from "./Fault.module.css";

/** In place of a page that failed: what happened, the way on, and the number to quote if the hub had a part in it. */
export function Fault({ fault, onAgain }: { fault: unknown; onAgain: () => void }) {
  const { t } = useTranslation(["shell", "ui"]);
  const newer = fault instanceof PartMissing;
  const id = requestOf(fault);
  const title = newer ? t("fault.newer") : t("fault.title");
  return (
    <>
      <Bar title={title} />
      <main className={css.page}>
        <div role="alert">
          <Empty
            icon="attention"
            title={title}
            action={
              <div className={css.acts}>
                <Button primary onClick={newer ? () => location.reload() : onAgain}>
                  {newer ? t("ui:part.reload") : t("ui:tryAgain")}
                </Button>
                {id && <RequestId id={id} />}
              </div>
            }
          >
            {newer ? t("fault.newerWords") : t("fault.words")}
          </Empty>
        </div>
      </main>
    </>
  );
}

/** A problem of the hub's that a page threw carries the number of its request. */
function requestOf(fault: unknown): string | null {
  const id = typeof fault === "object" && fault !== null && "request_id" in fault ? fault.request_id : null;
  return typeof id === "string" ? id : null;
}
