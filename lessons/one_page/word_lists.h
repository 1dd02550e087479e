// Lists of words for lesson 10: from a text, and made up.
#pragma once
#include <iosfwd>

#include "lessons/kit/labels.h"

namespace gradus::lessons {

/// The lines of a file without the spaces around them; empty lines are left out. Throws if there is
/// none, if a line is not text or if it is so long that it cannot be meant as a word.
Words read_words(const std::string& path);
/// The same for a text; `origin` names it in errors.
Words words_in(std::istream& text, const std::string& origin);

/// 2,000 different words of an invented language, always the same ones. Each has 2 or 3 syllables
/// of a consonant and a vowel, and may end in n, r or s.
Words make_words();
/// Whether a word has this form.
bool follows_the_rule(const std::string& word);

}  // namespace gradus::lessons
