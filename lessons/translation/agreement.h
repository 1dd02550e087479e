// Sentences such as "the cat that was on the mat , which was near the dogs , jumps": whatever
// stands between, the verb agrees with its subject.
#pragma once
#include <vector>

#include "lessons/translation/sentences.h"

namespace gradus::lessons {

/// Sentences of one form, so that subject and nouns stand at the same places in all of them.
struct AgreementSentences {
  Tensor words;     // (B, T) int64: up to the gap, which is the last
  Tensor plural;    // (B) int64: 1 where the subject is many
  int64_t subject;  // where it stands
  int64_t copula;   // where the was, were or stood of its clause stands, -1 if it has none
  std::vector<int64_t> nouns;  // where the other nouns stand
};

/// [near the NOUN ,] the SUBJECT [that was|were PLACE the NOUN [, which was|were PLACE the NOUN]...
/// ,] GAP Or with "stood" for was and were, which is the same for one and for many: then only the
/// subject tells the verb.
class AgreementGrammar {
 public:
  AgreementGrammar();
  const Vocabulary words;

  /// Random sentences with so many clauses, after an opening or not.
  AgreementSentences draw(int64_t count, int64_t clauses, bool opening, bool with_stood) const;
  /// A sentence as text, with the right verb in the gap.
  std::string text(const AgreementSentences& sentences, int64_t i) const;
};

}  // namespace gradus::lessons
