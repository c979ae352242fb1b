import Button from "@mui/material/Button";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useDispatch, useSelector } from "react-redux";
import { Navigate, Route, Routes, useNavigate } from "react-router";
import { api } from "../http/api";
import { LivePage } from "../live/LivePage";
import { type Me, sessionApi } from "../session/api";
import { sessionEnded } from "../session/slice";
import { noteOffered, wasOffered } from "../setup/offer";
import { Empty } from "../ui/Empty";
import { ProblemNote } from "../ui/ProblemNote";
import css from "./App.module.css";
import { isA, mustSetUp } from "./roles";
import { SeesEmptyTeams, SeesNobody } from "./SeesNobody";
import { Shell } from "./Shell";
import type { RootState, Store } from "./store";

const SignInPage = lazy(() => import("../session/SignInPage").then((module) => ({ default: module.SignInPage })));
const SetUpPage = lazy(() => import("../setup/SetUpPage").then((module) => ({ default: module.SetUpPage })));
const DevicesPage = lazy(() => import("../devices/DevicesPage").then((module) => ({ default: module.DevicesPage })));
const PersonPanel = lazy(() => import("../person/PersonPanel").then((module) => ({ default: module.PersonPanel })));
const MyDataPage = lazy(() => import("../mydata/MyDataPage").then((module) => ({ default: module.MyDataPage })));

export function App() {
  const { t } = useTranslation();
  const session = useSelector((state: RootState) => state.session);
  const dispatch = useDispatch<Store["dispatch"]>();
  const checkSession = () =>
    dispatch(sessionApi.endpoints.me.initiate(undefined, { forceRefetch: true, subscribe: false }));
  const signedOut = session.status === "out";

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, at the start
  useEffect(() => {
    checkSession();
  }, []);
  useEffect(() => {
    if (signedOut) {
      dispatch(api.util.resetApiState());
    }
  }, [signedOut, dispatch]);

  if (session.status === "checking") {
    return null; // One request on the way: a skeleton would only flash.
  }
  if (session.status === "unreached") {
    return (
      <main className={css.unreached}>
        <ProblemNote problem={session.problem} action={<Button onClick={checkSession}>{t("tryAgain")}</Button>} />
      </main>
    );
  }
  if (session.status === "out") {
    return (
      <Suspense>
        <SignInPage ended={session.ended} />
      </Suspense>
    );
  }
  return (
    <Suspense>
      <Routes>
        <Route element={<Shell me={session.me} />}>
          <Route
            index
            element={<Home me={session.me} onSignedOut={() => dispatch(sessionEnded())} onRefused={checkSession} />}
          />
          <Route
            path="devices"
            element={
              <DevicesPage
                zone={session.me.organisation.zone}
                admin={isA("admin", session.me)}
                demo={session.me.organisation.demo}
              />
            }
          />
          <Route
            path="set-up"
            element={isA("admin", session.me) ? <SetUp me={session.me} onChanged={checkSession} /> : <NotFound />}
          />
          <Route path="my-data" element={<MyDataPage person={session.me.id} />} />
          <Route path="sign-in" element={<Navigate to="/" replace />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </Suspense>
  );
}

function SetUp({ me, onChanged }: { me: Me; onChanged: () => Promise<unknown> }) {
  const navigate = useNavigate();
  useEffect(() => noteOffered(me.id), [me.id]);
  return <SetUpPage admin={me} onChanged={onChanged} onLive={() => navigate("/")} />;
}

function Home({ me, ...events }: { me: Me; onSignedOut: () => void; onRefused: () => void }) {
  if (mustSetUp(me) && !wasOffered(me.id)) {
    return <Navigate to="/set-up" replace />;
  }
  return (
    <LivePage
      {...events}
      nobody={<SeesNobody me={me} />}
      unpeopled={<SeesEmptyTeams me={me} />}
      panel={(person, live, onClose) => (
        <Suspense>
          <PersonPanel person={person} live={live} onClose={onClose} />
        </Suspense>
      )}
    />
  );
}

function NotFound() {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  return (
    <Empty
      icon="search"
      title={t("missing.title")}
      action={<Button onClick={() => navigate("/")}>{t("missing.back")}</Button>}
    >
      {t("missing.words")}
    </Empty>
  );
}
