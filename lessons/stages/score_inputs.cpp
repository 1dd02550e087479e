#include "lessons/stages/score_inputs.h"

#include "nn/bahdanau_attention.h"
#include "tensor/random.h"

namespace gradus::lessons {

void what_scores_see(Lesson& lesson) {
  lesson.step("3", "What a score depends on");
  lesson.say(
      "It depends on the encoder's states and on the decoder's state, and on nothing that is "
      "padding. Change each of them and look:");
  manual_seed(lesson.seed(123));
  const nn::BahdanauAttention attention(4, 4, 4);
  const Tensor states = randn({1, 4, 4});
  const Tensor query = randn({1, 1, 4});
  const Tensor mask = tensor({{1, 1, 1, 0}}) == 1;  // the last is padding
  const auto weights = [&](const Tensor& q, const Tensor& h) {
    return std::get<1>(attention(q, h, mask)).detach();
  };
  const auto with_other = [&](int64_t word) {
    const Tensor changed = states.clone();
    changed[0][word] = randn(4);
    return changed;
  };
  const Tensor before = weights(query, states);
  lesson.print("weights", before.view(4), {.columns = {"word 1", "word 2", "word 3", "padding"}});
  const Tensor other_word = weights(query, with_other(1));
  const Tensor other_query = weights(randn({1, 1, 4}), states);
  lesson.print("with a different state of word 2", other_word.view(4));
  lesson.print("with a different state of the decoder", other_query.view(4));
  lesson.holds("a different word, different weights", !allclose(before, other_word));
  lesson.holds("a different decoder state, different weights", !allclose(before, other_query));
  lesson.equal("different padding, the same weights", weights(query, with_other(3)), before, 0);
  lesson.often_asked("Can a score leave out the encoder's states?",
                     "Well-known teaching code had such scores for years: a linear layer on the "
                     "previous word and the decoder's state. It can learn 'at step 5 look at "
                     "position 4', but not 'look where the tens are'.");
}

}  // namespace gradus::lessons
