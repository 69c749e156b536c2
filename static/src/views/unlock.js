/** Unlock: who, passphrase, or the tablet's own fingerprint or face. Works with no network. */

import { WrongPassphrase } from "../store/errors.js";
import { passkeysSupported, unlock, unlockWithPasskey } from "../store/vault.js";
import { fill, on, one, onSubmit, piece, showProblems, template } from "./dom.js";
import { focusHeading } from "./router.js";
import { OUT_OF_USE, plain } from "./words.js";

/**
 * @typedef {import("../store/vault.js").Vault} Vault
 * @typedef {Awaited<ReturnType<typeof import("../store/vault.js").listVaults>>[number]} Listed
 */

/**
 * @param {HTMLElement} main
 * @param {Listed[]} vaults
 * @param {{revoked: boolean, onUnlock: (vault: Vault) => Promise<void>, onSetUp: () => void,
 *   onAgain: (vault: Listed) => void}} options revoked: somebody's, not necessarily one of these
 */
export function unlockScreen(main, vaults, { revoked, onUnlock, onSetUp, onAgain }) {
  main.replaceChildren(template("unlock"));
  const choose = vaults.length > 1;
  fill(main, {
    revoked: revoked && OUT_OF_USE,
    who: choose ? null : vaults[0].name,
    choose: choose ? vaults.map((vault, index) => choice(vault, index)) : null,
  });
  const chosen = () => {
    if (!choose) return vaults[0];
    const ticked = main.querySelector('[name="account"]:checked');
    const found = vaults.find(({ accountId }) => accountId === /** @type {any} */ (ticked)?.value);
    if (!found) showProblems(main, [{ message: "Choose who you are" }]);
    return found;
  };
  on(main, "setup", onSetUp);
  on(main, "again", () => {
    const vault = chosen();
    if (vault) onAgain(vault);
  });
  const ofChosen = () => {
    const ticked = choose ? main.querySelector('[name="account"]:checked') : null;
    const accountId = choose ? /** @type {any} */ (ticked)?.value : vaults[0].accountId;
    return vaults.some((vault) => vault.accountId === accountId && vault.passkey);
  };
  offerPasskey(main, { has: ofChosen, who: () => chosen()?.accountId, onUnlock });
  const input = one(main, '[name="passphrase"]', HTMLInputElement);
  one(main, '[name="username"]', HTMLInputElement).value = vaults[0].name;
  onSubmit(main, async (data) => {
    const vault = chosen();
    if (!vault) return;
    if (!data.passphrase) {
      showProblems(main, [{ field: "passphrase", message: "Enter the passphrase of this tablet" }]);
      return;
    }
    await tryUnlock(main, () => unlock(vault.accountId, data.passphrase), onUnlock);
  });
  focusHeading(main);
  // With one visitor there is one thing to do.
  if (!choose) input.focus({ preventScroll: true });
}

/**
 * The button for the tablet's own lock, where the vault and the browser have it.
 * @param {HTMLElement} root
 * @param {{has: () => boolean, who: () => string | undefined, onUnlock: (vault: Vault) => Promise<void>}} options
 */
export function offerPasskey(root, { has, who, onUnlock }) {
  const button = one(root, '[data-action="passkey"]', HTMLButtonElement);
  let able = false;
  const draw = () => {
    button.hidden = !(able && has());
  };
  root.addEventListener("change", draw);
  on(root, "passkey", async () => {
    const accountId = who();
    if (accountId) await tryUnlock(root, () => unlockWithPasskey(accountId), onUnlock);
  });
  if (!has() && !root.querySelector('[name="account"]')) return;
  void passkeysSupported().then((supported) => {
    able = supported;
    draw();
  });
}

/**
 * Opens the vault, or says what is wrong. Also used by the sheet over a locked screen.
 * @param {HTMLElement} root
 * @param {() => Promise<Vault>} opening
 * @param {(vault: Vault) => Promise<void>} onUnlock
 */
export async function tryUnlock(root, opening, onUnlock) {
  const button = one(root, 'button[type="submit"]', HTMLButtonElement);
  const words = button.textContent;
  // The key takes about half a second to work out, on purpose; say that something is happening.
  button.textContent = "Unlocking";
  button.setAttribute("aria-disabled", "true");
  showProblems(root, []);
  try {
    await onUnlock(await opening());
  } catch (error) {
    const field = error instanceof WrongPassphrase ? "passphrase" : undefined;
    if (root.querySelector("form")) showProblems(root, [{ field, message: plain(error) }]);
    else throw error;
  } finally {
    button.textContent = words;
    button.removeAttribute("aria-disabled");
  }
}

/**
 * @param {Listed} vault
 * @param {number} index
 */
function choice(vault, index) {
  const item = piece("unlock-choice");
  const input = one(item, "input", HTMLInputElement);
  input.id = `account-${index}`;
  input.value = vault.accountId;
  const label = one(item, "label", HTMLLabelElement);
  label.htmlFor = input.id;
  label.textContent = vault.name;
  return item;
}
