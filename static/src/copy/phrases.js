/** The fixed phrases of the parents' copy in one language. What somebody wrote stays as it was written. */

/**
 * @typedef {import("./contents.js").Said} Said
 * @typedef {{language: string, name: string, direction: "ltr" | "rtl", version: number, translation_confirmed: boolean,
 *   phrases: {[key: string]: string}}} Catalogue `hvapp/phrases` has them; name: as its speakers call the language
 */

/** Keeps a name or number in one piece inside text that runs the other way. */
const ISOLATE = ["\u2068", "\u2069"];

/**
 * A phrase with its places filled. Throws for a key that the catalogue does not have.
 * @param {Catalogue} catalogue
 * @param {string} key
 * @param {{[name: string]: Said}} [values]
 * @returns {string}
 */
export function phrase(catalogue, key, values = {}) {
  if (!Object.hasOwn(catalogue.phrases, key)) throw new Error(`no phrase ${key} in ${catalogue.language}`);
  return catalogue.phrases[key].replaceAll(/\{(\w+)\}/g, (_, name) => {
    const said = say(catalogue, values[name]);
    return catalogue.direction === "rtl" ? `${ISOLATE[0]}${said}${ISOLATE[1]}` : said;
  });
}

/**
 * @param {Catalogue} catalogue
 * @param {Said} said
 */
export function say(catalogue, said) {
  if ("phrase" in said) return phrase(catalogue, said.phrase, said.with);
  if ("date" in said) return dateIn(catalogue, said.date);
  return "value" in said ? said.value : said.text;
}

/**
 * "3 Mai 2026": the digits are those on the forms and charts, in every language.
 * @param {Catalogue} catalogue
 * @param {string} date
 */
export function dateIn({ language }, date) {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    ...{ day: "numeric", month: "long", year: "numeric" },
    ...{ timeZone: "UTC", numberingSystem: "latn" },
  }).format(new Date(date));
}
