// Pages that contain their program: the same C++ in WebAssembly.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { differences } from "../wasm/compare.mjs";
import * as browser from "./browser.mjs";

const withProgram = readdirSync(browser.pages)
  .filter((file) => /^(lesson|play)_.*\.html$/.test(file))
  .filter((file) => /<script[^>]* id="program"/.test(
    readFileSync(join(browser.pages, file), "utf8")));

/// Runs the program in the page with the arguments that made the page.
export async function runsAsNatively(page) {
  const native = await browser.reportOf(page);
  const again = await page.evaluate(() => page.run(page.report.arguments ?? []));
  assert.deepEqual(differences(native, again).slice(0, 5), [],
    "the program in the page computes something else");
}

describe("programs in pages", () => {
  const reason = withProgram.length === 0 &&
    "the programs in WebAssembly are missing: cmake --preset wasm && cmake --build --preset wasm";
  test("there are programs", { skip: process.env.CI === "true" ? false : reason }, () => {
    assert.ok(withProgram.length > 0, reason);
  });
  for (const file of withProgram) {
    test(`${file}: the program computes what it computed natively`, async () => {
      await browser.visit(file, { timeout: 120000 }, runsAsNatively);
    });
  }
});
