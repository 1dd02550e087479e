// NumPy's .npy format: a magic string, a version, a header, and the elements. The header is a
// Python dict, {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. Source:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include <algorithm>

#include "tensor/file_io.h"
#include "tensor/files.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMaxHeaderBytes = 10'000;                     // the limit of numpy.load
constexpr const char* kDescr[] = {"<f4", "<f8", "<i8", "|b1"};  // in the order of DType

constexpr std::pair<std::string_view, std::string_view> kPythonAndJson[] = {
    {"'", "\""}, {"(", "["}, {")", "]"}, {"True", "true"}, {"False", "false"}};

/// A Python dict of strings, bools and tuples of numbers, such as {'shape': (2, 3), }, as JSON.
std::string to_json(const FileContext& file, std::string text) {
  for (const auto& [python, json] : kPythonAndJson) {
    file.check(text.find(json) == std::string::npos,
               "the header has {}, which no array of numbers or bools needs", json);
    size_t found = text.find(python);
    while (found != std::string::npos) {
      text.replace(found, python.size(), json);
      found = text.find(python, found + json.size());
    }
  }
  // JSON allows no comma before a closing bracket.
  size_t bracket = text.find_first_of("]}", 1);
  while (bracket != std::string::npos) {
    const size_t last = text.find_last_not_of(" \t\r\n", bracket - 1);
    if (last != std::string::npos && text[last] == ',') text[last] = ' ';
    bracket = text.find_first_of("]}", bracket + 1);
  }
  return text;
}

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
  return file.read_header(version == 1 ? 2 : 4, kMaxHeaderBytes);
}

struct Header {
  DType dtype;
  bool column_major;
  Shape sizes;
};

Header read_header(InputFile& file) {
  const std::string text = read_header_text(file);
  const nlohmann::json header = file.parse_header(to_json(file, text));
  for (const char* key : {"descr", "fortran_order", "shape"})
    file.check(header.contains(key), "the header has no {}", key);
  file.check(header.size() == 3, "the header has more than descr, fortran_order and shape");
  const auto* descr =
      std::ranges::find_if(kDescr, [&](const char* name) { return header["descr"] == name; });
  file.check(descr != std::end(kDescr),
             "the array is {}, not little-endian '<f4', '<f8' or '<i8', nor '|b1'",
             shown(header["descr"]));
  const nlohmann::json& fortran_order = header["fortran_order"];
  file.check(fortran_order.is_boolean(), "fortran_order is {}, neither True nor False",
             shown(fortran_order));
  const Shape sizes = file.integers("shape", "the array", header);
  // (2,) is a tuple in Python, (2) is not: a tuple of one number needs a comma, an empty one has
  // none.
  const auto commas = std::count(std::ranges::find(text, '('), std::ranges::find(text, ')'), ',');
  file.check(sizes.size() > 1 || commas == std::ssize(sizes),
             "the shape of the array has a comma too many or too few");
  return {.dtype = static_cast<DType>(descr - kDescr),
          .column_major = fortran_order.get<bool>(),
          .sizes = sizes};
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
