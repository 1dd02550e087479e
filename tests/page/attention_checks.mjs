// Checks of the stages of attention: the numbers on the screen, and what explains them.
import assert from "node:assert/strict";
import { reportOf } from "./browser.mjs";
import * as screen from "./screen.mjs";

export const weights = "3 · weights";

/// The panels of attention in the report that is shown now.
async function attentionOf(page) {
  const panel = (await reportOf(page)).panels.find(({ type }) => type === "attention");
  assert.ok(panel, "the page has no attention");
  return panel;
}

/// The elements of a tensor of the report as (H, rows, columns) -> number.
function reader({ shape, data }) {
  return (h, i, j) => Number(String(data[(h * shape[1] + i) * shape[2] + j]).replace("inf", "Infinity"));
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

/// A key after the query has no weight and is marked as masked; every other key has its weight of
/// the report, in its row and column.
export async function showsTheReport(page, { step, head }) {
  const panel = await attentionOf(page);
  const of = panel.steps.find((candidate) => candidate.step === step);
  const [expected, scores] = [reader(of.weights), reader(of.masked_scores)];
  const { rows, columns, cells } = await screen.matrix(page, weights);
  assert.deepEqual(rows, panel.queries, "the rows are not the queries");
  assert.deepEqual(columns, panel.keys, "the columns are not the keys");
  cells.forEach((line, i) => line.forEach(({ text, masked }, j) => {
    const where = `head ${head}, query ${i}, key ${j}, step ${step}`;
    assert.equal(masked, scores(head, i, j) === -Infinity, `masked: ${where}`);
    if (masked) return;
    const shown = screen.numberOf(text);
    assert.ok(Math.abs(shown - expected(head, i, j)) <= 0.00501,
      `${where}: ${text} on the screen, ${expected(head, i, j)} in the report`);
  }));
}

/// Causal attention: exactly the keys after a query are masked.
export async function keysAfterTheQueryAreMasked(page, caption = weights) {
  const { cells } = await screen.matrix(page, caption);
  cells.forEach((line, i) => line.forEach(({ masked }, j) => {
    assert.equal(masked, j > i, `query ${i}, key ${j} of ${caption}`);
  }));
}

/// The weights of the report are the softmax of its masked, scaled scores: a changed number is
/// found even where the screen rounds it away.
export async function weightsFollowFromScores(page) {
  const panel = await attentionOf(page);
  for (const { step, masked_scores, weights: given, divisor } of panel.steps) {
    const [score, weight] = [reader(masked_scores), reader(given)];
    const [heads, queries, keys] = given.shape;
    for (let h = 0; h < heads; ++h) {
      for (let i = 0; i < queries; ++i) {
        const powers = Array.from({ length: keys }, (_, j) => Math.exp(score(h, i, j) / divisor));
        const sum = powers.reduce((total, x) => total + x, 0);
        powers.forEach((power, j) => {
          assert.ok(Math.abs(power / sum - weight(h, i, j)) < 2e-4,
            `step ${step}, head ${h}, query ${i}, key ${j}: weight ${weight(h, i, j)}, ` +
            `softmax ${power / sum}`);
        });
      }
    }
  }
}

/// The sentence about a masked cell gives the reason.
export async function maskedCellSaysWhy(page) {
  const panel = await attentionOf(page);
  await screen.cell(page, weights, 1, 4).hover();
  const sentence = await screen.says(page);
  assert.match(sentence, new RegExp(panel.masked_because), "no reason is given");
  assert.match(sentence, new RegExp(panel.queries[1]));
  assert.match(sentence, new RegExp(panel.keys[4]));
}
