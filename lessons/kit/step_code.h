// The code of a lesson's step, in the pieces that its output is printed in.
#pragma once
#include <string>
#include <vector>

#include "lessons/kit/source.h"
#include "terminal/pictures.h"

namespace gradus::lessons {

class StepCode {
 public:
  /// A step begins with a call at `here`.
  void begin(const Here& here);
  /// The code of the step that ran before the call at `here`, as far as it was not returned before.
  /// A call in a function that the step calls counts as that call.
  Excerpt before(const Here& here);
  /// The code of the step that was not returned yet.
  Excerpt rest();

 private:
  Excerpt up_to(size_t end);

  std::string file_;
  std::vector<Statement> statements_;
  size_t next_ = 0;
};

/// The lines with their numbers. Long lines are broken; comments are dim.
std::string drawn(const Excerpt& excerpt, const terminal::Canvas& canvas);

}  // namespace gradus::lessons
