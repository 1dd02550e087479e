// Damaged pages: each check must find the fault that it is there for. A check that finds nothing
// here would find nothing anywhere. On the page as it is, the other files call all of these checks.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as attention from "./attention_checks.mjs";
import * as browser from "./browser.mjs";
import * as check from "./checks.mjs";
import * as conduct from "./conduct_checks.mjs";
import { allowing, withReport } from "./reports.mjs";

const folder = join(browser.pages, "damaged");
mkdirSync(folder, { recursive: true });

/// The page with another text; fails if the damage has no place in it.
function replaced(html, from, to) {
  assert.ok(html.includes(from), `the page has no "${from}" to damage`);
  return html.replace(from, () => to);
}

/// Changes every step of the attention: change(step, H, T), its tensors as plain numbers.
const withSteps = (change) => (html) => withReport(html, (report) => {
  for (const step of report.panels.find(({ type }) => type === "attention").steps) {
    const [heads, tokens] = step.weights.shape;
    change(step, heads, tokens);
  }
});

function transpose(step, heads, tokens) {
  const { data } = step.weights;
  const at = (h, i, j) => data[(h * tokens + i) * tokens + j];
  step.weights.data = data.map((_, n) => {
    const h = Math.floor(n / tokens / tokens);
    return at(h, n % tokens, Math.floor(n / tokens) % tokens);
  });
}

function dropMask(divisor) {
  return (step, heads, tokens) => {
    step.hidden = "0".repeat(step.hidden.length);
    const powers = step.scores.data.map((score) => Math.exp(score / divisor));
    step.weights.data = powers.map((power, n) => {
      const first = n - n % tokens;
      return power / powers.slice(first, first + tokens).reduce((sum, x) => sum + x, 0);
    });
  };
}

function addTo(place, amount) {
  return (step, heads, tokens) => {
    const [h, i, j] = place;
    step.weights.data[(h * tokens + i) * tokens + j] += amount;
  };
}

const atEnd = (markup) => (html) => replaced(html, "</body>", markup + "</body>");
const inScript = (from, to) => (html) => replaced(html, from, to);
const lastStep = { step: 50, head: 0 };
const shown = (page) => attention.showsTheReport(page, lastStep);
const nothing = async () => {};  // visit itself must find the fault

// [fault, how it is made, the check that finds it, what the check says]
const faults = [
  ["transposed weights in the report", withSteps(transpose), attention.rowsSumToOne, /sum to/],
  ["a transposed drawing", inScript("spec.value(i, j)", "spec.value(j, i)"), shown,
    /on the screen|masked:/],
  ["no mask in the report", withSteps(dropMask(2)), attention.keysAfterTheQueryAreMasked,
    /query 0/],
  ["a mask that is not drawn", inScript('masked ? "masked"', 'false ? "masked"'),
    attention.keysAfterTheQueryAreMasked, /query 0/],
  ["a mask without a reason", inScript("`${inHead}: ${panel.masked_because}.`", "`${inHead}.`"),
    attention.maskedCellSaysWhy, /no reason/],
  ["a large change of a weight", withSteps(addTo([0, 4, 1], 0.2)), attention.rowsSumToOne,
    /sum to/],
  ["a small change of a weight", withSteps(addTo([1, 5, 2], 0.001)),
    attention.weightsFollowFromScores, /head 1, query 5, key 2/],
  ["an image from elsewhere", atEnd('<img src="https://example.com/a.png" alt="a">'), nothing,
    /faults/],
  ["a request", atEnd('<script>fetch("https://example.com/").catch(() => {})</script>'), nothing,
    /faults/],
  ["a script that throws", atEnd("<script>throw new Error('planted')</script>"), nothing,
    /faults/],
  ["a value that is missing", atEnd("<p>the loss is undefined</p>"), check.words, /missing/],
  ["a picture without words", atEnd('<svg role="img" width="9" height="9"></svg>'),
    check.pictures, /text alternative/],
  ["a picture that cannot be saved",
    atEnd('<div class="panel"><svg role="img" aria-label="a" width="9" height="9"></svg></div>'),
    conduct.savedPictures, /cannot be saved/],
  ["an SVG file that is not well-formed",
    inScript(".serializeToString(copy)", '.serializeToString(copy).replace("</svg>", "")'),
    conduct.savedPictures, /as SVG/],
  ["faint numbers", inScript('? "#000" : "#fff"', '? "#fff" : "#000"'), check.contrast, /hard/],
  ["a field without a label", atEnd('<input type="text">'), check.accessibility, /label/],
  ["a page that is too wide", atEnd('<canvas width="1500"></canvas>'), check.fitsTheWidth,
    /pixels wide/],
  ["a heading that skips a level", atEnd("<h6>small</h6>"), conduct.headings, /level 6/],
  ["a selection that is not in the address", inScript("writeAddress();", ""),
    async (page) => {
      await page.evaluate(() => page.select({ query: 5, key: 1 }));
      await conduct.linkShowsTheSame(page);
    }, /shows something else/],
  ["a tour that stays at its first stop", inScript("stops[n]", "stops[0]"),
    (page) => conduct.tour(page, { isRequired: true }), /the tour says/],
  ["a focus that cannot be seen",
    atEnd("<style>*, *:focus-visible { outline: none !important }</style>"), conduct.keyboard,
    /focus/],
];

const html = readFileSync(join(browser.pages, "attention.html"), "utf8");

describe("a damaged page is found", { concurrency: 2 }, () => {
  for (const [fault, damage, find, says] of faults) {
    test(fault, async () => {
      const damaged = join(folder, fault.replaceAll(" ", "_") + ".html");
      writeFileSync(damaged, allowing(damage(html)));
      await assert.rejects(browser.visit(damaged, {}, find), (error) => {
        assert.equal(error.name, "AssertionError", error.stack);
        assert.match(error.message, says);
        return true;
      });
    });
  }
  test("a script that does not belong to the page does not run", async () => {
    const run = (name) => `(window.ran ??= []).push('${name}')`;
    // A text of the report, in a page that would turn texts into HTML; and markup in the file.
    const panel = { type: "paragraph", text: `<img src="x.png" onerror="${run("text")}">` };
    const unsafe = allowing(replaced(withReport(html, ({ panels }) => panels.push(panel)),
      'element("p", {}, text)', 'Object.assign(element("p"), { innerHTML: text })'));
    const markup = `<script>${run("script")}</script><svg onload="${run("handler")}"></svg>`;
    const injected = atEnd(markup)(unsafe);
    const open = async (name, text) => {
      const file = join(folder, `injected_${name}.html`);
      writeFileSync(file, text);
      await browser.visit(file, {}, async (page) => {
        await page.waitForLoadState("load");
        const ran = await page.evaluate(() => (window.ran ?? []).sort().join(", "));
        assert.equal(ran, "", "scripts ran");
      });
    };
    await assert.rejects(open("forbidden", injected), /Content Security Policy/);
    const policy = /(script-src|style-src|default-src) '(sha256-|none)[^;]*/g;
    const allowed = injected.replace(policy, "$1 'unsafe-inline'");
    await assert.rejects(open("allowed", allowed), /handler, script, text/);
  });
  test("something loaded from elsewhere, in the file", () => {
    check.file(html);
    for (const markup of ['<img src="https://example.com/a.png">', '<link rel="icon" href="a.ico">',
      "<script src='//example.com/a.js'></script>"]) {
      assert.throws(() => check.file(atEnd(markup)(html)), /loads/);
    }
    assert.throws(() => check.file(html.replace("default-src 'none'", "default-src *")), /policy/);
    assert.throws(() => check.file(html.replace("script-src", "script-src 'unsafe-inline'")),
      /policy/);
    assert.throws(() => check.file(html + " ".repeat(1_000_000)), /bytes/);
  });
});
