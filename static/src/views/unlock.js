/** Unlock: who, passphrase. Works with no network. */

import { WrongPassphrase } from "../store/errors.js";
import { unlock } from "../store/vault.js";
import { fill, on, one, onSubmit, piece, showProblems, template } from "./dom.js";
import { focusHeading } from "./router.js";
import { plain } from "./setup.js";

/**
 * @param {HTMLElement} main
 * @param {{id: string, accountId: string, name: string}[]} vaults
 * @param {{onUnlock: (vault: import("../store/vault.js").Vault) => Promise<void>, onSetUp: () => void}} options
 */
export function unlockScreen(main, vaults, { onUnlock, onSetUp }) {
  main.replaceChildren(template("unlock"));
  const choose = vaults.length > 1;
  fill(main, {
    who: choose ? null : vaults[0].name,
    choose: choose ? vaults.map((vault, index) => choice(vault, index)) : null,
  });
  on(main, "setup", onSetUp);
  const input = one(main, '[name="passphrase"]', HTMLInputElement);
  const name = one(main, '[name="username"]', HTMLInputElement);
  name.value = vaults[0].name;
  onSubmit(main, async (data) => {
    const accountId = choose ? data.account : vaults[0].accountId;
    const problems = [];
    if (!accountId) problems.push({ message: "Choose who you are" });
    if (!data.passphrase)
      problems.push({ field: "passphrase", message: "Enter the passphrase of this tablet" });
    showProblems(main, problems);
    if (problems.length) return;
    await tryUnlock(main, accountId, data.passphrase, onUnlock);
  });
  focusHeading(main);
  // With one visitor there is one thing to do.
  if (!choose) input.focus({ preventScroll: true });
}

/**
 * Opens the vault, or says what is wrong. Also used by the sheet over a locked form.
 * @param {HTMLElement} root
 * @param {string} accountId
 * @param {string} passphrase
 * @param {(vault: import("../store/vault.js").Vault) => Promise<void>} onUnlock
 */
export async function tryUnlock(root, accountId, passphrase, onUnlock) {
  const button = one(root, 'button[type="submit"]', HTMLButtonElement);
  const words = button.textContent;
  // The key takes about half a second to work out, on purpose; say that something is happening.
  button.textContent = "Unlocking";
  button.setAttribute("aria-disabled", "true");
  try {
    await onUnlock(await unlock(accountId, passphrase));
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
 * @param {{id: string, accountId: string, name: string}} vault
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
