// Pages that contain their program: the same C++ in WebAssembly.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { differences } from "../wasm/compare.mjs";
import * as browser from "./browser.mjs";
import * as screen from "./screen.mjs";
import { withReport } from "./reports.mjs";

const isOfProgram = (file) => /^(lesson|play)_.*\.html$/.test(file);
const textOf = (file) => readFileSync(join(browser.pages, file), "utf8");
const withProgram = readdirSync(browser.pages).filter(isOfProgram)
  .filter((file) => /<script[^>]* id="program"/.test(textOf(file)));

/// The arguments with which write_pages.sh made a page.
function argumentsOf(file) {
  const line = textOf("arguments.tsv").split("\n").find((text) => text.startsWith(file + "\t"));
  return line.split("\t")[1].split(" ").filter(Boolean);
}

const has = (file) => withProgram.includes(file);

/// Runs the program in the page with the arguments that made the page.
async function runsAsNatively(page, argv) {
  const native = await browser.reportOf(page);
  const again = await page.evaluate((args) => page.run(args), argv);
  assert.deepEqual(differences(native, again).slice(0, 5), [],
    "the program in the page computes something else");
}

const waiting = { timeout: 120000 };  // a program may run for a while on a busy machine

describe("programs in pages", () => {
  const reason = withProgram.length === 0 &&
    "the programs in WebAssembly are missing: cmake --preset wasm && cmake --build --preset wasm";
  test("there are programs", { skip: process.env.CI === "true" ? false : reason }, () => {
    assert.ok(withProgram.length > 0, reason);
  });

  for (const file of withProgram) {
    test(`${file}: the program computes what it computed natively`, async () => {
      await browser.visit(file, waiting, (page) => runsAsNatively(page, argumentsOf(file)));
    });
    test(`${file}: a wrong argument is a sentence`, async () => {
      await browser.visit(file, waiting, async (page) => {
        const message = await page.evaluate(() => page.run(["--no-such-flag", "1"])
          .then(() => "no error", (error) => error.message));
        assert.match(message, /--no-such-flag/);
      });
    });
  }

  test("a program of another seed is found", { skip: !has("play_one_page.html") }, async () => {
    const file = "play_one_page.html";
    let other;
    await browser.visit(file, waiting, async (page) => {
      other = await page.evaluate(() => page.run(["--seed", "7"]));
    });
    const html = withReport(textOf(file), (report) => Object.assign(report, other));
    mkdirSync(join(browser.pages, "damaged"), { recursive: true });
    writeFileSync(join(browser.pages, "damaged", "another_seed.html"), html);
    await assert.rejects(
      browser.visit("damaged/another_seed.html", waiting, (page) => runsAsNatively(page, [])),
      /computes something else/);
  });

  test("an expression of the reader runs; a wrong one shows the library's error",
    { skip: !has("play_memory.html") }, async () => {
      await browser.visit("play_memory.html", waiting, async (page) => {
        const input = page.locator("main textarea");
        await input.fill("x.t().sum(1)");
        await input.press("Enter");
        await page.locator(".facts", { hasText: "shape [4]" }).waitFor();
        assert.match(page.url(), /code=x/);
        await input.fill("x.view({5, 2})");
        await input.press("Enter");
        const alert = page.getByRole("alert");
        await alert.waitFor();
        assert.match(await alert.textContent(), /view: .*12.*\[5, 2\]|view: .*\[5, 2\].*12/);
      });
    });

  test("a lesson runs with the reader's words; with a wrong text it says the program's message",
    { skip: !has("lesson_06.html") }, async () => {
      await browser.visit("lesson_06.html", waiting, async (page) => {
        const words = page.locator("input[name='--text']");
        const status = page.locator(".run-box output");
        await words.fill("rivers never run uphill");
        await words.press("Enter");
        await status.filter({ hasText: /computed here|ms/ }).waitFor();
        assert.match(await page.locator("main").innerText(), /uphill/);
        assert.match(page.url(), /rivers/, "a link shows the same words");
        const before = await page.evaluate(() => JSON.stringify(page.report));
        await words.fill("alone");
        await words.press("Enter");
        await status.filter({ hasText: /--text/ }).waitFor();
        assert.match(await status.textContent(), /2|words/);
        assert.equal(await page.evaluate(() => JSON.stringify(page.report)), before,
          "after an error the page keeps what it showed");
      });
    });

  test("a broken rule is named by gradcheck", { skip: !has("play_backward.html") }, async () => {
    await browser.visit("play_backward.html", waiting, async (page) => {
      await page.locator("[data-focus^=break]").first().click();
      await page.locator(".output", { hasText: /gradcheck/ }).first().waitFor();
      const message = await page.locator(".output").first().textContent();
      assert.match(message, /gradcheck: a at .*backward gives .*central differences/);
      await page.locator("[data-focus=mend]").click();
      assert.match(await screen.seen(page), /✓ gradcheck/);
    });
  });
});
