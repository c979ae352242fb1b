import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Entry } from "../wall";
import type { Layout, Room } from "./layout";
import { type Colours, coloursOf } from "./marks";
import { INITIALS_PX, type Picture, Surface } from "./surface";

/** What of the window stays free below. */
const BELOW_PX = 56;
const LEAST_HEIGHT_PX = 320;

/** How much room there is: the width of `host`, and what of the window is below its top. */
export function useRoom(host: RefObject<HTMLElement | null>, scale: number): Room {
  const [room, setRoom] = useState<Room>({ width: 0, height: 0, scale });
  useLayoutEffect(() => {
    const measure = () => {
      if (host.current) {
        const { top, width } = host.current.getBoundingClientRect();
        const below = innerHeight - (top + scrollY) - BELOW_PX;
        const next = {
          width: Math.floor(width),
          height: Math.max(LEAST_HEIGHT_PX, Math.floor(below)),
          scale,
        };
        setRoom((before) =>
          before.width === next.width && before.height === next.height && before.scale === scale ? before : next,
        );
      }
    };
    measure();
    const observer = new ResizeObserver(measure);
    if (host.current) {
      observer.observe(host.current);
    }
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [host, scale]);
  return room;
}

/** Keeps the pixels in `host` as `cells` say, through scrolling, other themes and other screens. */
export function useSurface(
  host: RefObject<HTMLElement | null>,
  layout: Layout,
  width: number,
  cells: readonly (Entry | undefined)[],
): void {
  const surface = useRef<Surface | null>(null);
  const shown = useRef<{ picture: Picture; cells: readonly (Entry | undefined)[] } | null>(null);
  const { colours, ratio, mirrored, fonts } = useScreen(host);

  const show = useCallback(() => {
    if (surface.current && shown.current && host.current) {
      const { top } = host.current.getBoundingClientRect();
      surface.current.show(shown.current.picture, shown.current.cells, -top, innerHeight - top);
    }
  }, [host]);

  useLayoutEffect(() => {
    const made = new Surface(host.current as HTMLElement);
    surface.current = made;
    addEventListener("scroll", show, { passive: true });
    return () => {
      removeEventListener("scroll", show);
      made.clear();
      surface.current = null;
    };
  }, [host, show]);

  useLayoutEffect(() => {
    if (width > 0 && colours) {
      const picture = { layout, colours, ratio, width, mirrored, fonts: layout.size < INITIALS_PX ? 0 : fonts };
      const known = shown.current?.picture;
      const same = known && keyOf(known) === keyOf(picture) && known.layout === layout && known.colours === colours;
      shown.current = { picture: same ? known : picture, cells };
      show();
    }
  }, [layout, width, cells, colours, ratio, mirrored, fonts, show]);
}

function keyOf({ ratio, width, mirrored, fonts }: Picture): string {
  return `${ratio}/${width}/${mirrored}/${fonts}`;
}

interface Screen {
  colours: Colours | null;
  ratio: number;
  mirrored: boolean;
}

function keyOfScreen({ colours, ratio, mirrored }: Screen): string {
  return JSON.stringify([[...(colours ?? [])], ratio, mirrored]);
}

/** What the pixels depend on besides people: theme, density of the screen, direction, whether the font is here. */
function useScreen(host: RefObject<HTMLElement | null>) {
  const read = useCallback(
    (): Screen => ({
      colours: host.current ? coloursOf(host.current) : null,
      ratio: devicePixelRatio || 1,
      mirrored: document.documentElement.dir === "rtl",
    }),
    [host],
  );
  const [screen, setScreen] = useState(read);
  const [fonts, setFonts] = useState(0);
  const { ratio } = screen;
  useLayoutEffect(() => {
    const again = () =>
      setScreen((before) => {
        const now = read();
        return keyOfScreen(before) === keyOfScreen(now) ? before : now; // the same is not painted again
      });
    again();
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "dir", "class"] });
    const density = matchMedia(`(resolution: ${ratio}dppx)`);
    density.addEventListener("change", again);
    return () => {
      observer.disconnect();
      density.removeEventListener("change", again);
    };
  }, [read, ratio]);
  useEffect(() => {
    let gone = false;
    void document.fonts?.load("600 12px Inter Variable").then(() => {
      if (!gone) {
        setFonts(1);
      }
    });
    return () => {
      gone = true;
    };
  }, []);
  return { ...screen, fonts };
}
