// Checks of a page that is open in the browser. Each throws an AssertionError that says what is
// wrong. mutations.mjs calls the same checks on damaged pages and requires that they throw.
import assert from "node:assert/strict";
import { accessibilityFaults } from "./browser.mjs";

const kMaxBytes = 1_000_000;

/// The text of a page's file: its size, its security policy, and nothing that is loaded.
export function file(html) {
  const bytes = Buffer.byteLength(html);
  assert.ok(bytes <= kMaxBytes, `${bytes} bytes; a page has at most ${kMaxBytes}`);
  const policy = html.match(/<meta http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1];
  assert.match(policy ?? "", /default-src 'none'/, "the page has no security policy");
  assert.doesNotMatch(policy,
    /https?:|\*|connect-src|unsafe-(?:inline|hashes|eval)(?<!wasm-unsafe-eval)/,
    "the security policy allows more than the page's own content");
  assert.doesNotMatch(html, /<[a-z]+[^>]*\s(src|srcset|data|poster)\s*=\s*["']?(https?:)?\/\//i,
    "the page loads something from elsewhere");
  assert.doesNotMatch(html, /<link\b/i, "the page loads another file");
}

/// What is on the screen has no trace of a missing value.
export async function words(page) {
  const text = await page.locator("body").innerText();
  assert.doesNotMatch(text, /\bundefined\b|\[object |\bNaN%/, "a value is missing on the screen");
  assert.equal(await page.locator("h1").count(), 1, "a page has one title");
  assert.ok(await page.locator("html[lang]").count(), "the page's language is missing");
}

/// Every picture has a text alternative.
export async function pictures(page) {
  const without = await page.evaluate(() => {
    const named = (element) => element.getAttribute("aria-label") ||
      element.getAttribute("aria-labelledby") || element.getAttribute("alt") ||
      element.querySelector(":scope > title");
    const hidden = (element) => element.closest("[aria-hidden=true]");
    return [...document.querySelectorAll("svg, canvas, img")]
      .filter((element) => !hidden(element) && !named(element))
      .map((element) => element.outerHTML.slice(0, 100));
  });
  assert.deepEqual(without, [], "pictures without a text alternative");
}

export async function accessibility(page, rules) {
  assert.deepEqual(await accessibilityFaults(page, rules), []);
}

/// The numbers in coloured cells have a contrast of at least 4.5 to 1.
export async function contrast(page) {
  const faint = await page.evaluate(() => {
    const luminance = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).map((part) => {
        const x = part / 255;
        return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll("td[style]")].filter((cell) => {
      const { color, background } = cell.style;
      if (!color.startsWith("rgb") || !background.startsWith("rgb")) return false;
      const [low, high] = [luminance(color), luminance(background)].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) < 4.5;
    }).map((cell) => cell.outerHTML);
  });
  assert.deepEqual(faint.slice(0, 3), [], `${faint.length} cells are hard to read`);
}

/// The page itself does not scroll sideways; wide tables scroll inside their boxes.
export async function fitsTheWidth(page) {
  const [needed, given] = await page.evaluate(
    () => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(needed <= given, `the page is ${needed} pixels wide, the screen ${given}`);
}
