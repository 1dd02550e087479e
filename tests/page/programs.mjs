// Pages that contain their program: the same C++ in WebAssembly.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { differences } from "../wasm/compare.mjs";
import * as browser from "./browser.mjs";

const isOfProgram = (file) => /^(lesson|play)_.*\.html$/.test(file);
const textOf = (file) => readFileSync(join(browser.pages, file), "utf8");
const withProgram = readdirSync(browser.pages).filter(isOfProgram)
  .filter((file) => /<script[^>]* id="program"/.test(textOf(file)));

/// The arguments with which write_pages.sh made a page.
function argumentsOf(file) {
  const line = textOf("arguments.tsv").split("\n").find((text) => text.startsWith(file + "\t"));
  return line.split("\t")[1].split(" ").filter(Boolean);
}

/// Runs the program in the page with the arguments that made the page.
async function runsAsNatively(page, argv) {
  const native = await browser.reportOf(page);
  const again = await page.evaluate((args) => page.run(args), argv);
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
      await browser.visit(file, { timeout: 120000 },
        (page) => runsAsNatively(page, argumentsOf(file)));
    });
  }
});
