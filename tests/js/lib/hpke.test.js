import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fromBase64, toBase64 } from "../../../static/src/lib/bytes.js";
import { sealToServer } from "../../../static/src/lib/hpke.js";
import { newServerKey, openServerBox, publicPart, SERVER_KEY } from "../helpers/sealing.js";

const WHAT = { kind: /** @type {const} */ ("revision"), id: "r1", deviceId: "d1" };

test("what is sealed opens with the server's key, as what it was sealed as, and with no other", async () => {
  const value = { note: "Amélie 👶", list: Array.from({ length: 500 }, (_, n) => `breast feeding ${n}`) };
  const { kid, box } = await sealToServer(publicPart(SERVER_KEY), WHAT, value);
  assert.equal(kid, SERVER_KEY.kid);
  assert.ok(box.byteLength < JSON.stringify(value).length / 2, "packed before it is sealed");
  const text = toBase64(box);
  assert.deepEqual(await openServerBox(SERVER_KEY, text, WHAT), value);
  for (const other of [{ kind: "draft" }, { id: "r2" }, { deviceId: "d2" }]) {
    await assert.rejects(openServerBox(SERVER_KEY, text, { ...WHAT, ...other }));
  }
  await assert.rejects(openServerBox(await newServerKey(), text, WHAT));
});

test("the same value sealed twice looks different", async () => {
  const [one, two] = [await sealToServer(SERVER_KEY, WHAT, {}), await sealToServer(SERVER_KEY, WHAT, {})];
  assert.notEqual(toBase64(one.box), toBase64(two.box));
});

test("a key that is none is refused, and nothing is sealed", async () => {
  await assert.rejects(sealToServer({ kid: "x", key: "AAAA" }, WHAT, {}));
});

test("bytes of any length survive being written as text", () => {
  for (const length of [0, 1, 2, 3, 8191, 8192, 8193, 100_000]) {
    const bytes = new Uint8Array(length).map((_, at) => (at * 31) % 256);
    const text = toBase64(bytes);
    assert.equal(text, Buffer.from(bytes).toString("base64"));
    assert.deepEqual(fromBase64(text), bytes);
  }
});

// The service's own reading of it: one cipher suite, two implementations.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const python = `${root}.venv/bin/python`;

test("the service opens what the tablet seals", {
  skip: !existsSync(python) && "no Python environment",
}, async () => {
  const script = `
import base64, json, sys
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
key = X25519PrivateKey.from_private_bytes(base64.b64decode(sys.argv[1]))
if len(sys.argv) == 2:
    print(base64.b64encode(key.public_key().public_bytes_raw()).decode())
else:
    import zlib
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    opened = suite.decrypt(base64.b64decode(sys.argv[2]), key, b"hvapp HV-Sync 1|revision|r1|d1")
    print(zlib.decompress(opened, -15).decode())
`;
  const secret = Buffer.alloc(32, 7).toString("base64");
  /** @param {string[]} args */
  const run = (...args) =>
    execFileSync(python, ["-c", script, secret, ...args])
      .toString()
      .trim();
  const { box } = await sealToServer({ kid: "k", key: run() }, WHAT, { note: "Amélie 👶" });
  assert.equal(run(toBase64(box)), '{"note":"Amélie 👶"}');
});
