// Trained models in a file, so that another run need not train them again.
#pragma once
#include "lessons/translation/translating.h"

namespace gradus::lessons {

/// The models of a lesson that are trained together, in a safetensors file beside the bookmarks.
class KeptModels {
 public:
  /// `name` is that of the file, such as "lesson_03"; the seed is added to it. `training` says how
  /// the models are trained, such as "4000 steps of 16 lists".
  KeptModels(const Lesson& lesson, const std::string& name, const std::string& training);
  /// With --keep or --text: copies the parameters that an earlier run kept, and says so. Returns
  /// false if there are none, or if they are of another training or of models of another size.
  bool load(Lesson& lesson, const std::vector<Translator>& models) const;
  /// With --keep, and for a reader in a terminal: writes the file, and says so.
  void save(Lesson& lesson, const std::vector<Translator>& models) const;

  const std::string& path() const { return path_; }

 private:
  std::string path_, training_;
};

}  // namespace gradus::lessons
