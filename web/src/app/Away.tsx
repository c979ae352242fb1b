import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useDispatch } from "react-redux";
import { useReach } from "../http/reach";
import { Icon } from "../ui/Icon";
import css from "./Away.module.css";
import { checkSession } from "./Live";
import type { Store } from "./store";

const AGAIN_MS = 5_000;

/** Says that there is no connection, tries by itself, and goes when it is back. How old a picture is, the page itself says. */
export function Away() {
  const { t } = useTranslation("shell");
  const dispatch = useDispatch<Store["dispatch"]>();
  const online = useSyncExternalStore(listen, () => navigator.onLine);
  const answered = useReach();
  const away = !online || !answered;

  useEffect(() => {
    if (online && !answered) {
      const timer = setInterval(() => dispatch(checkSession()), AGAIN_MS);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [online, answered, dispatch]);

  return (
    <div role="status">
      {away && (
        <div className={css.away}>
          <Icon name="offline" className={css.icon} />
          <p>
            <b>{online ? t("away.unreached") : t("away.offline")}</b> {t("away.words")}
          </p>
          <button type="button" className={css.again} onClick={() => dispatch(checkSession())}>
            {t("away.try")}
          </button>
        </div>
      )}
    </div>
  );
}

function listen(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}
