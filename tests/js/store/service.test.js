import assert from "node:assert/strict";
import { test } from "node:test";
import { dropCaseload } from "../../../static/src/store/lease.js";
import { listen } from "../../../static/src/store/notices.js";
import { loadService, NOT_FETCHED } from "../../../static/src/store/service.js";
import { createApi } from "../../../static/src/sync/api.js";
import { pullChanges } from "../../../static/src/sync/pull.js";
import { FakeServer } from "../helpers/server.js";
import { newVault } from "../helpers/tablet.js";

const SET = {
  safeguarding_name: "Acre Valley safeguarding team",
  safeguarding_phone: "01632 960 900",
  home_vaccination: true,
  growth_method: "paper",
};

async function tabletAndServer() {
  const vault = await newVault();
  const server = new FakeServer();
  server.account = { id: vault.account.id, name: "x", role: "health_visitor" };
  return { vault, server, api: createApi({ fetch: server.fetch }) };
}

test("what the service decided is fetched, told once for each change, and outlives the lease", async () => {
  const { vault, server, api } = await tabletAndServer();
  await pullChanges(vault, api);
  assert.deepEqual(await loadService(vault), NOT_FETCHED);
  server.service = SET;
  await pullChanges(vault, api);
  assert.deepEqual(await loadService(vault), SET);
  /** @type {string[]} */
  const heard = [];
  const stop = listen(vault.id, (topic) => heard.push(topic));
  await pullChanges(vault, api);
  assert.deepEqual(heard, []);
  server.service = { ...SET, safeguarding_phone: "01632 960 901" };
  await pullChanges(vault, api);
  assert.deepEqual(heard, ["caseload"]);
  stop();
  await dropCaseload(vault.db, vault.id);
  assert.equal((await loadService(vault)).safeguarding_phone, "01632 960 901");
});

test("a service that says nothing, or something else, changes no number and no method to guesswork", async () => {
  const { vault, server, api } = await tabletAndServer();
  server.service = SET;
  await pullChanges(vault, api);
  server.service = undefined;
  await pullChanges(vault, api);
  assert.deepEqual(await loadService(vault), SET);
  server.service = { safeguarding_phone: 999, growth_method: "newest", home_vaccination: "yes" };
  await pullChanges(vault, api);
  assert.deepEqual(await loadService(vault), NOT_FETCHED);
});
