// NumPy's .npy format: a magic word, a version, and a Python dict that says what the bytes behind it are.
#include <algorithm>
#include <charconv>
#include <set>

#include "tensor/file_io.h"
#include "tensor/files.h"
#include "tensor/loops.h"

namespace gradus {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMostHeaderBytes = 10'000;                         // NumPy's own limit
constexpr std::string_view kDescr[] = {"<f4", "<f8", "<i8", "|b1"};  // in the order of DType

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } and nothing else.
class HeaderParser {
 public:
  HeaderParser(const FileContext& file, std::string_view text) : file_(file), text_(text) {}

  Header parse() {
    Header header;
    std::set<std::string> keys;
    expect("{");
    for (bool comma = true; !accept("}"); comma = accept(",")) {
      if (!comma) expect(",");
      const std::string key = quoted_text();
      expect(":");
      file_.check(keys.insert(key).second, "the header has {} twice", key);
      if (key == "descr") header.descr = quoted_text();
      else if (key == "fortran_order") header.fortran_order = boolean();
      else if (key == "shape") header.shape = tuple();
      else wants("descr, fortran_order or shape as a key");
    }
    skip_space();
    if (at_ < text_.size()) wants("nothing more");
    file_.check(keys.size() == 3, "the header lacks descr, fortran_order or shape");
    return header;
  }

 private:
  void wants(std::string_view what) const { file_.check(false, "the header should have {} at its byte {}", what, at_); }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool accept(std::string_view word) {
    skip_space();
    const bool found = text_.substr(at_).starts_with(word);
    if (found) at_ += word.size();
    return found;
  }
  void expect(std::string_view word) {
    if (!accept(word)) wants(word);
  }
  /// Printable characters between single quotes, as NumPy writes them.
  std::string quoted_text() {
    expect("'");
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= ' ' && text_[at_] <= '~' && text_[at_] != '\'') ++at_;
    const std::string text(text_.substr(begin, at_ - begin));
    expect("'");
    return text;
  }
  bool boolean() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }
  int64_t whole_number() {
    skip_space();
    int64_t number = -1;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (error != std::errc() || *begin == '-' || (*begin == '0' && end - begin > 1)) wants("a whole number below 2^63");
    at_ += static_cast<size_t>(end - begin);
    return number;
  }
  Shape tuple() {
    Shape list;
    expect("(");
    bool comma = true;
    for (; !accept(")"); comma = accept(",")) {
      if (!comma) expect(",");
      file_.check(list.size() < Shape::kMaxDims, "the array has more than {} dimensions", Shape::kMaxDims);
      list.push_back(whole_number());
    }
    if (list.size() == 1 && !comma) wants("a comma before the parenthesis");
    return list;
  }

  const FileContext& file_;
  std::string_view text_;
  size_t at_ = 0;
};

Shape reversed(Shape list) {
  std::reverse(list.begin(), list.end());
  return list;
}

}  // namespace

Tensor load_npy(const std::string& path) {
  InputFile file("load_npy", path);
  constexpr int64_t start = static_cast<int64_t>(kMagic.size()) + 2;  // the magic word and the version
  std::string magic(start, ' ');
  file.check(file.left() >= start + 4, "it has {} bytes, too few for a header", file.left());
  file.read(magic.data(), start);
  file.check(magic.starts_with(kMagic), "it is no .npy file");
  const auto version = static_cast<uint8_t>(magic[start - 2]), minor = static_cast<uint8_t>(magic[start - 1]);
  file.check(1 <= version && version <= 3 && minor == 0, "it has format {}.{}, not 1.0, 2.0 or 3.0", version, minor);
  const std::string text = file.read_header(version == 1 ? 2 : 4, kMostHeaderBytes);

  const Header header = HeaderParser(file, text).parse();
  const auto* descr = std::ranges::find(kDescr, header.descr);
  file.check(descr != std::end(kDescr), "the array is '{}', not little-endian '<f4', '<f8' or '<i8', nor '|b1'",
             header.descr);
  const auto t = static_cast<DType>(descr - kDescr);
  const int64_t needed = file.byte_count("the array", header.shape, element_size(t));
  file.check(needed == file.left(), "the array is {} {}, {} bytes, and {} follow the header", t, header.shape, needed,
             file.left());
  if (!header.fortran_order) return file.read_tensor("the array", header.shape, t);
  const Tensor columns = file.read_tensor("the array", reversed(header.shape), t);
  return packed(columns.as_view(header.shape, reversed(columns.strides()), 0)).detach();
}

void save_npy(const std::string& path, const Tensor& x) {
  OutputFile file("save_npy", path);
  file.check(x.defined(), "the tensor is undefined, it was never given a value");
  constexpr size_t before = kMagic.size() + 4, alignment = 64;  // of the first element
  const std::string sizes = to_string(x.sizes());
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  kDescr[static_cast<size_t>(x.dtype())], sizes.substr(1, sizes.size() - 2), x.dim() == 1 ? "," : "");
  text.append(alignment - (before + text.size()) % alignment, ' ');
  text.back() = '\n';
  std::string head(kMagic);
  head += {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  head += text;
  file.write(head.data(), static_cast<int64_t>(head.size()));
  file.write(x);
  file.finish();
}

}  // namespace gradus
