"""What version 1 of the app left on a tablet's disk: a vault, its keys, and one completed visit nobody has sent."""

# Run on a page of the app's own address that starts nothing. Answers the visit's hash.
FILL_VERSION_1 = """
async ({ account, passphrase, child }) => {
  const text = new TextEncoder();
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
  const random = (count) => crypto.getRandomValues(new Uint8Array(count));
  const how = (iv, place) => ({ name: "AES-GCM", iv, additionalData: text.encode(place) });
  const seal = async (key, store, id, value) => {
    const iv = random(12);
    const data = await crypto.subtle.encrypt(how(iv, `${store}|${id}|1`), key, text.encode(JSON.stringify(value)));
    return { v: 1, iv, data };
  };
  const written = (value) =>
    value && typeof value === "object"
      ? `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${written(value[key])}`).join(",")}}`
      : JSON.stringify(value);

  const vault = crypto.randomUUID();
  const salt = random(16);
  const iterations = 1000;
  const typed = await crypto.subtle.importKey("raw", text.encode(passphrase), "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  const aes = { name: "AES-GCM", length: 256 };
  const wrapper = await crypto.subtle.deriveKey(derivation, typed, aes, false, ["wrapKey"]);
  const keys = {};
  const wrapped = {};
  for (const name of ["work", "caseload"]) {
    keys[name] = await crypto.subtle.generateKey(aes, true, ["encrypt", "decrypt"]);
    const iv = random(12);
    wrapped[name] = {
      iv,
      key: await crypto.subtle.wrapKey("raw", keys[name], wrapper, how(iv, `key|${vault}.${name}|1`)),
    };
  }
  const now = new Date().toISOString();
  const rev = {
    rev_id: crypto.randomUUID(), visit_id: crypto.randomUUID(), parent_rev: null, base_rev: null,
    form_id: "new_birth_visit", form_version: 1, definition_hash: "ab".repeat(32), child_id: child,
    contact_type: "new_birth", device_id: vault, device_seq: 1, occurred_at: now, sealed_at: now,
    clock_offset_ms: 0,
    payload: { answers: { weight_kg: "3.180" }, confirmed: {}, alert_responses: {}, derived: {}, context: {} },
  };
  rev.sha256 = hex(await crypto.subtle.digest("SHA-256", text.encode(written(rev))));
  const rows = {
    vaults: {
      id: vault, accountId: account.id, name: account.name, deviceName: "Old tablet", createdAt: now,
      wraps: [{ by: "passphrase", salt, iterations, keys: wrapped }],
      profile: await seal(keys.work, "profile", vault, account),
    },
    outbox: {
      id: rev.rev_id, vault, seq: 1, state: "sealed", bytes: JSON.stringify(rev).length, faults: 0, result: null,
      receipt: null, box: await seal(keys.work, "outbox", rev.rev_id, rev),
    },
    counters: { vault, name: "device_seq", value: 1 },
  };

  await new Promise((done, fail) => {
    const asked = indexedDB.open("hvapp", 10);
    asked.onerror = () => fail(asked.error);
    asked.onupgradeneeded = () => {
      const database = asked.result;
      database.createObjectStore("vaults", { keyPath: "id" }).createIndex("accountId", "accountId");
      database.createObjectStore("drafts", { keyPath: "id" }).createIndex("vault", "vault");
      const outbox = database.createObjectStore("outbox", { keyPath: "id" });
      outbox.createIndex("[vault+seq]", ["vault", "seq"], { unique: true });
      outbox.createIndex("[vault+state]", ["vault", "state"]);
      database.createObjectStore("counters", { keyPath: ["vault", "name"] });
      database.createObjectStore("chunks", { keyPath: ["vault", "gen", "kind", "bucket"] });
      database.createObjectStore("heads", { keyPath: "vault" });
      database.createObjectStore("notes", { keyPath: ["vault", "name"] });
    };
    asked.onsuccess = () => {
      const database = asked.result;
      const writing = database.transaction(Object.keys(rows), "readwrite", { durability: "strict" });
      for (const [store, row] of Object.entries(rows)) writing.objectStore(store).put(row);
      writing.oncomplete = () => {
        database.close();
        done();
      };
      writing.onabort = () => fail(writing.error);
    };
  });
  return rev.sha256;
}
"""
