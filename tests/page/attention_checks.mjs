// Checks of the stages of attention: the numbers on the screen, and what explains them.
import assert from "node:assert/strict";
import { reportOf } from "./browser.mjs";
import * as screen from "./screen.mjs";

export const weights = "3 · weights";

/// The attention in the report that is shown: {panel, heads, queries, keys, at}, where
/// at(step, h, i, j) is {score, weight, hidden}.
async function attentionOf(page) {
  const panel = (await reportOf(page)).panels.find(({ type }) => type === "attention");
  assert.ok(panel, "the page has no attention");
  const [heads, queries, keys] = panel.steps[0].weights.shape;
  const at = (step, h, i, j) => {
    const { scores, weights: given, hidden } = panel.steps.find((one) => one.step === step);
    const place = (h * queries + i) * keys + j;
    const isOfOneHead = hidden && hidden.length === queries * keys;  // all heads hide the same
    return { score: scores.data[place], weight: given.data[place],
      hidden: hidden?.[isOfOneHead ? i * keys + j : place] === "1" };
  };
  return { panel, heads, queries, keys, at };
}

/// On the screen, the weights of every query sum to 1 but for the rounding.
export async function rowsSumToOne(page, caption = weights) {
  const { rows, cells } = await screen.matrix(page, caption);
  assert.ok(rows.length > 0, "the matrix has no rows");
  cells.forEach((line, i) => {
    const numbers = line.map(({ text }) => screen.numberOf(text)).filter(Number.isFinite);
    const sum = numbers.reduce((total, x) => total + x, 0);
    const rounding = 0.005 * numbers.length + 1e-9;
    assert.ok(Math.abs(sum - 1) <= rounding, `the weights of "${rows[i]}" sum to ${sum}`);
  });
}

/// Hidden keys are marked as masked; every other key has its weight of the report, in its row and
/// column.
export async function showsTheReport(page, { step, head }) {
  const { panel, at } = await attentionOf(page);
  const { rows, columns, cells } = await screen.matrix(page, weights);
  assert.deepEqual(rows, panel.queries, "the rows are not the queries");
  assert.deepEqual(columns, panel.keys, "the columns are not the keys");
  cells.forEach((line, i) => line.forEach(({ text, masked }, j) => {
    const where = `step ${step}, head ${head}, query ${i}, key ${j}`;
    const { weight, hidden } = at(step, head, i, j);
    assert.equal(masked, hidden, `masked: ${where}`);
    if (masked) return;
    assert.ok(Math.abs(screen.numberOf(text) - weight) <= 0.00501,
      `${where}: ${text} on the screen, ${weight} in the report`);
  }));
}

/// Causal attention: exactly the keys after a query are masked.
export async function keysAfterTheQueryAreMasked(page, caption = weights) {
  const { cells } = await screen.matrix(page, caption);
  cells.forEach((line, i) => line.forEach(({ masked }, j) => {
    assert.equal(masked, j > i, `query ${i}, key ${j} of ${caption}`);
  }));
}

/// The weights of the report are the softmax of its scaled scores that are not hidden: a changed
/// number is found even where the screen rounds it away.
export async function weightsFollowFromScores(page) {
  const { panel, heads, queries, keys, at } = await attentionOf(page);
  const powersOf = (step, h, i) => Array.from({ length: keys }, (_, j) => {
    const { score, hidden } = at(step, h, i, j);
    return hidden ? 0 : Math.exp(score / panel.divisor);
  });
  for (const { step } of panel.steps) {
    for (let h = 0; h < heads; ++h) {
      for (let i = 0; i < queries; ++i) {
        const powers = powersOf(step, h, i);
        const sum = powers.reduce((total, x) => total + x, 0);
        powers.forEach((power, j) => {
          const { weight } = at(step, h, i, j);
          assert.ok(Math.abs(power / sum - weight) < 2e-4, `step ${step}, head ${h}, query ${i}, ` +
            `key ${j}: weight ${weight}, softmax ${power / sum}`);
        });
      }
    }
  }
}

/// The sentence about a masked cell gives the reason.
export async function maskedCellSaysWhy(page) {
  const { panel } = await attentionOf(page);
  await screen.cell(page, weights, 1, 4).hover();
  const sentence = await screen.says(page);
  assert.match(sentence, new RegExp(panel.masked_because), "no reason is given");
  assert.match(sentence, new RegExp(panel.queries[1]));
  assert.match(sentence, new RegExp(panel.keys[4]));
}
