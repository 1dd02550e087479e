#include "lessons/training/book_gpt.h"

#include <algorithm>

#include "gradus.h"
#include "lessons/training/losses.h"

namespace gradus::lessons {

nn::Gpt untrained_gpt(const Lesson& lesson, int64_t context_length) {
  manual_seed(lesson.seed(123));
  return nn::Gpt({.vocab_size = 50257,
                  .context_length = context_length,
                  .emb_dim = 768,
                  .n_heads = 12,
                  .n_layers = 12,
                  .drop_rate = 0.1,
                  .qkv_bias = false});
}

std::string table_of_parameters(const nn::Gpt& model) {
  const auto line = [](const std::string& name, int64_t count) {
    return fmt::format("  {:<34}{:>13}\n", name, count);
  };
  return line("token embedding, 50257 x 768", parameter_count(model.tok_emb)) +
         line("position embedding, 1024 x 768", parameter_count(model.pos_emb)) +
         line("12 blocks", parameter_count(model.trf_blocks)) +
         line("final layer norm", parameter_count(model.final_norm)) +
         line("output head, 768 x 50257", parameter_count(model.out_head));
}

Tensor printed_columns(const Tensor& logits) {
  return cat({logits.narrow(-1, 0, 3), logits.narrow(-1, -3, 3)}, -1);
}

double mean_loss(const nn::Gpt& model, const std::vector<Window>& windows, bool shuffle) {
  const NoGradGuard no_grad;
  const std::vector<Window> batches = epoch(windows, 2, shuffle);
  const size_t count = std::min<size_t>(5, batches.size());
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += loss_of(model, batches[i].inputs, batches[i].targets).item<double>();
  return sum / static_cast<double>(count);
}

void check_losses(Lesson& lesson, int64_t step, double train, double validation) {
  // Step, training and validation loss: with the book's dropout masks, and with those of MKL.
  const double book[2][2][2] = {{{9.781002, 9.932807}, {8.110534, 8.338573}},
                                {{9.782992, 9.926935}, {7.985034, 8.334564}}};
  lesson.lines(fmt::format("step {}: training loss {:.3f}, validation loss {:.3f}\n", step, train,
                           validation));
  if (!lesson.by_the_book()) return;
  const auto& expected = book[lesson.mask_suffix().empty() ? 0 : 1][step == 0 ? 0 : 1];
  lesson.equal("the losses are the book's", tensor({train, validation}),
               tensor({expected[0], expected[1]}), 1e-3);
}

}  // namespace gradus::lessons
