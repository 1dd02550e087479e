// The words that lesson 10 learns: first names, the reader's own words, or made-up ones.
#pragma once
#include "lessons/kit/lesson.h"
#include "lessons/one_page/word_lists.h"

namespace gradus::lessons {

struct Names {
  std::string source;        // where they come from, for the reader
  Words words;               // one document each, in the order of the file
  bool of_karpathy = false;  // whether they are exactly those of karpathy/makemore, names.txt
  bool made_up = false;      // whether make_words() made them
};

/// The words of --text; without it those of my/data/names/names.txt, which ./run download names
/// brings; without that file those of make_words().
Names names_of(const Lesson& lesson);

}  // namespace gradus::lessons
