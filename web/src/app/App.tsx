import { type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDispatch, useSelector } from "react-redux";
import { Navigate, Route, Routes, useMatch } from "react-router";
import { api } from "../http/api";
import { dropAhead } from "../live/socket";
import { forgetViewport } from "../live/viewport";
import { forgetWall } from "../live/visited";
import { Boundary } from "../ui/Boundary";
import { Button } from "../ui/Button";
import { later } from "../ui/later";
import { ProblemNote } from "../ui/ProblemNote";
import css from "./App.module.css";
import { Fault } from "./Fault";
import { checkSession } from "./Live";
import { NotFound } from "./NotFound";
import { pagesOf } from "./pages";
import { forgetRecent } from "./recent";
import { Shell } from "./Shell";
import type { RootState, Store } from "./store";

const factorFirst = later(() => import("../account/FactorFirst").then(({ FactorFirst }) => FactorFirst));
const signIn = later(() => import("../session/SignInPage").then(({ SignInPage }) => SignInPage));
const setPassword = later(() => import("../session/SetPasswordPage").then(({ SetPasswordPage }) => SetPasswordPage));

export function App() {
  const { t } = useTranslation();
  const byLink = useMatch("/set-password");
  const session = useSelector((state: RootState) => state.session);
  const dispatch = useDispatch<Store["dispatch"]>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, at the start
  useEffect(() => {
    dispatch(checkSession());
  }, []);
  const [others] = useState(() => new BroadcastChannel("daylight-session"));
  useEffect(() => {
    // Whoever was signed out in another tab finds out at once, elsewhere when they look again.
    const ask = () => dispatch(checkSession());
    const lookedAt = () => document.visibilityState === "visible" && ask();
    others.addEventListener("message", ask);
    document.addEventListener("visibilitychange", lookedAt);
    return () => {
      others.removeEventListener("message", ask);
      document.removeEventListener("visibilitychange", lookedAt);
    };
  }, [dispatch, others]);
  useEffect(() => {
    if (session.status === "out") {
      others.postMessage("out");
      dispatch(api.util.resetApiState());
      forgetRecent();
      forgetViewport();
      forgetWall();
      dropAhead();
    }
  }, [session, dispatch, others]);

  if (byLink) {
    return (
      <Outside>
        <setPassword.Part />
      </Outside>
    );
  }
  if (session.status === "checking") {
    return null; // One request on the way: a skeleton would only flash.
  }
  if (session.status === "unreached") {
    const again = <Button onClick={() => dispatch(checkSession())}>{t("tryAgain")}</Button>;
    return (
      <main className={css.unreached}>
        <ProblemNote problem={session.problem} action={again} />
      </main>
    );
  }
  if (session.status === "out") {
    return (
      <Outside>
        <signIn.Part ended={session.ended} />
      </Outside>
    );
  }
  const { me } = session;
  const wanted = me.factor_wanted && <factorFirst.Part onDone={() => dispatch(checkSession())} />;
  return (
    <Routes>
      <Route element={<Shell me={me} />}>
        {pagesOf(me).map(({ path, below, draw }) => (
          <Route key={path} path={below ? `${path}/*` : path} element={wanted || draw(me)} />
        ))}
        <Route path="sign-in" element={<Navigate to="/" replace />} />
        <Route path="*" element={wanted || <NotFound me={me} />} />
      </Route>
    </Routes>
  );
}

/** Around what is not within the shell. */
function Outside({ children }: { children: ReactNode }) {
  return (
    <Boundary of="sign-in" instead={(fault, again) => <Fault fault={fault} onAgain={again} />}>
      <Suspense>{children}</Suspense>
    </Boundary>
  );
}
