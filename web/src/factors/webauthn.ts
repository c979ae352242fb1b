/** The browser's side of passkeys (WebAuthn level 3): what the hub asks with, and what it is answered, are JSON. */

/** Whether this browser has passkeys at this address: they need TLS, or localhost by that name. */
export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

/** A new passkey; `null` when the person left it, or there is one already. */
export async function makePasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON);
  return asJson(navigator.credentials.create({ publicKey }));
}

/** What a passkey answers; `null` when the person left it. */
export async function askPasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  return asJson(navigator.credentials.get({ publicKey }));
}

async function asJson(asked: Promise<Credential | null>): Promise<unknown> {
  try {
    const answer = (await asked) as PublicKeyCredential | null;
    return answer?.toJSON() ?? null;
  } catch {
    return null; // Left, timed out, or known to this authenticator already: browsers tell no more.
  }
}
