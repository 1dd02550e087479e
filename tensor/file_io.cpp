#include "tensor/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>

#include "tensor/factories.h"
#include "tensor/strided.h"

namespace gradus {
namespace fs = std::filesystem;
using nlohmann::json;

static_assert(std::endian::native == std::endian::little,
              "the files are little-endian, and their bytes are read as they are");

std::string shown(const json& value) {
  constexpr size_t max_length = 80;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (value.is_string()) text.front() = text.back() = '\'';
  return text.size() <= max_length ? text : text.substr(0, max_length) + "...";
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F)
      result += fmt::format("\\x{:02x}", code);
    else
      result += c;
  }
  return result;
}

void FileContext::check_is_file() const {
  gradus::check(path.find('\0') == std::string::npos, "{}: a path has no zero bytes", op);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  check(!fs::is_directory(status), "it is a directory");
  check(!fs::exists(status) || fs::is_regular_file(status), "it is not a regular file");
}

int64_t FileContext::byte_count(const std::string& what, const Shape& sizes,
                                int64_t bytes_each) const {
  // A 0 counts as 1 here: the strides, which are products of sizes, must be in range as well.
  int64_t extent = bytes_each;
  bool fits = true;
  for (const int64_t size : sizes)
    fits = fits && !__builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent);
  check(fits && extent < int64_t{1} << 58, "{} has the shape {}, more than memory can hold", what,
        sizes);
  return numel(op, sizes) * bytes_each;
}

json FileContext::parse_header(const std::string& text, const json::parser_callback_t& keep,
                               const char* format) const {
  using Event = json::parse_event_t;
  constexpr int max_depth = 3;               // a number in a list in an object in the header
  std::vector<std::set<std::string>> names;  // of each object that is not closed yet
  size_t values_in_list = 0;
  const auto check_event = [&](int depth, Event event, json& value) {
    check(depth < max_depth || event == Event::value, "the header is nested too deep");
    values_in_list = event == Event::value ? values_in_list + 1 : 0;
    check(values_in_list <= Shape::kMaxDims, "the header has a list of more than {} numbers",
          Shape::kMaxDims);
    if (event == Event::object_start) names.emplace_back();
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key)
      check(names.back().insert(value.get<std::string>()).second, "the header names {} twice",
            shown(value));
    return !keep || keep(depth, event, value);
  };
  check(text.starts_with('{'), "the header does not begin with an opening brace");
  // The parser would ignore everything after a zero byte.
  check(text.find('\0') == std::string::npos, "the header is not {}", format);
  try {
    return json::parse(text, check_event);
  } catch (const json::exception&) {
    fail("{}: {}: the header is not {}", op, printable(path), format);
  }
}

Shape FileContext::integers(const char* key, const std::string& what, const json& info) const {
  check(info[key].is_array(), "the {} of {} is not a list", key, what);
  Shape list;
  for (const json& number : info[key]) {
    const bool fits = number.is_number_unsigned() &&
                      number.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
    check(fits, "the {} of {} has {}, not an integer from 0 to 2^63 - 1", key, what, shown(number));
    list.push_back(number.get<int64_t>());
  }
  return list;
}

InputFile::InputFile(const char* op_name, const std::string& file_path)
    : FileContext{op_name, file_path} {
  check_is_file();
  file_.reset(std::fopen(path.c_str(), "rb"));
  check(file_ != nullptr, "it cannot be opened: {}", std::strerror(errno));
  std::error_code error;
  left_ = static_cast<int64_t>(fs::file_size(path, error));  // -1 after an error: always too small
}

void InputFile::read(void* to, int64_t bytes) {
  const bool done = bytes == 0 || std::fread(to, static_cast<size_t>(bytes), 1, file_.get()) == 1;
  check(done, "reading {} bytes failed", bytes);
  left_ -= bytes;
}

void InputFile::skip(int64_t bytes) {
  check(fseeko(file_.get(), bytes, SEEK_CUR) == 0, "skipping {} bytes failed", bytes);
  left_ -= bytes;
}

std::string InputFile::read_header(int64_t length_bytes, uint64_t limit) {
  uint64_t length = 0;
  read(&length, length_bytes);
  check(length <= limit, "the header should have {} bytes, the limit is {}", length, limit);
  check(static_cast<int64_t>(length) <= left_,
        "the header should have {} bytes, and only {} follow", length, left_);
  std::string text(length, ' ');
  read(text.data(), std::ssize(text));
  return text;
}

Tensor InputFile::read_tensor(const std::string& what, const Shape& sizes, DType t) {
  const Tensor x = empty(sizes, t);
  const std::byte* bytes = x.impl().storage->data;
  read(x.impl().storage->data, x.numel() * element_size(t));
  for (int64_t i = 0; t == kBool && i < x.numel(); ++i) {
    const int value = std::to_integer<int>(bytes[i]);
    check(value <= 1, "{} is bool, and element {} is the byte {}, neither 0 nor 1", what, i, value);
  }
  return x;
}

OutputFile::OutputFile(const char* op_name, const std::string& file_path)
    : FileContext{op_name, file_path} {
  check_is_file();
  std::error_code error;
  target_ = fs::canonical(path, error);  // a symbolic link stays, its target is replaced
  if (error) target_ = path;
  static std::atomic<uint32_t> count{0};
  // A name that no file has, not even one that a crashed process left.
  do {
    temporary_ = target_;
    temporary_ += fmt::format(".{}.{}.tmp", getpid(), count++);
    file_.reset(std::fopen(temporary_.c_str(), "wbx"));
  } while (!file_ && errno == EEXIST);
  check(file_ != nullptr, "it cannot be written: {}", std::strerror(errno));
}

OutputFile::~OutputFile() {
  if (!file_) return;
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void OutputFile::write(const void* from, int64_t bytes) {
  const bool done =
      bytes == 0 || std::fwrite(from, static_cast<size_t>(bytes), 1, file_.get()) == 1;
  check(done, "it cannot be written: {}", std::strerror(errno));
}

void OutputFile::write(const Tensor& x) {
  const Tensor in_order = as_contiguous(x);
  write(in_order.impl().storage->data + in_order.storage_offset() * element_size(x.dtype()),
        x.numel() * element_size(x.dtype()));
}

/// Makes a rename in this folder last through a power cut. Some file systems cannot do that for a
/// folder, and none of them needs it for the file to be complete.
static void sync_folder(const fs::path& folder) {
  const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

void OutputFile::finish() {
  const bool done = std::fflush(file_.get()) == 0 && fsync(fileno(file_.get())) == 0;
  check(done, "it cannot be written: {}", std::strerror(errno));
  std::error_code error;
  const fs::file_status old_file = fs::status(target_, error);
  if (fs::exists(old_file)) fs::permissions(temporary_, old_file.permissions(), error);
  fs::rename(temporary_, target_, error);
  check(!error, "it cannot be replaced: {}", error.message());
  file_.reset();
  sync_folder(target_.parent_path());
}

}  // namespace gradus
