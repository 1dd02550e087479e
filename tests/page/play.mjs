// The pages to play with. Without the program they show their examples; programs.mjs runs it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as browser from "./browser.mjs";
import * as screen from "./screen.mjs";

/// A test of one page; skipped where the build has no program that writes it.
function testOf(file, name, body) {
  const skip = !existsSync(join(browser.pages, file)) && `${file} was not written`;
  test(`${file}: ${name}`, { skip }, () => browser.visit(file, {}, body));
}

const panelOf = async (page, type) =>
  (await browser.reportOf(page)).panels.find((panel) => panel.type === type);

describe("pages to play with", { concurrency: 2 }, () => {
  testOf("play_memory.html", "the address of an element is offset + indices × strides",
    async (page) => {
      const slider = page.locator("input[type=range]").first();
      for (const n of [0, 3, 7, 11]) {
        await slider.fill(String(n));
        const text = await page.locator("main").innerText();
        const [, sum, cell] = text.match(/is cell ([\d +×]+) = (\d+)/);
        const total = sum.split("+").map((term) =>
          term.split("×").reduce((product, x) => product * Number(x), 1));
        assert.equal(total.reduce((a, b) => a + b, 0), Number(cell), text);
      }
    });

  testOf("play_memory.html", "every example is drawn, with what the library says", async (page) => {
    const { examples } = await panelOf(page, "play_memory");
    for (const { label, result } of examples) {
      await page.getByRole("button", { name: label, exact: true }).click();
      const text = await screen.seen(page);
      for (const word of [result.fault?.message, result.steps.at(-1)?.say])
        if (word) assert.ok(text.includes(word), `${label}: the page does not say "${word}"`);
      assert.equal(await page.locator("main textarea").inputValue(), result.code);
    }
    assert.match(page.url(), /code=/);
  });

  testOf("play_memory.html", "a wrong shape shows the library's own error", async (page) => {
    await page.getByRole("button", { name: "a wrong shape" }).click();
    const alert = page.getByRole("alert");
    const { examples } = await panelOf(page, "play_memory");
    const { fault } = examples.find(({ label }) => label === "a wrong shape").result;
    assert.match(fault.message, /^(view|reshape): .*\[/, "the library names the op and the shape");
    assert.ok((await alert.textContent()).includes(fault.message));
    assert.ok(await page.locator("mark").count(), "the place in the expression is marked");
  });

  // d = a c + a, y = d a c at a = 2, c = -3: dy/da = 24, dy/dc = -20.
  testOf("play_backward.html", "the gradients of the leaves at the last step", async (page) => {
    const slider = page.locator("input[type=range]").first();
    await slider.fill(await slider.getAttribute("max"));
    const text = await page.locator("main").textContent();
    assert.match(text, /grad 24/);
    assert.match(text, /grad −20/);
  });

  testOf("play_backward.html", "arrow keys step through forward and backward", async (page) => {
    await page.getByRole("button", { name: "one step less" }).focus();
    const before = await screen.says(page);
    await page.keyboard.press("ArrowLeft");
    const after = await screen.says(page);
    assert.notEqual(after, before);
    await page.keyboard.press("ArrowRight");
    assert.equal(await screen.says(page), before);
  });

  testOf("play_backward.html", "every example is drawn", async (page) => {
    const { examples } = await panelOf(page, "play_backward");
    for (const { label } of examples) {
      await page.getByRole("button", { name: label, exact: true }).click();
      assert.ok(await page.locator("svg g[role=button]").count() >= 3, label);
      assert.deepEqual(await page.locator(".check.failed").allTextContents(), [], label);
    }
  });

  testOf("play_one_page.html", "a line of code shows its tensors", async (page) => {
    const lines = page.locator(".source button.line");
    assert.ok(await lines.count() >= 10, "many lines compute tensors");
    const tensors = page.locator(".tensors");
    await lines.nth(3).click();
    const first = await tensors.innerText();
    await lines.nth(9).click();
    assert.notEqual(await tensors.innerText(), first);
    assert.match(page.url(), /line=\d+/);
  });

  testOf("play_one_page.html", "the training step changes the names that it samples",
    async (page) => {
      const slider = page.locator("input[type=range]").first();
      const [low, high] = [await slider.getAttribute("min"), await slider.getAttribute("max")];
      await slider.fill(high);
      const late = await screen.seen(page);
      await slider.fill(low ?? "0");
      assert.notEqual(await screen.seen(page), late);
      assert.match(page.url(), /step=/);
    });

  testOf("play_bottleneck.html", "attention can be switched off in the middle", async (page) => {
    const before = await screen.seen(page);
    await page.evaluate(() => page.select({ off: 2 }));
    const after = await screen.seen(page);
    assert.notEqual(after, before, "without attention the models write something else");
    assert.match(page.url(), /off=2/);
  });

  testOf("play_matmul.html", "the steps of the product light up tiles", async (page) => {
    const picture = page.locator("main svg").first();
    const slider = page.locator("input[type=range]").first();
    const before = await picture.innerHTML();
    await slider.fill("5");
    assert.notEqual(await picture.innerHTML(), before);
    assert.match(await page.locator("main").innerText(), /GFLOP\/s/);
  });
});
