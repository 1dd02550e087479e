// Pages of page::show: any tensor, module or graph of any program.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reportOf, visit } from "./browser.mjs";
import * as screen from "./screen.mjs";

const elements = "elements";
const facts = (page) => page.locator(".facts").first().textContent();

describe("tensors", { concurrency: 2 }, () => {
  test("NaN and infinities are marked, counted and found", async () => {
    await visit("show_special.html", {}, async (page) => {
      assert.match(await facts(page), /shape 4 × 5 · float32 · strides \(5, 1\)/);
      const { cells } = await screen.matrix(page, elements);
      assert.equal(cells[0][0].text, "NaN");
      assert.equal(cells[1][2].text, "∞");
      assert.equal(cells[3][4].text, "−∞");
      const warning = page.locator(".warning");
      assert.match(await warning.textContent(), /1 NaN, 2 infinite; the first is at \[0, 0\]/);
      await warning.getByRole("button").click();
      assert.match(await screen.says(page), /\[0, 0\] = NaN/);
    });
  });

  test("an element says its index and its value", async () => {
    await visit("show_special.html", {}, async (page) => {
      await screen.cell(page, elements, 1, 2).click();
      assert.match(await screen.says(page), /\[1, 2\] = ∞/);
      await page.keyboard.press("ArrowDown");
      const { panels: [{ values }] } = await reportOf(page);
      const said = (await screen.says(page)).match(/\[2, 2\] = (\S+)/);
      assert.ok(Math.abs(screen.numberOf(said[1]) - values.data[2 * 5 + 2]) < 1e-3, said[0]);
    });
  });

  test("of four dimensions two are picked", async () => {
    await visit("show_four_dimensions.html", {}, async (page) => {
      assert.match(await facts(page), /shape 2 × 5 × 4 × 3 · .*not contiguous/);
      const { panels: [{ values }] } = await reportOf(page);
      const expected = (a, b, i, j) => values.data[((a * 5 + b) * 4 + i) * 3 + j];
      for (const [a, b] of [[0, 0], [1, 3]]) {
        const [first, second] = [page.locator("input.index").nth(0),
          page.locator("input.index").nth(1)];
        await first.fill(String(a));
        await first.press("Tab");
        await second.fill(String(b));
        await second.press("Tab");
        const { cells } = await screen.matrix(page, elements);
        assert.equal(cells.length, 4);
        cells.forEach((line, i) => line.forEach(({ text }, j) => {
          assert.ok(Math.abs(screen.numberOf(text) - expected(a, b, i, j)) < 0.006,
            `[${a}, ${b}, ${i}, ${j}]: ${text}`);
        }));
      }
    });
  });

  test("dtypes: bool, int64, no elements, a single number", async () => {
    await visit("show_bool.html", {}, async (page) => {
      const { cells } = await screen.matrix(page, elements);
      assert.deepEqual(cells[1].map(({ text }) => text), ["false", "false", "true", "true"]);
    });
    await visit("show_int64.html", {}, async (page) => {
      const { cells } = await screen.matrix(page, elements);
      assert.deepEqual(cells.flat().map(({ text }) => text), ["0", "1", "2", "3", "4", "5", "6"]);
    });
    await visit("show_empty.html", {}, async (page) => {
      assert.match(await page.locator("main").innerText(), /no elements/);
    });
    await visit("show_scalar.html", {}, async (page) => {
      assert.match(await screen.says(page), /= 3\.5/);
    });
  });

  test("statistics: their numbers are those of the elements", async () => {
    await visit("show_four_dimensions.html", {}, async (page) => {
      const { panels: [{ values: { data }, statistics }] } = await reportOf(page);
      const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
      const std = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
      assert.equal(statistics.count, 120);
      assert.ok(Math.abs(statistics.mean - mean) < 1e-4);
      assert.ok(Math.abs(statistics.std - std) < 1e-4);
      assert.equal(statistics.histogram.counts.reduce((sum, n) => sum + n, 0), 120);
      const text = await page.locator("main").innerText();
      for (const name of ["mean", "std", "min", "max"]) {
        const shown = text.match(new RegExp(`${name}\\s*:?\\s*([−\\d.e]+)`))?.[1];
        assert.ok(Math.abs(screen.numberOf(shown ?? "") - statistics[name]) < 1e-3,
          `${name}: ${shown} on the screen, ${statistics[name]} in the report`);
      }
    });
  });

  test("names that look like HTML are shown as they are", async () => {
    await visit("every_panel.html", {}, async (page) => {
      const hostile = "</script><img src=\"https://example.com/x.png\" onerror='alert(1)'>";
      assert.equal(await page.locator("h1").textContent(), hostile);
      assert.equal(await page.title(), hostile);
      assert.equal(await page.locator("img").count(), 0);
      const columns = await page.locator(".panel.heatmap thead th").allTextContents();
      assert.deepEqual(columns.slice(1), [hostile,
        "a very long word: Donaudampfschifffahrtsgesellschaft", "\u05e9\u05dc\u05d5\u05dd",
        "&amp;"]);
    });
  });
});
