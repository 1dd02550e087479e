#include "gpt/conversation_rows.h"

#include <algorithm>
#include <deque>

#include "tensor/factories.h"
#include "tensor/random.h"

namespace gradus::gpt {
namespace {

constexpr int64_t kPadding = -1;  // the segment of padding, whose targets do not count

struct Row {
  std::vector<int64_t> ids, targets, segments, positions;

  /// Adds a conversation without its last token, which is only a target.
  void add(const ChatFormat::Encoded& encoded, int64_t segment) {
    for (size_t i = 0; i + 1 < encoded.ids.size(); ++i) {
      ids.push_back(encoded.ids[i]);
      targets.push_back(encoded.is_answer[i + 1] ? encoded.ids[i + 1] : kIgnored);
      segments.push_back(segment);
      positions.push_back(static_cast<int64_t>(i));
    }
  }
  void pad(int64_t T) {
    const auto length = static_cast<size_t>(T);
    ids.resize(length, 0);
    targets.resize(length, kIgnored);
    segments.resize(length, kPadding);
    positions.resize(length, 0);
  }
};

/// The rows, one after the other, as a tensor (R, T).
Tensor joined(const std::vector<Row>& rows, std::vector<int64_t> Row::*member, int64_t T) {
  std::vector<int64_t> all;
  for (const Row& row : rows)
    all.insert(all.end(), (row.*member).begin(), (row.*member).end());
  return tensor(all, kInt64).view({std::ssize(rows), T});
}

/// Puts each conversation into the first row that has room for it. Only the last rows are tried, so
/// that many conversations take little time.
std::vector<Row> pack(const std::vector<ChatFormat::Encoded>& conversations, int64_t T,
                      bool packed) {
  constexpr size_t kTried = 16;
  std::vector<Row> rows;
  std::deque<size_t> open;
  for (size_t i = 0; i < conversations.size(); ++i) {
    const auto has_room = [&](size_t row) {
      return rows[row].ids.size() + conversations[i].ids.size() - 1 <= static_cast<size_t>(T);
    };
    auto found = packed ? std::find_if(open.begin(), open.end(), has_room) : open.end();
    if (found == open.end()) {
      rows.emplace_back();
      open.push_back(rows.size() - 1);
      if (open.size() > kTried) open.pop_front();
      found = open.end() - 1;
    }
    rows[*found].add(conversations[i], static_cast<int64_t>(i));
  }
  for (Row& row : rows)
    row.pad(T);
  return rows;
}

}  // namespace

ConversationRows::ConversationRows(const std::vector<Conversation>& conversations,
                                   const ChatFormat& format, int64_t T, bool packed)
    : T_(T), conversations_(std::ssize(conversations)) {
  check(!conversations.empty(), "finetune: there are no conversations");
  std::vector<ChatFormat::Encoded> encoded;
  for (const Conversation& conversation : conversations) {
    encoded.push_back(format.encode(conversation));
    const int64_t length = std::ssize(encoded.back().ids) - 1;
    check(length <= T,
          "{}: with its special tokens the conversation has {} tokens, and the model reads at most "
          "{}",
          conversation.origin, length, T);
    tokens_ += length;
    counted_ += std::ranges::count(encoded.back().is_answer, true);
    for (const Message& message : conversation.messages)
      if (message.role == "assistant") answer_bytes_ += std::ssize(message.content);
  }
  check(answer_bytes_ > 0, "{}: all answers are empty, expected a text in at least one",
        conversations.front().origin);
  const std::vector<Row> rows = pack(encoded, T, packed);
  all_ = {.ids = joined(rows, &Row::ids, T),
          .targets = joined(rows, &Row::targets, T),
          .segments = joined(rows, &Row::segments, T),
          .positions = joined(rows, &Row::positions, T),
          .has_ignored = true};
}

double ConversationRows::bytes_per_token() const {
  return static_cast<double>(answer_bytes_) / static_cast<double>(counted_);
}

Batch ConversationRows::rows_at(const Tensor& indices) const {
  const auto at = [&](const Tensor& x) { return x.index_select(0, indices); };
  return {.ids = at(all_.ids),
          .targets = at(all_.targets),
          .segments = at(all_.segments),
          .positions = at(all_.positions),
          .has_ignored = true};
}

Batch ConversationRows::random_batch(int64_t B) const { return rows_at(randint(all_.size(), {B})); }

void ConversationRows::for_each_batch(std::optional<int64_t> most,
                                      const std::function<void(const Batch&)>& f) const {
  const int64_t R = all_.size();
  const int64_t wanted = most ? std::clamp<int64_t>(*most / T_, 1, R) : R;
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < wanted; ++i)
    chosen.push_back(i * R / wanted);
  const Tensor rows = tensor(chosen, kInt64);
  const int64_t at_once = validation_rows(T_);
  for (int64_t i = 0; i < wanted; i += at_once)
    f(rows_at(rows.narrow(0, i, std::min(at_once, wanted - i))));
}

}  // namespace gradus::gpt
