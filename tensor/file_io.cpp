#include "tensor/file_io.h"

#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "tensor/factories.h"
#include "tensor/loops.h"

namespace gradus {
namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the files are little-endian, and read as they are");

void FileContext::check_is_file() const {
  gradus::check(path.find('\0') == std::string::npos, "{}: a path has no zero bytes", op);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  check(!fs::is_directory(status), "it is a directory");
  check(!fs::exists(status) || fs::is_regular_file(status), "it is not a regular file");
}

int64_t FileContext::byte_count(const std::string& what, const Shape& sizes, int64_t bytes_each) const {
  int64_t extent = bytes_each;  // with sizes of 0 as 1: the strides of an empty tensor must be countable, too
  bool fits = true;
  for (const int64_t size : sizes) fits = fits && !__builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent);
  check(fits && extent < int64_t{1} << 58, "{} has the shape {}, more than memory can hold", what, sizes);
  return numel(op, sizes) * bytes_each;
}

InputFile::InputFile(const char* called, const std::string& name) : FileContext{called, name} {
  check_is_file();
  file_.reset(std::fopen(path.c_str(), "rb"));
  check(file_ != nullptr, "it cannot be opened: {}", std::strerror(errno));
  std::error_code error;
  left_ = static_cast<int64_t>(fs::file_size(path, error));  // or -1: too few for every format
}

void InputFile::read(void* to, int64_t bytes) {
  const bool done = bytes == 0 || std::fread(to, static_cast<size_t>(bytes), 1, file_.get()) == 1;
  check(done, "reading {} bytes failed", bytes);
  left_ -= bytes;
}

std::string InputFile::read_header(int64_t length_bytes, uint64_t limit) {
  uint64_t length = 0;
  read(&length, length_bytes);
  check(length <= limit, "the header should have {} bytes, the limit is {}", length, limit);
  check(static_cast<int64_t>(length) <= left_, "the header should have {} bytes, and only {} follow", length, left_);
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

OutputFile::OutputFile(const char* called, const std::string& name) : FileContext{called, name} {
  check_is_file();
  std::error_code error;
  target_ = fs::canonical(path, error);  // behind a link, the file it leads to
  if (error) target_ = path;
  static std::atomic<uint32_t> count{0};
  do {  // a name that nobody has, not even a process that died here
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
  const bool done = bytes == 0 || std::fwrite(from, static_cast<size_t>(bytes), 1, file_.get()) == 1;
  check(done, "it cannot be written: {}", std::strerror(errno));
}

void OutputFile::write(const Tensor& x) {
  const Tensor rows = packed(x);
  write(rows.impl().storage->data + rows.storage_offset() * element_size(x.dtype()),
        x.numel() * element_size(x.dtype()));
}

void OutputFile::finish() {
  const bool done = std::fflush(file_.get()) == 0 && fsync(fileno(file_.get())) == 0;
  check(done, "it cannot be written: {}", std::strerror(errno));
  std::error_code error;
  const fs::file_status before = fs::status(target_, error);
  if (fs::exists(before)) fs::permissions(temporary_, before.permissions(), error);
  fs::rename(temporary_, target_, error);
  check(!error, "it cannot be replaced: {}", error.message());
  file_.reset();
}

}  // namespace gradus
