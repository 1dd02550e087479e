// How long a large page takes: 64 tokens and 12 heads. Times are those of the page's thread on the
// CPU, because the machine may be busy with other tests.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as browser from "./browser.mjs";
import * as screen from "./screen.mjs";

/// A stopwatch: milliseconds that the thread of the page has worked.
async function stopwatch(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
}

const file = "show_attention_64x12.html";

test("a page of 64 tokens and 12 heads is drawn and stays usable", async (t) => {
  await browser.visit(file, {}, async (page) => {
    const clock = await stopwatch(page);
    const before = await clock();
    await page.reload();
    await browser.drawn(page);
    const draw = await clock() - before;

    const table = page.locator("table.matrix").last();
    await table.scrollIntoViewIfNeeded();
    const cells = await table.locator("td[data-i]").count();
    const places = Array.from({ length: 20 }, (_, n) => Math.floor(n * (cells - 1) / 19));
    const start = await clock();
    for (const n of places) await table.locator("td[data-i]").nth(n).hover();
    const hover = (await clock() - start) / places.length;

    const head = page.getByRole("button", { name: /head 7/ }).first();
    const shown = await screen.seen(page);
    const pressed = await clock();
    await head.click();
    const change = await clock() - pressed;
    assert.notEqual(await screen.seen(page), shown, "another head has other weights");

    const kilobytes = Math.round(statSync(join(browser.pages, file)).size / 1000);
    t.diagnostic(`${kilobytes} KB, drawn in ${Math.round(draw)} ms, ` +
      `hover ${hover.toFixed(1)} ms, another head ${Math.round(change)} ms`);
    assert.ok(draw < 1500, `drawn in ${draw} ms`);
    assert.ok(hover < 60, `${hover} ms for each cell that is pointed at`);
    assert.ok(change < 500, `${change} ms for another head`);
  });
});
