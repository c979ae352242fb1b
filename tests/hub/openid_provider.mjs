// oidc-provider (of others, certified) as a process of the tests: `node openid_provider.mjs PORT REDIRECT_URI`. Whoever signs in is who they
// say they are; what is told of them is in ACCOUNTS, by what they sign in as. `/rotate` gives it other keys.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [port, redirect] = process.argv.slice(2);
const here = createRequire(new URL("../../web/package.json", import.meta.url));
const { default: Provider } = await import(here.resolve("oidc-provider"));

const ACCOUNTS = {
  nia: { email: "nia@halden.example", email_verified: true, name: "Nia New", team: ["Elsewhere", "Payments / Payments API"] },
  kit: { email: "kit@halden.example", email_verified: true, team: "/Support" },
  ines: { email: "ines@halden.example", email_verified: true, name: "Ines Berg", team: "Design" },
  teamless: { email: "teamless@halden.example", email_verified: true, name: "Of no team here", team: ["Elsewhere"] },
  bob: { email: "BOB@halden.example", email_verified: true, name: "Robert", team: "Support" },
  unsure: { email: "unsure@halden.example", email_verified: false, name: "Says so", team: "Support" },
  bare: { team: "Support" },
};
const client = (id) => ({ client_id: id, client_secret: `${id}-secret-of-the-tests`, redirect_uris: [redirect] });

function made(kid) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [client("daylight"), client("another")],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }] },
    claims: { openid: ["sub"], profile: ["name", "team"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["of the tests"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...ACCOUNTS[sub] }) }),
  });
  return provider.callback();
}

let answer = made("key-1");
let keys = 1;
createServer((request, response) => {
  if (request.url === "/rotate") {
    keys += 1;
    answer = made(`key-${keys}`);
    response.end();
  } else {
    answer(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
