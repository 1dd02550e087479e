// The sections of a long page are folded.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as browser from "./browser.mjs";

const file = "lesson_06.html";
const skip = !existsSync(join(browser.pages, file)) && `${file} was not written`;

const openOnes = (page) => page.locator("details.section").evaluateAll(
  (boxes) => boxes.flatMap((box, i) => (box.open ? [i] : [])));
const height = (page) => page.evaluate(() => document.documentElement.scrollHeight);

describe("sections", { skip, concurrency: 2 }, () => {
  test("the first one is open; Enter opens another one, and a link shows the same", async () => {
    await browser.visit(file, {}, async (page) => {
      assert.deepEqual(await openOnes(page), [0]);
      assert.ok(await height(page) < 3500, `the page is ${await height(page)} pixels long`);
      await page.locator("details.section summary").filter({ hasText: "Step 3" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash.includes("open="));
      assert.deepEqual(await openOnes(page), [0, 2]);
      await page.locator("#theme").click();
      assert.deepEqual(await openOnes(page), [0, 2], "another theme folds no section");
      const other = await page.context().newPage();
      await other.goto(page.url());
      await browser.drawn(other);
      assert.deepEqual(await openOnes(other), [0, 2]);
      const all = await page.locator("details.section").count();
      await page.getByRole("button", { name: "open all" }).click();
      assert.equal((await openOnes(page)).length, all);
      await page.getByRole("button", { name: "close all" }).click();
      assert.deepEqual(await openOnes(page), []);
    });
  });

  test("the list of sections and the tour open what they lead to", async () => {
    await browser.visit(file, {}, async (page) => {
      await page.getByText(/^On this page/).click();
      await page.locator(".contents button.link").nth(4).click();
      assert.deepEqual(await openOnes(page), [0, 4]);
      const { panel } = (await browser.reportOf(page)).tour[1];
      const next = page.getByRole("button", { name: "next stop" });
      await next.click();
      await next.click();
      assert.ok(await page.getByRole("heading", { name: panel, exact: true }).isVisible());
    });
  });

  // The browser's search opens a <details> by itself; a test can only see that it is one.
  test("what is folded is in the document", async () => {
    await browser.visit(file, {}, async (page) => {
      const folded = page.locator("details.section:not([open]) td", { hasText: "0.4483" });
      assert.ok(await folded.count() > 0, "a number of a folded section is not in the document");
    });
  });
});
