// Checks of what every page does: theme, tour, link, keyboard, saved pictures.
import assert from "node:assert/strict";
import { drawn, reportOf } from "./browser.mjs";
import * as screen from "./screen.mjs";

/// Every picture can be saved, as a well-formed SVG file that has the numbers of a matrix.
export async function savedPictures(page) {
  const without = await page.evaluate(() => {
    const isPicture = "svg[role=img], table.matrix, canvas";
    const saves = "button[aria-label^='save ']";
    const holder = (node) => node.closest("figure") ?? node.closest(".panel") ?? node;
    return [...document.querySelectorAll(isPicture)]
      .filter((node) => !node.closest("[aria-hidden=true], button"))
      .filter((node) => !holder(node).querySelector(saves))
      .map((node) => `${node.closest(".panel")?.id}: ${node.outerHTML.slice(0, 80)}`);
  });
  assert.deepEqual(without, [], "pictures that cannot be saved as SVG");
  const blank = await page.context().newPage();  // where no policy forbids the style of a picture
  for (const { label, name, text } of await screen.savedPictures(page)) {
    assert.match(name, /\.svg$/);
    assert.deepEqual(await screen.svgFaults(blank, text), [], label);
  }
  await blank.close();
}

/// The tour has 3 to 5 sentences; its buttons lead from one to the next, and the address has the
/// stop.
export async function tour(page, { isRequired }) {
  const { tour: stops } = await reportOf(page);
  if (!isRequired && stops.length === 0) return;
  assert.ok(stops.length >= 3 && stops.length <= 5, `${stops.length} stops, expected 3 to 5`);
  const said = new Set();
  for (const stop of stops) {
    await page.getByRole("button", { name: /next/ }).first().click();
    const text = await page.locator(".tour .say").innerText();
    assert.ok(text.includes(stop.say), `the tour says "${text}" and not "${stop.say}"`);
    assert.ok(stop.say.length <= 240, `longer than a sentence or two: ${stop.say}`);
    said.add(text);
    if (stop.panel) await stopIsInSight(page, stop.panel);
  }
  assert.equal(said.size, stops.length, "two stops look the same");
  assert.match(page.url(), /#.*tour=/);
}

/// The panel of a stop is on the screen, and the tour does not cover its top.
async function stopIsInSight(page, title) {
  const { top, covered, screen: height } = await page.evaluate((panel) => {
    const target = document.getElementById(globalThis.slug(panel));
    if (!target) throw new Error(`the tour leads to "${panel}", which is not in the page`);
    return { top: target.getBoundingClientRect().top, screen: innerHeight,
      covered: document.querySelector(".tour").getBoundingClientRect().bottom };
  }, title);
  assert.ok(top >= covered - 1 && top < height,
    `"${title}" begins at ${top}, the tour ends at ${covered} of ${height} pixels`);
}

/// A link shows what its sender saw.
export async function linkShowsTheSame(page) {
  const first = await screen.seen(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await drawn(other);
  assert.equal(await screen.seen(other), first, `${page.url()} shows something else`);
  await other.close();
}

/// The button exchanges light and dark, and back.
export async function themeButton(page) {
  const lightness = () => page.evaluate(() => {
    const parts = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    return parts.slice(0, 3).reduce((sum, x) => sum + x, 0) / 3;
  });
  const before = await lightness();
  assert.ok(before > 200, `the page is light at first (${before})`);
  await page.locator("#theme").click();
  assert.ok(await lightness() < 80, "the button makes the page dark");
  await page.locator("#theme").click();
  assert.equal(await lightness(), before, "the button makes it light again");
}

/// The Tab key reaches controls one after the other, each with a visible focus.
export async function keyboard(page) {
  const places = new Set();
  for (let n = 0; n < 8; ++n) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const isVisible = style.outlineStyle !== "none" || style.boxShadow !== "none";
      const all = [...document.querySelectorAll("*")];
      return { place: all.indexOf(node), tag: node.tagName, isVisible, text: node.outerHTML };
    });
    if (at.tag === "BODY") break;
    assert.ok(at.isVisible, `the focus cannot be seen on ${at.text.slice(0, 120)}`);
    places.add(at.place);
  }
  assert.ok(places.size >= 2, `the Tab key reaches ${places.size} controls`);
}

/// Headings have no gaps: a section's heading is one level below the one around it.
export async function headings(page) {
  const levels = await page.locator("h1, h2, h3, h4, h5, h6").evaluateAll(
    (nodes) => nodes.map((node) => [Number(node.tagName[1]), node.textContent]));
  let last = 0;
  for (const [level, text] of levels) {
    assert.ok(level <= last + 1, `"${text}" has level ${level} after level ${last}`);
    last = level;
  }
}
