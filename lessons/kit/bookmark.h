// Where a reader is in the course, and how long a lesson takes: one small file for each lesson.
#pragma once
#include <string>

namespace gradus::lessons {

/// The file has one line: "reading", "done" or "quick", the number of the step, and the seconds
/// that the lesson took when it last ran to its end ("-" if it never did). The file "last" has the
/// number of the lesson that was read last. The command ./run (.run/course.sh) reads them; it names
/// the folder in GRADUS_COURSE; without it, nothing is remembered.
class Bookmark {
 public:
  /// With `remembers` false nothing is written. With `is_quick` (--quick, which trains for a few
  /// steps only) only the end is remembered, as "quick", if nothing else is.
  Bookmark(int lesson, bool remembers, bool is_quick = false);
  /// The reader is at this step.
  void at(int step);
  /// The reader has finished the lesson, which took so many seconds of computing.
  void done(double seconds);

 private:
  void write(const char* state) const;

  std::string path_;  // "" if nothing is remembered
  bool is_quick_;
  std::string seconds_ = "-";
  int step_ = 0;
};

}  // namespace gradus::lessons
