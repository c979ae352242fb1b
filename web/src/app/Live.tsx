import { Suspense } from "react";
import { useDispatch } from "react-redux";
import { LivePage } from "../live/LivePage";
import { type Me, sessionApi } from "../session/api";
import { sessionEnded } from "../session/slice";
import { Boundary } from "../ui/Boundary";
import { later } from "../ui/later";
import { PartNote } from "../ui/PartNote";
import type { Store } from "./store";

const panel = later(() => import("../person/PersonPanel").then(({ PersonPanel }) => PersonPanel));
const nobody = later(() => import("./SeesNobody").then(({ SeesNobody }) => SeesNobody));
const unpeopled = later(() => import("./SeesNobody").then(({ SeesEmptyTeams }) => SeesEmptyTeams));

/** The live page, with what it has others do. */
export function Live({ me }: { me: Me }) {
  const dispatch = useDispatch<Store["dispatch"]>();
  return (
    <LivePage
      onSignedOut={() => dispatch(sessionEnded())}
      onUnsure={() => dispatch(checkSession())}
      nobody={
        <Suspense>
          <nobody.Part me={me} />
        </Suspense>
      }
      unpeopled={
        <Suspense>
          <unpeopled.Part me={me} />
        </Suspense>
      }
      panel={(person, live, onClose) => (
        <Boundary of={String(person)} instead={() => <PartNote onClose={onClose} />}>
          <Suspense>
            <panel.Part person={person} live={live} onClose={onClose} />
          </Suspense>
        </Boundary>
      )}
    />
  );
}

/** Asks the hub who is signed in: whoever was signed out elsewhere finds out. */
export function checkSession() {
  return sessionApi.endpoints.me.initiate(undefined, { forceRefetch: true, subscribe: false });
}
