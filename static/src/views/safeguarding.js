/** Whom to ring where a child or a parent may be at risk: known with no connection. */

import { phoneLink } from "./dom.js";

/**
 * @param {import("../store/service.js").Service} service
 * @returns {(Node | string)[]}
 */
export function safeguardingCall({ safeguarding_name: name, safeguarding_phone: phone }) {
  if (!phone) return ["No safeguarding number is on this tablet. Use the number in your local procedure."];
  return [`${name}, `, phoneLink(phone)];
}
