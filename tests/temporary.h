// Files that a test writes. ctest runs tests side by side, each in its own process, and several
// builds or users may test at once: no two processes may share a file.
#pragma once
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace gradus {

/// A new folder with a name of its own. The process that made it removes it, not its children.
class ProcessFolder {
 public:
  ProcessFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gradus_test_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::filesystem::filesystem_error("mkdtemp", name,
                                              std::error_code(errno, std::generic_category()));
    path_ = name;
  }
  ~ProcessFolder() {
    std::error_code ignored;
    if (getpid() == owner_) std::filesystem::remove_all(path_, ignored);
  }
  ProcessFolder(const ProcessFolder&) = delete;
  ProcessFolder& operator=(const ProcessFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  const pid_t owner_ = getpid();
};

/// A path in a folder of this process. The folder is removed when the process ends.
inline std::filesystem::path temporary_path(const std::string& name) {
  static const ProcessFolder folder;
  return folder.path() / name;
}

}  // namespace gradus
