// Attention: one selection of query, key, head and training step links all its pictures.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { visit } from "./browser.mjs";
import * as check from "./attention_checks.mjs";
import * as screen from "./screen.mjs";

const file = "attention.html";
const state = (page) => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).toString());

describe("attention", { concurrency: 2 }, () => {
  test("shows the report, in every head and after every step", async () => {
    await visit(file, {}, async (page) => {
      for (const step of [0, 50]) {
        for (const head of [0, 1]) {
          await page.evaluate((change) => page.select(change), { step, head });
          await check.showsTheReport(page, { step, head });
          await check.rowsSumToOne(page);
          await check.keysAfterTheQueryAreMasked(page);
        }
      }
      await check.weightsFollowFromScores(page);
    });
  });

  test("pointing shows, a click keeps, arrow keys move", async () => {
    await visit(file, {}, async (page) => {
      const before = await screen.says(page);
      const cell = screen.cell(page, check.weights, 4, 1);
      await cell.hover();
      const pointed = await screen.says(page);
      assert.match(pointed, /trees/);
      assert.match(pointed, /cat/);
      assert.match(pointed, new RegExp((await cell.textContent()).trim().slice(0, 3)));
      await page.locator("h1").hover();
      assert.equal(await screen.says(page), before, "the mouse left, the sentence did not change");
      assert.doesNotMatch(await state(page), /query/);

      await cell.click();
      await page.locator("h1").hover();
      assert.equal(await screen.says(page), pointed);
      assert.match(await state(page), /query=4/);
      assert.match(await state(page), /key=1/);

      await page.keyboard.press("ArrowRight");
      assert.match(await state(page), /query=4.*key=2|key=2.*query=4/);
      assert.match(await screen.says(page), /near/);
      await page.keyboard.press("ArrowUp");
      assert.match(await state(page), /query=3/);
      for (let n = 0; n < 9; ++n) await page.keyboard.press("ArrowLeft");
      assert.match(await state(page), /key=0/);
    });
  });

  test("all stages mark the selected row and column", async () => {
    await visit(file, {}, async (page) => {
      await screen.cell(page, check.weights, 5, 2).click();
      const marked = await page.evaluate(() => [...document.querySelectorAll("table.matrix")]
        .map((table) => [
          [...table.querySelectorAll("tbody tr")].findIndex((tr) => tr.matches(".on")),
          [...table.querySelectorAll("thead th")].findIndex((th) => th.matches(".on")),
        ]).filter(([row]) => row >= 0));
      assert.ok(marked.length >= 3, "three stages follow the selection");
      for (const place of marked) assert.deepEqual(place, [5, 2]);
    });
  });

  test("a masked cell says why", async () => {
    await visit(file, {}, check.maskedCellSaysWhy);
  });

  test("a head can be chosen, and the screen reader hears which one", async () => {
    await visit(file, {}, async (page) => {
      const head = page.getByRole("button", { name: /head 1/ }).first();
      const before = await screen.matrix(page, check.weights);
      await head.click();
      assert.notDeepEqual(await screen.matrix(page, check.weights), before);
      assert.equal(await head.getAttribute("aria-pressed"), "true");
      assert.match(await state(page), /head=1/);
    });
  });

  test("the training step changes every stage", async () => {
    await visit(file, {}, async (page) => {
      const slider = page.locator("input[type=range]").first();
      const late = await screen.matrix(page, check.weights);
      await slider.fill("0");
      await check.showsTheReport(page, { step: 0, head: 0 });
      assert.notDeepEqual(await screen.matrix(page, check.weights), late);
      assert.match(await screen.says(page), /\b0\b.*step|step.*\b0\b/);
    });
  });
});
