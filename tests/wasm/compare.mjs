// What two programs printed, compared: numbers within a relative tolerance, everything else
// exactly.

/// Native and WebAssembly programs round every operation alike, but the functions of their C
/// libraries (exp, log, sin, tanh) may differ in the last bit, and training enlarges differences.
export const TOLERANCE = 1e-4;
/// Differences of numbers near zero.
const ABSOLUTE = 1e-6;

const NUMBER = /[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;
/// Times and speeds, which are those of the machine: "2 min 5 s", "3,000 tokens/s".
const TIMES =
  /\d[\d,.]* ?(?:min(?: \d+ s)?|h(?: \d+ min)?|ms|s|seconds|tokens\/s|steps\/s|GFLOP\/s)(?!\w)/g;
/// The times that lessons 03 and 09 measure: tables, and a sentence about one of them.
const TABLE_OF_TIMES = /(?:T +one vector +Bahdanau|parameters +ms a step)[^]*?(?:\n\s*\n|$)/g;
const COMPARED_TIMES = /the ratio (?:grows|falls) from \S+ to \S+/g;

const isClose = (a, b) =>
  a === b || Math.abs(a - b) <= Math.max(ABSOLUTE, TOLERANCE * Math.max(Math.abs(a), Math.abs(b)));

/// The numbers of a text, and the text without them.
function parts(text) {
  const timeless = [TABLE_OF_TIMES, COMPARED_TIMES, TIMES]
    .reduce((rest, times) => rest.replace(times, "TIME "), text);
  const numbers = (timeless.match(NUMBER) ?? []).map((word) => Number(word.replaceAll(",", "")));
  // A time or a number that is rounded differently can be longer, and break the line elsewhere.
  return { numbers, words: timeless.replace(NUMBER, "#").replace(/\s+/g, " ") };
}

function differencesOfTexts(a, b, where) {
  const [x, y] = [parts(a), parts(b)];
  if (x.words !== y.words) return [`${where}: ${firstDifference(x.words, y.words)}`];
  return x.numbers.flatMap((n, i) =>
    isClose(n, y.numbers[i]) ? [] : [`${where}: ${n}, ${y.numbers[i]}`]);
}

function firstDifference(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) ++i;
  const from = Math.max(0, i - 30);
  return `${JSON.stringify(a.slice(from, i + 40))}, ${JSON.stringify(b.slice(from, i + 40))}`;
}

/// The integers of {scale, i16} or {scale, i32} (page/json_values.h), times the scale.
function unpacked({ scale, i16, i32 }) {
  const bytes = Buffer.from(i16 ?? i32, "base64");
  const size = i16 === undefined ? 4 : 2;
  return Array.from({ length: bytes.length / size },
    (_, i) => scale * bytes.readIntLE(i * size, size));
}

/// A number near the middle between two integers may be rounded to either.
function differencesOfPacked(a, b, where) {
  const [x, y] = [unpacked(a), unpacked(b)];
  if (x.length !== y.length) return [`${where}: ${x.length} numbers, ${y.length}`];
  const isNear = (p, q) => isClose(p, q) || Math.abs(p - q) < 1.5 * Math.max(a.scale, b.scale);
  return x.flatMap((n, i) => (isNear(n, y[i]) ? [] : [`${where}[${i}]: ${n}, ${y[i]}`]));
}

/// The differences of two values of JSON, each with its place.
export function differences(a, b, where = "report") {
  if (typeof a === "number" && typeof b === "number")
    return isClose(a, b) ? [] : [`${where}: ${a}, ${b}`];
  if (typeof a === "string" && typeof b === "string") return differencesOfTexts(a, b, where);
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object")
    return a === b ? [] : [`${where}: ${JSON.stringify(a)}, ${JSON.stringify(b)}`];
  const keys = Object.keys(a);
  if (keys.join() !== Object.keys(b).join()) return [`${where}: other entries`];
  if (keys.join() === "scale,i16" || keys.join() === "scale,i32")
    return differencesOfPacked(a, b, where);
  return keys.filter((key) => key !== "measured")  // the speed of the machine
    .flatMap((key) => differences(a[key], b[key], `${where}.${key}`));
}

/// The same for what programs printed: reports if they are JSON, else texts.
export function differencesOfOutputs(a, b) {
  if (a.startsWith("{") && b.startsWith("{")) return differences(JSON.parse(a), JSON.parse(b));
  return differencesOfTexts(a, b, "output");
}
