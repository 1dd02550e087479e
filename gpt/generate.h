// A GPT continues a text.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "nn/gpt.h"

namespace gradus::gpt {

/// The names are those of Hugging Face's generate.
struct GenerateOptions {
  int64_t max_new_tokens = 50;
  bool do_sample = false;  // draw each token; else take the one with the largest logit
  double temperature = 1;  // above 0; below 1 makes likely tokens more likely, typically 0.7 to 1
  int64_t top_k = 0;       // draw from the k most likely tokens, typically 50; 0: from all
  double top_p = 1;        // draw from the most likely tokens that sum to p, typically 0.9; 1: all
  std::optional<int64_t> eos_token_id = {};  // the text ends after this token
  bool use_cache = true;                     // same tokens without, but slowly
  /// What happens after context_length tokens. false: the older half of them is dropped, and the
  /// others are read again, once for context_length / 2 tokens. true: each further token is
  /// computed from the last context_length tokens, which are read again for each.
  bool exact_window = false;
};

/// Generates one token after the other, for B texts of equal length at a time:
///
///   gpt::Generator generator(model, ids, {.do_sample = true});
///   while (!generator.finished()) generator.step();
///
/// Dropout is off meanwhile. Random numbers come from the global generator (manual_seed).
class Generator {
 public:
  /// ids (B, T) int64: the prompts, with 1 <= T <= context_length. Throws if they or the options
  /// are out of range.
  Generator(const nn::Gpt& model, const Tensor& ids, const GenerateOptions& options = {});

  /// Whether max_new_tokens are generated, or all texts have ended.
  bool finished() const;
  /// Appends a token to each text and returns the tokens, (B). A text that has ended gets
  /// eos_token_id.
  Tensor step();
  /// The prompts and the tokens so far, (B, T + n).
  const Tensor& ids() const { return ids_; }
  /// How often the window was full and tokens were read again.
  int64_t refills() const { return refills_; }

 private:
  Tensor next_logits();
  Tensor choose(const Tensor& logits) const;

  const nn::Gpt model_;
  const GenerateOptions options_;
  Tensor ids_;    // (B, T + n)
  Tensor ended_;  // (B) bool
  std::vector<nn::KVCache> caches_;
  int64_t window_start_ = 0;  // the first token that the model still sees
  int64_t left_;              // new tokens to generate
  int64_t refills_ = 0;
};

/// Continues the prompts, ids (B, T) int64 -> (B, T + n). `on_token` gets each new token as soon as
/// it is chosen; B is then 1.
Tensor generate(const nn::Gpt& model, const Tensor& ids, const GenerateOptions& options = {},
                const std::function<void(int64_t)>& on_token = {});

}  // namespace gradus::gpt
