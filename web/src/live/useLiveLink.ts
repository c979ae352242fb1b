import { useEffect, useEffectEvent } from "react";
import { useDispatch } from "react-redux";
import { noteReach } from "../http/reach";
import type { ToViewer } from "../wire.gen";
import { Acks } from "./acks";
import { ACCESS_CHANGED } from "./closing";
import { framesDrawn, type Heard, linkChanged } from "./slice";
import { openLive } from "./socket";
import { addressOf, rememberViewport, wanted } from "./viewport";

export interface LiveLinkEvents {
  /** The hub ended this session. */
  onSignedOut: () => void;
  /** Who is signed in, and what is theirs, is to be asked anew: that changed, or the connection was not accepted, of which a browser is not told why. */
  onUnsure: () => void;
}

/** A covered window may get no animation frames and yet not call itself hidden; the hub cuts off whoever acks nothing for 8 s. */
const UNPAINTED_MAX_MS = 1_000;

/**
 * Keeps the live socket open while mounted. Frames are gathered and drawn once per animation frame, then acked. They are taken as they
 * come while snapshots do, since the hub waits for acks before it sends more of them, and in a hidden page, which has no animation frames.
 * `attempt` opens a new socket when it changes.
 */
export function useLiveLink(attempt: number, events: LiveLinkEvents): void {
  const dispatch = useDispatch();
  const signedOut = useEffectEvent(events.onSignedOut);
  const unsure = useEffectEvent(events.onUnsure);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt means another socket
  useEffect(() => {
    let heard: Heard[] = [];
    let acks = new Acks(Date.now());
    let drawing = 0;
    let unpainted: ReturnType<typeof setTimeout> | undefined;

    function draw() {
      cancelAnimationFrame(drawing);
      clearTimeout(unpainted);
      drawing = 0;
      if (heard.length === 0) {
        return;
      }
      const drawn = heard;
      heard = [];
      dispatch(framesDrawn(drawn));
      for (const { frame } of drawn) {
        acks.drawn(frame);
      }
      for (const ack of acks.due(Date.now())) {
        socket.send(ack);
      }
    }

    function frame(received: ToViewer, atMs: number) {
      heard.push({ frame: received, atMs });
      if (document.hidden || received.t === "snapshot") {
        draw();
      } else if (!drawing) {
        drawing = requestAnimationFrame(draw);
        unpainted = setTimeout(draw, UNPAINTED_MAX_MS);
      }
    }

    const socket = openLive(addressOf(location), {
      connecting: () => dispatch(linkChanged("connecting")),
      open: (told) => {
        noteReach(true);
        dispatch(linkChanged("open"));
        acks = new Acks(Date.now());
        if (!told) {
          socket.send(wanted());
        }
      },
      frame,
      closed: (duty, opened, code) => {
        draw();
        dispatch(linkChanged(duty === "retry" ? "waiting" : "stopped"));
        if (duty === "renew") {
          signedOut();
        } else if (duty === "retry" && (!opened || code === ACCESS_CHANGED)) {
          unsure();
        }
      },
    });

    const shownAgain = () => {
      draw();
      socket.hurry();
    };
    document.addEventListener("visibilitychange", shownAgain);
    addEventListener("online", shownAgain);
    addEventListener("pagehide", rememberViewport);
    return () => {
      document.removeEventListener("visibilitychange", shownAgain);
      removeEventListener("online", shownAgain);
      removeEventListener("pagehide", rememberViewport);
      cancelAnimationFrame(drawing);
      clearTimeout(unpainted);
      socket.close();
      dispatch(linkChanged("idle"));
    };
  }, [dispatch, attempt]);
}
