// Numbers and tensors of the report.

const SPECIAL = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/// A number of the report: what JSON cannot hold is a string.
function numberOf(value) {
  return typeof value === "string" ? SPECIAL[value] : value;
}

/// The text of a number: "−1.50", "∞", "NaN".
function format(x, digits = 2) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
  const text = x.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/// The text of a number with at most 4 significant digits: "1024", "0.01234", "1.2e−5".
function formatShort(x) {
  if (!Number.isFinite(x)) return format(x);
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x).replace("-", "−");
  const size = Math.abs(x);
  const text = size < 1e-3 || size >= 1e6 ? x.toExponential(2) : String(Number(x.toPrecision(4)));
  return text.replaceAll("-", "−").replace("+", "");
}

/// "2 × 3", or "a single number".
function formatShape(shape) {
  return shape.length === 0 ? "a single number" : shape.join(" × ");
}

const decoded = new WeakMap();

/// A tensor of the report, {shape, data}, with numbers in row-major order. `at(i, j, ...)` is an
/// element.
function decode(values) {
  if (decoded.has(values)) return decoded.get(values);
  const { shape } = values;
  const data = Array.isArray(values.data) ? values.data.map(numberOf) : unpack(values.data);
  const at = (...index) => data[index.reduce((place, i, d) => place * shape[d] + i, 0)];
  const tensor = { shape, data, at };
  decoded.set(values, tensor);
  return tensor;
}

/// Elements as integers of 16 or 32 bits in base64 (page/json_values.h).
function unpack({ scale, i16, i32 }) {
  const bits = i16 === undefined ? 32 : 16;
  const bytes = Uint8Array.from(atob(i16 ?? i32), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const most = 2 ** (bits - 1) - 1;
  return Float64Array.from({ length: 8 * bytes.length / bits }, (_, i) => {
    const integer = bits === 16 ? view.getInt16(2 * i, true) : view.getInt32(4 * i, true);
    if (integer === -most - 1) return NaN;
    if (integer === -most) return -Infinity;
    return integer === most ? Infinity : integer * scale;
  });
}

/// The largest absolute value among the finite numbers; 0 if there is none.
function largest(numbers) {
  let most = 0;
  for (const x of numbers) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}
