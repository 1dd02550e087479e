// Folders for intermediate files, and names that an answer cannot guess.
#pragma once
#include <filesystem>
#include <string>

namespace gradus::grader {

/// 32 random hexadecimal digits.
std::string new_secret();

/// A new folder, which is deleted at the end.
struct ScratchFolder {
  explicit ScratchFolder(std::filesystem::path where);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::filesystem::path path;
};

}  // namespace gradus::grader
