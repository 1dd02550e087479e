#include "lessons/kit/kept_models.h"

#include <cstdlib>
#include <filesystem>

#include "autograd/ops.h"

namespace gradus::lessons {
namespace {

/// Copies the tensors of the same names. Returns false and changes nothing if a name or a shape
/// differs.
bool copied(const NamedTensors& from, const NamedTensors& to) {
  if (from.size() != to.size()) return false;
  const std::map<std::string, Tensor> kept(from.begin(), from.end());
  for (const auto& [name, p] : to)
    if (!kept.count(name) || kept.at(name).sizes() != p.sizes()) return false;
  for (const auto& [name, p] : to)
    p.copy_(kept.at(name));
  return true;
}

}  // namespace

KeptModels::KeptModels(const Lesson& lesson, const std::string& name, const std::string& training)
    : training_(training) {
  const char* given = std::getenv("GRADUS_COURSE");
  const std::filesystem::path folder = given && *given ? given : GRADUS_SOURCE_DIR "/my/course";
  path_ = folder / fmt::format("{}_seed_{}{}.safetensors", name, lesson.seed(123),
                               lesson.quick() ? "_quick" : "");
}

bool KeptModels::load(Lesson& lesson, const NamedTensors& parameters) const {
  if (!lesson.keep() && !lesson.text()) return false;
  if (!std::filesystem::exists(path_)) return false;
  std::string problem = "they are of another training";
  try {
    std::map<std::string, std::string> metadata;
    const NamedTensors kept = load_safetensors(path_, {.metadata = &metadata});
    if (metadata["training"] == training_ && copied(kept, parameters)) {
      lesson.say("No training is needed: {} has the models of an earlier run ({}).",
                 terminal::printable(path_), training_);
      return true;
    }
  } catch (const Error& e) {
    problem = e.what();
  }
  lesson.say("The models in {} cannot be used ({}), so new ones are trained.",
             terminal::printable(path_), problem);
  return false;
}

void KeptModels::save(Lesson& lesson, const NamedTensors& parameters) const {
  if (!saves(lesson)) return;
  try {
    std::error_code ignored;  // if there is no folder, the file says so
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    save_safetensors(path_, parameters, {{"training", training_}});
  } catch (const Error& e) {
    // After minutes of training the lesson goes on without the file.
    return lesson.say("The models could not be kept: {}", e.what());
  }
  lesson.say("What was learned is kept in {}; with --keep{} it is not trained again.",
             terminal::printable(path_), lesson.has_option("text") ? " or --text" : "");
}

}  // namespace gradus::lessons
