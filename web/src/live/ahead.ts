/** First of all that runs: the wall's data is on its way while the application starts. Who is signed out is refused, and sees the sign-in. */
import { openAhead } from "./socket";
import { addressOf, wanted } from "./viewport";

if (location.pathname === "/") {
  openAhead(addressOf(location), wanted());
}
