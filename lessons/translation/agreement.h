// Sentences such as "the cat that was on the mat , which was near the dogs , jumps": the verb
// agrees with its subject, whatever is between the two.
#pragma once
#include <vector>

#include "lessons/translation/sentences.h"

namespace gradus::lessons {

/// Sentences of one form: subject and nouns have the same positions in all of them.
struct AgreementSentences {
  Tensor words;                // (B, T) int64: the words up to the gap, which is the last one
  Tensor plural;               // (B) int64: 1 where the subject is plural
  int64_t subject;             // its position
  int64_t copula;              // the position of the was, were or stood of its clause, -1 if none
  std::vector<int64_t> nouns;  // the positions of the other nouns
};

/// The form of the sentences:
///
///   [near the NOUN ,] the SUBJECT
///   [that was|were PLACE the NOUN [, which was|were PLACE the NOUN]... ,] GAP
///
/// "stood" may replace was and were. It has the same form for singular and plural, so that only the
/// subject determines the verb in the gap.
class AgreementGrammar {
 public:
  AgreementGrammar();
  const Vocabulary words;

  /// Random sentences with this number of clauses, with or without an opening.
  AgreementSentences draw(int64_t count, int64_t clauses, bool opening, bool with_stood) const;
  /// A sentence as text, with the right verb in the gap.
  std::string text(const AgreementSentences& sentences, int64_t i) const;
};

}  // namespace gradus::lessons
