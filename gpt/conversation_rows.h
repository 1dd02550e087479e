// Conversations in rows as long as the window of a model, for training.
#pragma once
#include "gpt/batches.h"
#include "gpt/conversation.h"

namespace gradus::gpt {

/// Conversations packed into rows of T tokens. In a row of its own most of each conversation would
/// be padding; here a row takes several:
///
///   tokens     <user> 1 + 1 ? <asst> 2 <end> <user> 2 + 3 ? <asst> 5
///   targets       .   . . . .    2 <end>  .     .   . . . .    5 <end>
///   segment       0   0 0 0 0    0   0    1     1   1 1 1 1    1   1
///   position      0   1 2 3 4    5   6    0     1   2 3 4 5    6   7
///
/// A conversation does not see the others of its row, and its positions begin at 0. So it has the
/// same loss and the same gradient as in a row of its own.
class ConversationRows : public Examples {
 public:
  /// Throws if a conversation is longer than T tokens, without its last one, which is only a
  /// target, and if all answers are empty. With `packed` false each has a row of its own.
  ConversationRows(const std::vector<Conversation>& conversations, const ChatFormat& format,
                   int64_t T, bool packed = true);

  Batch random_batch(int64_t B) const override;
  int64_t size() const override { return counted_; }
  void for_each_batch(std::optional<int64_t> most,
                      const std::function<void(const Batch&)>& f) const override;
  /// All rows.
  const Batch& all() const { return all_; }
  int64_t conversations() const { return conversations_; }
  /// The tokens of all conversations; the rest of the rows is padding.
  int64_t tokens() const { return tokens_; }
  /// Of the answers, on average over the tokens that count.
  double bytes_per_token() const;

 private:
  Batch rows_at(const Tensor& indices) const;

  Batch all_;
  int64_t T_, conversations_, tokens_ = 0, counted_ = 0, answer_bytes_ = 0;
};

}  // namespace gradus::gpt
