#include "lessons/exercises/grader/compiler_message.h"

namespace gradus {
std::string compiler_message(const std::string& output, const std::filesystem::path& file, const std::string&) {
  return file.filename().string() + ": " + output;
}
std::string linker_message(const std::string& output, const std::filesystem::path& file) {
  return file.filename().string() + ": " + output;
}
}  // namespace gradus
