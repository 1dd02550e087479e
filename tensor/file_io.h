// Reading files that may lie, and writing files that are there whole or not at all.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tensor/tensor.h"

namespace gradus {

/// A name or another piece of JSON for an error: short, and in letters that do nothing to a
/// terminal.
std::string shown(const nlohmann::json& value);

/// A path and the call it was given to: the beginning of every sentence about the file.
struct FileContext {
  const char* op;
  std::string path;

  template <class... Args>
  void check(bool ok, fmt::format_string<const Args&...> format, const Args&... args) const {
    if (!ok) [[unlikely]]
      fail("{}: {}: {}", op, path, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  /// Throws if the path leads to something that is not a file, such as a directory or a device.
  void check_is_file() const;
  /// The bytes of `what`, whose sizes nobody has checked yet.
  int64_t byte_count(const std::string& what, const Shape& sizes, int64_t bytes_each) const;
  /// The object that a header is, in which nothing may be named twice; keep(depth, event, value)
  /// sees all of it first.
  nlohmann::json parse_header(const std::string& text,
                              const nlohmann::json::parser_callback_t& keep = {}) const;
  /// The list of sizes or offsets under a key of `what`.
  Shape whole_numbers(const char* key, const std::string& what, const nlohmann::json& info) const;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePointer = std::unique_ptr<std::FILE, CloseFile>;

class InputFile : public FileContext {
 public:
  InputFile(const char* called, const std::string& name);
  /// How many bytes nobody has read yet.
  int64_t left() const { return left_; }
  /// The next bytes of the file.
  void read(void* to, int64_t bytes);
  /// A header: its length, in so many bytes, and its text.
  std::string read_header(int64_t length_bytes, uint64_t limit);
  /// The next elements of the file; `what` they are called in errors.
  Tensor read_tensor(const std::string& what, const Shape& sizes, DType t);

 private:
  FilePointer file_;
  int64_t left_ = 0;
};

/// Writes beside the file; finish() puts what was written in its place. Without finish() the file
/// stays as it was.
class OutputFile : public FileContext {
 public:
  OutputFile(const char* called, const std::string& name);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  void write(const void* from, int64_t bytes);
  /// The elements in row-major order.
  void write(const Tensor& x);
  void finish();

 private:
  std::filesystem::path target_, temporary_;
  FilePointer file_;
};

}  // namespace gradus
