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

size_t below(size_t n) {
  return static_cast<size_t>(randint(0, static_cast<int64_t>(n), 1).item<int64_t>());
}

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
    Words text;
    std::vector<int64_t> nouns;
    bool many = false;  // whether the last noun was
    const auto noun = [&] {
      many = below(2) == 1;
      text.emplace_back("the");
      nouns.push_back(static_cast<int64_t>(text.size()));
      text.push_back((many ? kMany : kOne)[below(kOne.size())]);
    };
    if (opening) {
      text.emplace_back("near");
      noun();
      text.emplace_back(",");
    }
    noun();
    sentences.subject = nouns.back();
    sentences.plural[i] = many ? 1 : 0;
    for (int64_t clause = 0; clause < clauses; ++clause) {
      if (clause > 0) text.emplace_back(",");
      text.insert(text.end(), {clause == 0 ? "that" : "which",
                               with_stood ? "stood"
                               : many     ? "were"
                                          : "was",
                               kPlaces[below(kPlaces.size())]});
      if (clause == 0) sentences.copula = static_cast<int64_t>(text.size()) - 2;
      noun();
    }
    if (clauses > 0) text.emplace_back(",");
    text.emplace_back("___");
    nouns.erase(std::find(nouns.begin(), nouns.end(), sentences.subject));
    sentences.nouns = nouns;
    rows.push_back(tensor(words.numbers(text), kInt64));
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
