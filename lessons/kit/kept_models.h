// Trained models in a file, so that another run need not train them again.
#pragma once
#include "lessons/kit/lesson.h"
#include "tensor/files.h"

namespace gradus::lessons {

/// The models of a lesson that are trained together, in a safetensors file beside the bookmarks.
/// They are given as their parameters, which have different names.
class KeptModels {
 public:
  /// `name` is that of the file, such as "lesson_03"; the seed is added to it. `training` says how
  /// the models are trained, such as "4000 steps of 16 lists".
  KeptModels(const Lesson& lesson, const std::string& name, const std::string& training);
  /// With --keep or --text: copies the parameters that an earlier run kept, and says so. Returns
  /// false if there are none, or if they are of another training or of models of another size.
  bool load(Lesson& lesson, const NamedTensors& parameters) const;
  /// Writes the file and says so, if saves().
  void save(Lesson& lesson, const NamedTensors& parameters) const;

  /// Whether save() writes: with --keep, and for a reader in a terminal.
  static bool saves(const Lesson& lesson) { return lesson.keep() || lesson.remembers(); }

  const std::string& path() const { return path_; }
  /// A folder beside the file, with the same name, for models that other programs read.
  std::string folder() const { return path_.substr(0, path_.rfind('.')); }

 private:
  std::string path_, training_;
};

}  // namespace gradus::lessons
