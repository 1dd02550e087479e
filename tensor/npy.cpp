// NumPy's .npy format: a magic word, a version, and a Python dict that says what the bytes behind
// it are.
#include <algorithm>

#include "tensor/file_io.h"
#include "tensor/files.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMostHeaderBytes = 10'000;                    // NumPy's own limit
constexpr const char* kDescr[] = {"<f4", "<f8", "<i8", "|b1"};  // in the order of DType

constexpr std::pair<std::string_view, std::string_view> kPythonAndJson[] = {
    {"'", "\""}, {"(", "["}, {")", "]"}, {"True", "true"}, {"False", "false"}};

/// A Python dict of strings, bools and tuples of numbers, such as {'shape': (2, 3), }, in JSON.
std::string to_json(const FileContext& file, std::string text) {
  for (const auto& [python, json] : kPythonAndJson) {
    file.check(text.find(json) == std::string::npos,
               "the header has {}, which no array of numbers or bools needs", json);
    for (size_t at; (at = text.find(python)) != std::string::npos;)
      text.replace(at, python.size(), json);
  }
  for (size_t at = 0; (at = text.find_first_of("]}", at + 1)) != std::string::npos;) {
    const size_t before = text.find_last_not_of(" \t\r\n", at - 1);
    if (before != std::string::npos && text[before] == ',') text[before] = ' ';
  }
  return text;
}

Shape reversed(Shape list) {
  std::reverse(list.begin(), list.end());
  return list;
}

}  // namespace

Tensor load_npy(const std::string& path) {
  InputFile file("load_npy", path);
  constexpr int64_t start =
      static_cast<int64_t>(kMagic.size()) + 2;  // the magic word and the version
  std::string magic(start, ' ');
  file.check(file.left() >= start + 4, "it has {} bytes, too few for a header", file.left());
  file.read(magic.data(), start);
  file.check(magic.starts_with(kMagic), "it is no .npy file");
  const auto version = static_cast<uint8_t>(magic[start - 2]);
  const auto minor = static_cast<uint8_t>(magic[start - 1]);
  file.check(1 <= version && version <= 3 && minor == 0, "it has format {}.{}, not 1.0, 2.0 or 3.0",
             version, minor);
  const std::string text = file.read_header(version == 1 ? 2 : 4, kMostHeaderBytes);

  const nlohmann::json header = file.parse_header(to_json(file, text));
  for (const char* key : {"descr", "fortran_order", "shape"})
    file.check(header.contains(key), "the header has no {}", key);
  file.check(header.size() == 3, "the header has more than descr, fortran_order and shape");
  const auto* descr =
      std::ranges::find_if(kDescr, [&](const char* name) { return header["descr"] == name; });
  file.check(descr != std::end(kDescr),
             "the array is {}, not little-endian '<f4', '<f8' or '<i8', nor '|b1'",
             shown(header["descr"]));
  const nlohmann::json& by_columns = header["fortran_order"];
  file.check(by_columns.is_boolean(), "fortran_order is {}, neither True nor False",
             shown(by_columns));
  const Shape sizes = file.whole_numbers("shape", "the array", header);
  const auto commas = std::count(std::ranges::find(text, '('), std::ranges::find(text, ')'), ',');
  file.check(sizes.size() > 1 || commas == std::ssize(sizes),
             "the shape of the array has a comma too many or too few");
  const auto t = static_cast<DType>(descr - kDescr);
  const int64_t needed = file.byte_count("the array", sizes, element_size(t));
  file.check(needed == file.left(), "the array is {} {}, {} bytes, and {} follow the header", t,
             sizes, needed, file.left());
  if (!by_columns.get<bool>()) return file.read_tensor("the array", sizes, t);
  const Tensor columns = file.read_tensor("the array", reversed(sizes), t);
  return as_contiguous(columns.as_view(sizes, reversed(columns.strides()), 0)).detach();
}

void save_npy(const std::string& path, const Tensor& x) {
  OutputFile file("save_npy", path);
  file.check(x.defined(), "the tensor is undefined, it was never given a value");
  constexpr size_t before = kMagic.size() + 4;
  constexpr size_t alignment = 64;  // of the first element
  const std::string sizes = to_string(x.sizes());
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                 kDescr[static_cast<size_t>(x.dtype())],
                                 sizes.substr(1, sizes.size() - 2), x.dim() == 1 ? "," : "");
  text.append(alignment - (before + text.size()) % alignment, ' ');
  text.back() = '\n';
  std::string head(kMagic);
  head +=
      {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  head += text;
  file.write(head.data(), static_cast<int64_t>(head.size()));
  file.write(x);
  file.finish();
}

}  // namespace gradus
