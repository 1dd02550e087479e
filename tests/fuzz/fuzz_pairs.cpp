// Any bytes are a file of sentence pairs or an Error. All of its words are in its vocabularies, and
// its pairs become batches.
#include "lessons/translation/sentences.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;
using namespace gradus::lessons;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<SentencePair> pairs;
  try {
    pairs = read_pairs(input_file({data, size}));
  } catch (const Error&) {
    return 0;
  }
  const Vocabulary source(words_of(pairs, &SentencePair::source));
  const Vocabulary target(words_of(pairs, &SentencePair::target));
  int64_t count = 0;
  for (const std::vector<SentencePair>& some : in_batches(pairs, 3)) {
    const Batch batch = make_batch(some, source, target);
    for (size_t i = 0; i < some.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      const auto length = batch.lengths[row].item<int64_t>();
      require(source.words(batch.source[row].narrow(0, 0, length)) == some[i].source,
              "the source sentence can be read from the batch");
      require(target.words(batch.target[row]) == some[i].target,
              "the target sentence can be read from the batch");
      ++count;
    }
  }
  require(count == std::ssize(pairs), "every pair is in one batch");
  return 0;
}
