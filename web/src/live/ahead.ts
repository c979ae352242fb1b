/**
 * First of all that runs: the wall's data is on its way while the application starts. Only where the last visit ended on the wall, since
 * who asks for it is written down as looking: whoever has to sign in, or is led elsewhere, must not be.
 */
import { openAhead } from "./socket";
import { addressOf, wanted } from "./viewport";
import { wasOnWall } from "./visited";

if (location.pathname === "/" && wasOnWall()) {
  openAhead(addressOf(location), wanted());
}
