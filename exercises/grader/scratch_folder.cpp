#include "exercises/grader/scratch_folder.h"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace gradus::grader {

namespace fs = std::filesystem;

std::string new_secret() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

ScratchFolder::ScratchFolder(fs::path where) : path(std::move(where)) {
  fs::create_directories(path);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace gradus::grader
