// What a GPT is trained on, in batches: windows of a text, or rows of conversations
// (gpt/conversation_rows.h).
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "nn/gpt.h"
#include "text/token_file.h"

namespace gradus::gpt {

/// A target that does not count: the loss is the mean over the others.
constexpr int64_t kIgnored = -100;

/// Sequences of tokens and, for each token, the one that follows.
struct Batch {
  Tensor ids;             // (B, T) int64
  Tensor targets;         // (B, T) int64; kIgnored: does not count
  Tensor segments = {};   // (B, T) int64: a token sees those of its own segment; undefined: all
  Tensor positions = {};  // (B, T) int64: in the segment; undefined: 0 ... T - 1
  bool has_ignored = false;

  int64_t size() const { return ids.size(0); }
  /// Some of its sequences.
  Batch rows(int64_t begin, int64_t count) const;
  /// The number of targets that count.
  int64_t counted() const;
};

/// The mean of -ln p over the targets that count.
Tensor loss_of(const nn::Gpt& model, const Batch& batch);

/// Where batches come from. What it returns depends on nothing but the global generator.
class Examples {
 public:
  virtual ~Examples() = default;
  /// Draws B random sequences.
  virtual Batch random_batch(int64_t B) const = 0;
  /// The number of targets that count.
  virtual int64_t size() const = 0;
  /// Calls f with batches that together have about `most` tokens, always the same ones and at
  /// evenly spaced places; with everything if `most` is none or there are few.
  virtual void for_each_batch(std::optional<int64_t> most,
                              const std::function<void(const Batch&)>& f) const = 0;
};

/// A text as tokens, in memory or in a file.
class Tokens {
 public:
  Tokens(const Tensor& ids);               // NOLINT: implicit; (N) int64
  Tokens(const text::TokenPart& in_file);  // NOLINT: implicit
  int64_t size() const { return size_; }
  /// The sequences of T tokens that begin at `starts`: (B, T)
  Tensor sequences(std::span<const int64_t> starts, int64_t T) const;

 private:
  int64_t size_;
  std::function<Tensor(int64_t begin, int64_t length)> part_;
};

/// A random batch of sequences and, one place to the right, their targets:
/// (B, T) and (B, T). Draws B random numbers, as nanoGPT does.
std::tuple<Tensor, Tensor> random_batch(const Tokens& tokens, int64_t B, int64_t T);

/// Windows of T tokens of a text.
class TextExamples : public Examples {
 public:
  TextExamples(const Tokens& tokens, int64_t T) : tokens_(tokens), T_(T) {}
  Batch random_batch(int64_t B) const override;
  int64_t size() const override { return tokens_.size() - 1; }
  void for_each_batch(std::optional<int64_t> most,
                      const std::function<void(const Batch&)>& f) const override;

 private:
  void for_each_window(const std::vector<int64_t>& starts, int64_t T,
                       const std::function<void(const Batch&)>& f) const;

  const Tokens tokens_;
  const int64_t T_;
};

/// The number of sequences of T tokens that a validation computes at once.
int64_t validation_rows(int64_t T);

}  // namespace gradus::gpt
