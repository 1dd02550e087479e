#include "lessons/answers/masked_loss.h"

#include <cmath>
#include <span>

#include "lessons/answers/questions.h"

namespace gradus::lessons {
namespace {

/// The batch with targets that f gives for each index, row by row.
gpt::Batch with_targets(const gpt::Batch& batch, const std::function<int64_t(size_t i)>& f) {
  std::vector<int64_t> targets;
  for (size_t i = 0; i < static_cast<size_t>(batch.targets.numel()); ++i)
    targets.push_back(f(i));
  gpt::Batch changed = batch;
  changed.targets = tensor(targets, kInt64).view(batch.targets.sizes());
  return changed;
}

std::span<const int64_t> elements(const Tensor& x) {
  return {x.data<int64_t>(), static_cast<size_t>(x.numel())};
}

/// The gradient of the embeddings for the loss of all rows.
Tensor gradient_of_embeddings(const nn::Gpt& model, const gpt::ConversationRows& rows) {
  model.zero_grad();
  gpt::loss_of(model, rows.all()).backward();
  const Tensor gradient = model.tok_emb.weight.grad();
  model.zero_grad();
  return gradient;
}

}  // namespace

gpt::Batch without_mask(const gpt::Batch& batch) {
  const Tensor ids = batch.ids.contiguous();
  const Tensor segments = batch.segments.contiguous();
  const Tensor targets = batch.targets.contiguous();
  const auto T = static_cast<size_t>(ids.size(1));
  return with_targets(batch, [&](size_t i) {
    const bool is_last = i % T == T - 1;
    const int64_t segment = elements(segments)[i];
    const bool goes_on = !is_last && segment >= 0 && segment == elements(segments)[i + 1];
    return goes_on ? elements(ids)[i + 1] : elements(targets)[i];
  });
}

double share_of_questions(const gpt::ConversationRows& rows) {
  const auto all = static_cast<double>(without_mask(rows.all()).counted());
  return 1 - static_cast<double>(rows.all().counted()) / all;
}

gpt::Batch without_end(const gpt::Batch& batch, int64_t end) {
  const Tensor targets = batch.targets.contiguous();
  return with_targets(batch, [&](size_t i) {
    return elements(targets)[i] == end ? gpt::kIgnored : elements(targets)[i];
  });
}

void show_masked_loss(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts) {
  const NoGradGuard no_grad;
  const Fact fact{FactKind::sum, 23, 4};
  const gpt::Conversation conversation{
      {{"user", "what is twenty-three plus four?"}, {"assistant", sentence(fact)}}, "the example"};
  const gpt::ChatFormat::Encoded encoded = texts.format.encode(conversation);
  const int64_t T = std::ssize(encoded.ids) - 1;
  const Tensor ids = tensor(encoded.ids, kInt64);
  const Tensor targets = ids.narrow(0, 1, T);                                          // (T)
  const Tensor logits = model(ids.narrow(0, 0, T).unsqueeze(0))[0];                    // (T, V)
  const Tensor p = softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);  // (T)
  const auto token = [&](int64_t i) {
    return "'" + texts.format.tokenizer().decode({&encoded.ids[static_cast<size_t>(i)], 1}) + "'";
  };
  const char* const counts = lesson.canvas().utf8 ? "█" : "#";
  std::string table = "  token            target           counts         p    -ln p\n";
  double sum = 0;
  int64_t counted = 0;
  for (int64_t t = 0; t < T; ++t) {
    table += fmt::format("  {:<16} {:<16} ", token(t), token(t + 1));
    if (!encoded.is_answer[static_cast<size_t>(t) + 1]) {
      table += ".\n";
      continue;
    }
    const double probability = p[t].item<double>();
    table += fmt::format("{:<8} {:>7.4f} {:>8.4f}\n", counts, probability, -std::log(probability));
    sum -= std::log(probability);
    ++counted;
  }
  lesson.lines(table);
  const Tensor loss = gpt::loss_of(
      model,
      gpt::ConversationRows({conversation}, texts.format, model.config.context_length).all());
  lesson.say("{} of {} targets count. The mean of their -ln p is the loss: {:.4f} / {} = {:.4f}.",
             counted, T, sum, counted, loss.item<double>());
  lesson.code("gpt/batches.cpp", "loss_of");
  lesson.equal("the table's mean is the loss", tensor(sum / static_cast<double>(counted)), loss,
               1e-5);
  // The answer's rows alone, and nothing else, give the same bits.
  const Tensor hidden =
      model.hidden(ids.narrow(0, 0, T).unsqueeze(0))[0].narrow(0, T - counted, counted);
  lesson.equal("the loss of the answer's tokens alone has the same bits",
               cross_entropy(model.out_head(hidden), targets.narrow(0, T - counted, counted)), loss,
               /*tolerance=*/0);
}

void show_packing(Lesson& lesson, const nn::Gpt& model, const NumberTexts& texts) {
  const int64_t T = model.config.context_length;
  const std::vector<gpt::Conversation> some(texts.conversations.begin(),
                                            texts.conversations.begin() + 60);
  const gpt::ConversationRows single(some, texts.format, T, /*packed=*/false);
  const gpt::ConversationRows packed(some, texts.format, T);
  const auto line = [&](const char* name, const gpt::ConversationRows& rows) {
    const int64_t room = rows.all().size() * T;
    const auto padding = static_cast<double>(room - rows.tokens()) / static_cast<double>(room);
    return fmt::format("  {:<10} {:>5} {:>9} {:>9.0f}%\n", name, rows.all().size(), rows.tokens(),
                       100 * padding);
  };
  lesson.lines("              rows    tokens   padding\n" + line("one a row", single) +
               line("packed", packed));
  lesson.code("gpt/batches.cpp", "same_segment");
  lesson.equal("packed and unpacked: the same gradient within rounding",
               gradient_of_embeddings(model, packed), gradient_of_embeddings(model, single), 1e-5);
}

}  // namespace gradus::lessons
