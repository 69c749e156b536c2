import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "purge-"));
after(() => rmSync(folder, { recursive: true }));

/** @param {string} css @param {Record<string, string>} files */
function purged(css, files) {
  const paths = Object.entries({ "style.css": css, ...files }).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
  return execFileSync("node", ["static/build/purge.mjs", ...paths], { encoding: "utf8" });
}

test("a rule of the library stays where a page or a script names its classes, also in a media query", () => {
  const css = ".nhsuk-a{top:0}.nhsuk-b{top:1px}@media print{.nhsuk-a{top:2px}.nhsuk-c{top:3px}}";

  const kept = purged(css, { "page.html": '<p class="nhsuk-a">', "part.js": 'x="nhsuk-c"' });

  assert.equal(kept.replaceAll(/\s/g, ""), ".nhsuk-a{top:0}@mediaprint{.nhsuk-a{top:2px}.nhsuk-c{top:3px}}");
});

test("our own rules stay, because scripts put their names together", () => {
  const css = ".app-alert--red{top:0}.app-alert--red .nhsuk-b{top:1px}";

  assert.equal(purged(css, { "part.js": "" }), ".app-alert--red{top:0}");
});
