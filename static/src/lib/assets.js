/**
 * The hashed address of a built file. The shell carries the list as JSON in its element with the id "assets".
 */

/** @type {Readonly<Record<string, string>> | undefined} */
let listed;

/** @returns {Readonly<Record<string, string>>} */
function list() {
  if (listed) return listed;
  const element = document.getElementById("assets");
  if (!element) throw new Error("the page has no list of assets");
  /** @type {Record<string, string>} */
  const read = JSON.parse(element.textContent ?? "");
  listed = Object.freeze(read);
  return read;
}

/**
 * "forms/new_birth_visit.v1.json" -> "/static/dist/forms/new_birth_visit.v1-0123456789.json".
 * Throws for a name that is not in this version of the app.
 * @param {string} name
 */
export function assetUrl(name) {
  const urls = list();
  if (!Object.hasOwn(urls, name)) throw new Error(`there is no asset called ${name}`);
  return urls[name];
}

/** Every name this version of the app carries. */
export function assetNames() {
  return Object.keys(list());
}
