#include "lessons/kit/bookmark.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gradus::lessons {

Bookmark::Bookmark(int lesson, bool remembers, bool is_quick) : is_quick_(is_quick) {
  const char* folder = std::getenv("GRADUS_COURSE");
  if (!remembers || folder == nullptr || *folder == '\0') return;
  path_ = fmt::format("{}/{:02}", folder, lesson);
  std::ifstream file(path_);
  std::string state;
  std::string step;
  std::string seconds;
  if (file >> state >> step >> seconds) seconds_ = seconds;
}

void Bookmark::at(int step) {
  step_ = step;
  if (!is_quick_) write("reading");
}

void Bookmark::done(double seconds) {
  if (is_quick_) {
    if (!path_.empty() && !std::filesystem::exists(path_)) write("quick");
    return;
  }
  seconds_ = fmt::format("{:.1f}", seconds);
  write("done");
}

// A bookmark that cannot be written (a full disk, no permission) must not stop a lesson.
void Bookmark::write(const char* state) const {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  const std::string half = path_ + ".new";
  std::ofstream(half) << fmt::format("{} {} {}\n", state, step_, seconds_);
  std::filesystem::rename(half, path_, ignored);
  if (is_quick_) return;
  const std::filesystem::path path(path_);
  std::ofstream(path.parent_path() / "last") << path.filename().string() << "\n";
}

}  // namespace gradus::lessons
