/** What a passphrase and a PIN must be like. The words stand beside the field they are about. */

import { LEAST_PASSPHRASE, LEAST_PIN } from "../store/vault.js";

/** @typedef {{field: string, message: string}} Problem */

const LONGEST_PIN = 8;

/**
 * @param {Record<string, string>} data
 * @param {{account: any, email: string, password?: string}} known
 * @returns {Problem[]}
 */
export function passphraseProblems({ passphrase, repeat, device }, { account, email, password = "" }) {
  const problems = [];
  const letters = passphrase.normalize("NFKC").toLowerCase();
  const names = [...account.name.split(/\s+/), email.split("@")[0]].filter((part) => part.length > 2);
  if ([...letters].length < LEAST_PASSPHRASE) {
    problems.push({
      field: "passphrase",
      message: `Passphrase must have at least ${LEAST_PASSPHRASE} characters`,
    });
  } else if (new Set(letters).size < 5) {
    problems.push({ field: "passphrase", message: "Passphrase must have at least 5 different characters" });
  } else if (names.some((name) => letters.includes(name.toLowerCase()))) {
    problems.push({ field: "passphrase", message: "Passphrase must not contain your name or email address" });
  } else if (password && letters.includes(password.toLowerCase())) {
    problems.push({
      field: "passphrase",
      message: "Passphrase must differ from the password you sign in with",
    });
  }
  if (passphrase !== repeat) {
    problems.push({ field: "repeat", message: "The two passphrases are not the same. Type it again" });
  }
  // Only asked when the tablet is set up.
  if (device !== undefined && !device.trim()) {
    problems.push({ field: "device", message: "Enter a name for this tablet" });
  }
  return problems;
}

/**
 * @param {Record<string, string>} data
 * @returns {Problem[]}
 */
export function pinProblems({ pin, repeat }) {
  if (!/^\d+$/.test(pin) || pin.length < LEAST_PIN || pin.length > LONGEST_PIN) {
    return [{ field: "pin", message: `PIN must have ${LEAST_PIN} to ${LONGEST_PIN} digits` }];
  }
  if (isWeak(pin)) {
    return [
      {
        field: "pin",
        message: "PIN is too easy to guess. Choose digits that are no row, no repeat and no year",
      },
    ];
  }
  if (pin !== repeat) return [{ field: "repeat", message: "The two PINs are not the same. Type it again" }];
  return [];
}

/**
 * The first guesses of anyone who finds a tablet: 1111, 1212, 123123, 1234, 9876, 2580, 1987.
 * @param {string} pin
 */
function isWeak(pin) {
  if (new Set(pin).size < 3 || /^(\d{1,4})\1+$/.test(pin)) return true;
  const steps = new Set([...pin].slice(1).map((digit, at) => (Number(digit) - Number(pin[at]) + 10) % 10));
  if (steps.size === 1 && (steps.has(1) || steps.has(9))) return true;
  return pin === "2580" || pin === "0852" || /^(?:19|20)\d\d$/.test(pin);
}
