// NumPy's .npy format: a magic string, a version, a header, and the elements. The header is a
// Python dict, {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. Source:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include <algorithm>
#include <array>
#include <optional>

#include "tensor/file_io.h"
#include "tensor/files.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMaxNpyHeaderBytes = 10'000;                  // the limit of numpy.load
constexpr const char* kDescr[] = {"<f4", "<f8", "<i8", "|b1"};  // in the order of DType

/// The names that NumPy has for a dtype, without the byte order.
struct DTypeNames {
  DType dtype;
  std::array<std::string_view, 4> names;
};
constexpr DTypeNames kNames[] = {{kFloat32, {"f4", "f", "float32", "single"}},
                                 {kFloat64, {"f8", "d", "float64", "double"}},
                                 {kInt64, {"i8", "q", "l", "int64"}},
                                 {kBool, {"b1", "?", "bool", "bool_"}}};

/// The dtype that NumPy means by '<f4', '=f4', '|f4', 'f4' or 'float32', on a little-endian
/// machine.
std::optional<DType> dtype_from_numpy(std::string_view descr) {
  const bool has_order =
      !descr.empty() && std::string_view("<=|>").find(descr[0]) != std::string_view::npos;
  const std::string_view name = descr.substr(has_order ? 1 : 0);
  for (const auto& [dtype, names] : kNames) {
    if (std::ranges::find(names, name) == names.end()) continue;
    if (has_order && name.size() > 2) continue;  // NumPy has no '<float32'
    const bool is_big_endian = has_order && descr[0] == '>' && element_size(dtype) > 1;
    return is_big_endian ? std::nullopt : std::optional(dtype);
  }
  return {};
}

/// Turns a Python dict of strings, bools and tuples of integers, such as {'shape': (2, 3), }, into
/// JSON.
class PythonToJson {
 public:
  PythonToJson(const FileContext& file, std::string_view python) : file_(file), rest_(python) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  std::string convert() {
    while (!rest_.empty())
      convert_token();
    return std::move(json_);
  }

 private:
  void convert_token() {
    const char c = rest_[0];
    file_.check(c != '[' && c != ']', "the header has {}, which no array of numbers or bools needs",
                c);
    if (c == '\'' || c == '"') return convert_string(c);
    if (is_word(c)) return convert_word();
    if (c == ')' || c == '}') drop_comma();
    json_ += c == '(' ? '[' : c == ')' ? ']' : c;
    rest_.remove_prefix(1);
  }
  void convert_string(char quote) {
    const size_t end = rest_.find(quote, 1);
    file_.check(end != std::string_view::npos, "the header has a string without an end");
    const std::string_view text = rest_.substr(1, end - 1);
    const bool is_plain = text.find_first_of("\\\"") == std::string_view::npos;
    file_.check(is_plain, "the header has a string with an escape or a quote");
    json_ += fmt::format("\"{}\"", text);
    rest_.remove_prefix(end + 1);
  }
  void convert_word() {
    const auto length =
        static_cast<size_t>(std::ranges::find_if_not(rest_, is_word) - rest_.begin());
    std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    const bool is_number = '0' <= word[0] && word[0] <= '9';
    if (is_number && word.ends_with('L')) word.remove_suffix(1);  // Python 2: (2L, 3L)
    const bool is_bool = word == "True" || word == "False";
    file_.check(is_number || is_bool, "the header has {}, which no array of numbers or bools needs",
                shown(std::string(word)));
    json_ += is_number ? word : word == "True" ? "true" : "false";
  }
  /// JSON allows no comma before a closing bracket.
  void drop_comma() {
    const size_t last = json_.find_last_not_of(" \t\r\n");
    if (last != std::string::npos && json_[last] == ',') json_[last] = ' ';
  }
  static bool is_word(char c) {
    return ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || c == '_';
  }

  const FileContext& file_;
  std::string_view rest_;
  std::string json_;
};

Shape reversed(Shape list) {
  std::reverse(list.begin(), list.end());
  return list;
}

/// Reads everything up to the header and returns the header.
std::string read_header_text(InputFile& file) {
  constexpr auto start =
      static_cast<int64_t>(kMagic.size()) + 2;  // the magic string and the version
  std::string bytes(start, ' ');
  file.check(file.left() >= start + 4, "it has {} bytes, too few for a header", file.left());
  file.read(bytes.data(), start);
  file.check(bytes.starts_with(kMagic), "it is not a .npy file");
  const auto version = static_cast<uint8_t>(bytes[start - 2]);
  const auto minor = static_cast<uint8_t>(bytes[start - 1]);
  file.check(1 <= version && version <= 3 && minor == 0, "it has format {}.{}, not 1.0, 2.0 or 3.0",
             version, minor);
  return file.read_header(version == 1 ? 2 : 4, kMaxNpyHeaderBytes);
}

struct Header {
  DType dtype;
  bool column_major;
  Shape sizes;
};

Header read_header(InputFile& file) {
  const std::string text = read_header_text(file);
  const nlohmann::json header =
      file.parse_header(PythonToJson(file, text).convert(), {}, "a Python dict");
  for (const char* key : {"descr", "fortran_order", "shape"})
    file.check(header.contains(key), "the header has no {}", key);
  file.check(header.size() == 3, "the header has more than descr, fortran_order and shape");
  const nlohmann::json& descr = header["descr"];
  const std::optional<DType> dtype =
      descr.is_string() ? dtype_from_numpy(descr.get<std::string>()) : std::nullopt;
  file.check(dtype.has_value(),
             "the array is {}, not little-endian '<f4', '<f8' or '<i8', nor '|b1'", shown(descr));
  const nlohmann::json& fortran_order = header["fortran_order"];
  file.check(fortran_order.is_boolean(), "fortran_order is {}, neither True nor False",
             shown(fortran_order));
  const Shape sizes = file.integers("shape", "the array", header);
  // (2,) is a tuple in Python, (2) is not: a tuple of one number needs a comma, an empty one has
  // none.
  const auto commas = std::count(std::ranges::find(text, '('), std::ranges::find(text, ')'), ',');
  file.check(sizes.size() > 1 || commas == std::ssize(sizes),
             "the shape of the array has a comma too many or too few");
  return {.dtype = *dtype, .column_major = fortran_order.get<bool>(), .sizes = sizes};
}

}  // namespace

Tensor load_npy(const std::string& path) {
  InputFile file("load_npy", path);
  const auto [dtype, column_major, sizes] = read_header(file);
  const int64_t bytes = file.byte_count("the array", sizes, element_size(dtype));
  file.check(bytes == file.left(), "the array is {} {}, {} bytes, and {} follow the header", dtype,
             sizes, bytes, file.left());
  if (!column_major) return file.read_tensor("the array", sizes, dtype);
  const Tensor transposed = file.read_tensor("the array", reversed(sizes), dtype);
  return as_contiguous(transposed.as_view(sizes, reversed(transposed.strides()), 0)).detach();
}

void save_npy(const std::string& path, const Tensor& x) {
  OutputFile file("save_npy", path);
  file.check(x.defined(), "the tensor is undefined, it was never given a value");
  check_is_no_bfloat16("save_npy", x.dtype());
  constexpr size_t header_start = kMagic.size() + 4;
  constexpr size_t alignment = 64;  // of the first element
  const std::string sizes = to_string(x.sizes());
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 kDescr[static_cast<size_t>(x.dtype())],
                                 sizes.substr(1, sizes.size() - 2), x.dim() == 1 ? "," : "");
  text.append(alignment - (header_start + text.size()) % alignment, ' ');
  text.back() = '\n';
  const auto length_low = static_cast<char>(text.size() & 0xFF);
  const auto length_high = static_cast<char>(text.size() >> 8);
  std::string start(kMagic);
  start += {'\x01', '\x00', length_low, length_high};  // format 1.0
  start += text;
  file.write(start.data(), static_cast<int64_t>(start.size()));
  file.write(x);
  file.finish();
}

}  // namespace gradus
