#include "gpt/batches.h"

#include <algorithm>

#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::gpt {
namespace {

constexpr int64_t kValidationBatch = 2048;  // tokens that are computed at once, about

/// Sequences (B, T + 1) as inputs and, one place to the right, targets: (B, T) and (B, T).
std::tuple<Tensor, Tensor> inputs_and_targets(const Tensor& sequences) {
  const int64_t T = sequences.size(1) - 1;
  return {sequences.narrow(1, 0, T), sequences.narrow(1, 1, T)};
}

/// The positions of the targets that count, in a batch row by row.
Tensor counted_rows(const Tensor& targets) {
  const Tensor flat = targets.contiguous().flatten();
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < flat.numel(); ++i)
    if (flat.data<int64_t>()[i] != kIgnored) rows.push_back(i);
  return tensor(rows, kInt64);
}

/// Which tokens of a row see each other, as far as segments decide it: (B, 1, T, T).
Tensor same_segment(const Tensor& segments) {
  return eq(segments.unsqueeze(2), segments.unsqueeze(1)).unsqueeze(1);
}

}  // namespace

Batch Batch::rows(int64_t begin, int64_t count) const {
  const auto part = [&](const Tensor& x) { return x.defined() ? x.narrow(0, begin, count) : x; };
  return {.ids = part(ids),
          .targets = part(targets),
          .segments = part(segments),
          .positions = part(positions),
          .has_ignored = has_ignored};
}

int64_t Batch::counted() const {
  return has_ignored ? counted_rows(targets).numel() : targets.numel();
}

Tensor loss_of(const nn::Gpt& model, const Batch& batch) {
  if (!batch.has_ignored && !batch.segments.defined())
    return cross_entropy(model(batch.ids).flatten(0, 1), batch.targets.flatten());  // (B, T, V)
  const Tensor mask = batch.segments.defined() ? same_segment(batch.segments) : Tensor();
  const Tensor hidden =
      model.hidden(batch.ids, nullptr, mask, nullptr, batch.positions).flatten(0, 1);  // (B T, C)
  // The head is computed for the n tokens whose targets count, and for no others.
  const Tensor rows = counted_rows(batch.targets);                              // (n)
  const Tensor logits = model.out_head(hidden.index_select(0, rows));           // (n, V)
  return cross_entropy(logits, batch.targets.flatten().index_select(0, rows));  // ()
}

Tokens::Tokens(const Tensor& ids) : size_(ids.numel()) {
  check(ids.dim() == 1 && ids.dtype() == kInt64,
        "trainer: the tokens are {} {}, expected (N) int64", ids.dtype(), ids.sizes());
  part_ = [ids](int64_t begin, int64_t length) { return ids.narrow(0, begin, length); };
}

Tokens::Tokens(const text::TokenPart& in_file) : size_(in_file.size()) {
  part_ = [in_file](int64_t begin, int64_t length) { return in_file.tokens(begin, length); };
}

Tensor Tokens::sequences(std::span<const int64_t> starts, int64_t T) const {
  std::vector<Tensor> rows;
  for (const int64_t start : starts)
    rows.push_back(part_(start, T));
  return stack(rows);
}

std::tuple<Tensor, Tensor> random_batch(const Tokens& tokens, int64_t B, int64_t T) {
  const Tensor starts = randint(tokens.size() - T, {B});
  return inputs_and_targets(
      tokens.sequences({starts.data_ptr<int64_t>(), static_cast<size_t>(B)}, T + 1));
}

Batch TextExamples::random_batch(int64_t B) const {
  const auto [ids, targets] = gpt::random_batch(tokens_, B, T_);
  return {.ids = ids, .targets = targets};
}

int64_t validation_rows(int64_t T) { return std::max<int64_t>(1, kValidationBatch / T); }

/// The windows that begin at `starts`.
void TextExamples::for_each_window(const std::vector<int64_t>& starts, int64_t T,
                                   const std::function<void(const Batch&)>& f) const {
  const auto rows = static_cast<size_t>(validation_rows(T));
  for (size_t i = 0; i < starts.size(); i += rows) {
    const size_t count = std::min(rows, starts.size() - i);
    const auto [ids, targets] = inputs_and_targets(tokens_.sequences({&starts[i], count}, T + 1));
    f({.ids = ids, .targets = targets});
  }
}

/// Everything is in windows that follow each other; the last one may be shorter.
void TextExamples::for_each_batch(std::optional<int64_t> most,
                                  const std::function<void(const Batch&)>& f) const {
  const int64_t targets = size();
  std::vector<int64_t> starts;
  if (most && targets > *most) {
    const int64_t T = std::min(T_, targets);
    const int64_t count = std::max<int64_t>(2, *most / T);
    for (int64_t i = 0; i < count; ++i)
      starts.push_back((targets - T) * i / (count - 1));
    return for_each_window(starts, T, f);
  }
  for (int64_t start = 0; start + T_ <= targets; start += T_)
    starts.push_back(start);
  for_each_window(starts, T_, f);
  const int64_t rest = targets % T_;
  if (rest > 0) for_each_window({targets - rest}, rest, f);
}

}  // namespace gradus::gpt
