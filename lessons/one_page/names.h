// The words that lesson 10 learns: first names, the reader's own words, or made-up ones.
#pragma once
#include "lessons/kit/lesson.h"

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

/// The lines of a file without the spaces around them; empty lines are left out. Throws if there is
/// none, if a line is not text or if it is so long that it cannot be meant as a word.
Words read_words(const std::string& path);

/// 2,000 different words of an invented language, always the same ones. Each has 2 or 3 syllables
/// of a consonant and a vowel, and may end in n, r or s.
Words make_words();
/// Whether a word has this form.
bool follows_the_rule(const std::string& word);

}  // namespace gradus::lessons
