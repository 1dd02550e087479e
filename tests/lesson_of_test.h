// A lesson of a test: its program is a function, its reader a text.
#pragma once
#include <sstream>
#include <string>

#include "autograd/ops.h"
#include "lessons/kit/lesson.h"
#include "tests/lesson_support.h"

namespace gradus::lessons {

inline const About kAbout{.number = 4,
                          .title = "Test",
                          .goals = {"test"},
                          .question = "does it work?",
                          .golden = "01_simplified_self_attention",
                          .options = {"query", "text", "seed"}};
inline const About kByHand{.number = 1, .title = "By hand"};

inline Tensor context_2() { return tensor({0.441865742, 0.651481986, 0.56830889}); }

struct Ended {
  int status;
  std::string output;
};
template <class Body>
Ended run(const About& about, const Arguments& arguments, const Body& body,
          const std::string& typed = "") {
  std::istringstream in(typed);
  std::ostringstream out;
  Lesson lesson(about, arguments, in, out);
  try {
    body(lesson);
  } catch (const Lesson::Leave&) {
  }
  const int status = lesson.finish();
  return {status, out.str()};
}
#define EXPECT_CONTAINS(text, part) EXPECT_TRUE(contains(text, part)) << text

inline Arguments interactive() {
  Arguments arguments;
  arguments.step = arguments.interactive = true;
  return arguments;
}

}  // namespace gradus::lessons
