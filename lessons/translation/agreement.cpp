#include "lessons/translation/agreement.h"

#include <algorithm>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

const Words kOne{"cat", "dog", "bird", "boy", "tree", "mat", "house", "stone"};
const Words kMany{"cats", "dogs", "birds", "boys", "trees", "mats", "houses", "stones"};
const Words kPlaces{"on", "under", "near", "behind"};

Words all_words() {
  Words all = kOne;
  for (const Words& more :
       {kMany, kPlaces, Words{"the", "that", "which", "was", "were", "stood", ",", "___"}})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// A random number from 0 to n - 1.
size_t random_below(size_t n) {
  return static_cast<size_t>(randint(0, static_cast<int64_t>(n), 1).item<int64_t>());
}

/// One sentence, built from left to right.
struct Sentence {
  Words text;
  std::vector<int64_t> nouns;  // their positions
  bool is_plural = false;      // the last noun

  int64_t end() const { return static_cast<int64_t>(text.size()); }

  void add_noun() {
    is_plural = random_below(2) == 1;
    text.emplace_back("the");
    nouns.push_back(end());
    text.push_back((is_plural ? kMany : kOne)[random_below(kOne.size())]);
  }

  /// Returns the position of its was, were or stood.
  int64_t add_clause(const char* pronoun, bool with_stood) {
    text.emplace_back(pronoun);
    const int64_t copula = end();
    const char* was_or_were = is_plural ? "were" : "was";
    text.emplace_back(with_stood ? "stood" : was_or_were);
    text.push_back(kPlaces[random_below(kPlaces.size())]);
    add_noun();
    return copula;
  }
};

}  // namespace

AgreementGrammar::AgreementGrammar() : words(all_words()) {}

AgreementSentences AgreementGrammar::draw(int64_t count, int64_t clauses, bool opening,
                                          bool with_stood) const {
  check(count > 0 && clauses >= 0,
        "agreement: {} sentences of {} clauses - expected at least one, of 0 or more", count,
        clauses);
  AgreementSentences sentences{
      .words = {}, .plural = empty(count, kInt64), .subject = 0, .copula = -1, .nouns = {}};
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < count; ++i) {
    Sentence sentence;
    if (opening) {
      sentence.text.emplace_back("near");
      sentence.add_noun();
      sentence.text.emplace_back(",");
    }
    sentence.add_noun();
    sentences.subject = sentence.nouns.back();
    sentences.plural[i] = sentence.is_plural ? 1 : 0;
    if (clauses > 0) sentences.copula = sentence.add_clause("that", with_stood);
    for (int64_t clause = 1; clause < clauses; ++clause) {
      sentence.text.emplace_back(",");
      sentence.add_clause("which", with_stood);
    }
    if (clauses > 0) sentence.text.emplace_back(",");
    sentence.text.emplace_back("___");
    std::erase(sentence.nouns, sentences.subject);
    sentences.nouns = sentence.nouns;
    rows.push_back(tensor(words.numbers(sentence.text), kInt64));
  }
  sentences.words = stack(rows);
  return sentences;
}

std::string AgreementGrammar::text(const AgreementSentences& sentences, int64_t i) const {
  std::string text;
  for (const std::string& word : words.words(sentences.words[i]))
    if (word == ",")
      text += word;
    else
      text += (text.empty() ? "" : " ") + word;
  const bool many = sentences.plural[i].item<int64_t>() == 1;
  return text.replace(text.rfind("___"), 3, many ? "jump" : "jumps");
}

}  // namespace gradus::lessons
