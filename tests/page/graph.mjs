// Graphs: modules first, what is in them on demand, and backward node by node.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { visit } from "./browser.mjs";
import * as screen from "./screen.mjs";

const box = (page, text) => page.locator("g.node").filter({ hasText: text }).first();
const boxes = (page) => page.locator("g.node").count();

describe("graphs", { concurrency: 2 }, () => {
  // y = tanh(sum(x w)) with x = (2, 3) and w = (-1, 0.5): dw = (1 - y^2) x = (1.573, 2.359).
  test("a leaf says its value and its gradient", async () => {
    await visit("show_graph.html", {}, async (page) => {
      await box(page, /^w/).hover();
      const sentence = await screen.says(page);
      assert.match(sentence, /value −1, 0\.5/);
      assert.match(sentence, /gradient 1\.573, 2\.359/);
    });
  });

  test("backward reaches every box, from the result to the leaves", async () => {
    await visit("show_graph.html", {}, async (page) => {
      const waiting = page.locator("g.node.waiting");
      const next = page.getByRole("button", { name: /further/ });
      await next.click();
      const all = await boxes(page);
      const counts = [await waiting.count()];
      assert.match(await screen.says(page), /backward starts here/);
      for (let n = 1; n < all; ++n) {
        await next.click();
        counts.push(await waiting.count());
      }
      assert.ok(counts[0] >= all - 2, `${counts[0]} of ${all} boxes wait at first`);
      assert.equal(counts.at(-1), 0, "at the end no box waits");
      for (let n = 1; n < counts.length; ++n)
        assert.ok(counts[n] <= counts[n - 1], "a gradient is not taken back");
      assert.match(await screen.says(page), /leaf/);
    });
  });

  test("'play backward' plays by itself", async () => {
    await visit("show_graph.html", {}, async (page) => {
      await page.getByRole("button", { name: /play backward/ }).click();
      await page.waitForFunction(() => document.querySelectorAll("g.node.waiting").length > 0);
      await page.waitForFunction(() => document.querySelectorAll("g.node.waiting").length === 0,
        null, { timeout: 20000 });
    });
  });

  test("modules come first; one opens and closes with the keyboard", async () => {
    await visit("show_graph_gpt.html", {}, async (page) => {
      const first = await boxes(page);
      assert.ok(first <= 25, `${first} boxes are too many to begin with`);
      const module = page.locator("g.node.module").first();
      await module.focus();
      await page.keyboard.press("Enter");
      const inside = await page.locator("g.node").allTextContents();
      assert.ok(inside.length >= 2);
      const link = page.url();
      await page.locator(".path button").first().click();
      assert.equal(await boxes(page), first, "the path leads back");
      await page.goto(link);
      await page.reload();
      assert.deepEqual(await page.locator("g.node").allTextContents(), inside);
      const operations = page.locator(".path button", { hasText: "all operations" });
      await operations.click();
      assert.ok(await boxes(page) > 3 * first, "all operations are more than the modules");
    });
  });
});
