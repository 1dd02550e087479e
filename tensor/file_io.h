// Reading files whose content cannot be trusted, and writing files completely or not at all.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tensor/files.h"

namespace gradus {

/// A name or another JSON value for a message: shortened, and with control characters escaped,
/// since they could change the state of a terminal.
std::string shown(const nlohmann::json& value);

/// A path and the function it was given to: every message about the file begins with both.
struct FileContext {
  const char* op;
  std::string path;

  template <class... Args>
  void check(bool ok, fmt::format_string<const Args&...> format, const Args&... args) const {
    if (!ok) [[unlikely]]
      fail("{}: {}: {}", op, printable(path), fmt::vformat(format, fmt::make_format_args(args...)));
  }
  /// Throws if something exists at the path that is not a regular file, such as a directory.
  void check_is_file() const;
  /// The number of bytes of the array `what`. Throws if `sizes`, read from a file, are too large.
  int64_t byte_count(const std::string& what, const Shape& sizes, int64_t bytes_each) const;
  /// Parses a header, which must be a JSON object. Throws if a name occurs twice in an object.
  /// `keep` is nlohmann's parser callback: what it returns false for is dropped. `format` is what
  /// the header should be, for messages.
  nlohmann::json parse_header(const std::string& text,
                              const nlohmann::json::parser_callback_t& keep = {},
                              const char* format = "JSON") const;
  /// The list of sizes or offsets in info[key]; `what` is the name of the array in messages.
  Shape integers(const char* key, const std::string& what, const nlohmann::json& info) const;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePointer = std::unique_ptr<std::FILE, CloseFile>;

class InputFile : public FileContext {
 public:
  InputFile(const char* op_name, const std::string& file_path);
  /// The number of bytes that are not read yet.
  int64_t left() const { return left_; }
  /// Reads the next bytes.
  void read(void* to, int64_t bytes);
  /// Moves over the next bytes.
  void skip(int64_t bytes);
  /// Reads a header: its length as an integer of `length_bytes` bytes, then its text. Throws if the
  /// length is above `limit`.
  std::string read_header(int64_t length_bytes, uint64_t limit);
  /// Reads the elements of a tensor; `what` is its name in messages.
  Tensor read_tensor(const std::string& what, const Shape& sizes, DType t);

 private:
  FilePointer file_;
  int64_t left_ = 0;
};

/// Writes a temporary file in the same folder; finish() renames it to the given path. Without
/// finish() nothing changes there.
class OutputFile : public FileContext {
 public:
  OutputFile(const char* op_name, const std::string& file_path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  void write(const void* from, int64_t bytes);
  /// The elements in row-major order.
  void write(const Tensor& x);
  void finish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  FilePointer file_;
};

}  // namespace gradus
