#include "text/bpe_tokenizer.h"

#include <bit>
#include <cstring>

#include "tensor/error.h"
#include "text/word_splitter.h"

namespace gradus::text {
namespace {

constexpr size_t kShortWord = 64;

/// Remembers where words were encoded before: in a text most words occur often. The table is open,
/// like MergeTable. When it is half full, no word is added; by then it has the frequent ones.
class WordCache {
 public:
  struct Entry {
    std::string_view word;
    size_t first = 0;  // position of its ids in the result
    size_t count = 0;
  };

  explicit WordCache(size_t text_length)
      : slots_(std::bit_ceil(std::min(text_length / 8 + 16, kMaxSlots))) {}

  /// The entry of the word, or an empty one, which may be filled if there is room.
  Entry& find(std::string_view word) {
    size_t slot = hash(word) & (slots_.size() - 1);
    while (!slots_[slot].word.empty() && slots_[slot].word != word)
      slot = (slot + 1) & (slots_.size() - 1);
    return slots_[slot];
  }
  void fill(Entry& entry, const Entry& value) {
    if (2 * used_ >= slots_.size()) return;
    entry = value;
    ++used_;
  }

 private:
  static constexpr size_t kMaxSlots = 1 << 16;

  static size_t hash(std::string_view word) {
    uint64_t h = word.size();
    while (!word.empty()) {
      uint64_t part = 0;
      const size_t length = std::min(word.size(), sizeof part);
      std::memcpy(&part, word.data(), length);
      h = (h ^ part) * 0xD6E8FEB86659FD93u;
      h ^= h >> 32;
      word.remove_prefix(length);
    }
    return h;
  }

  std::vector<Entry> slots_;
  size_t used_ = 0;
};

}  // namespace

BpeTokenizer::BpeTokenizer(std::vector<std::string> tokens, MergeTable merges)
    : tokens_(std::move(tokens)), id_of_byte_(), merges_(std::move(merges)) {
  for (size_t id = 0; id < tokens_.size(); ++id)
    if (tokens_[id].size() == 1)
      id_of_byte_[static_cast<unsigned char>(tokens_[id][0])] = static_cast<int32_t>(id);
}

void BpeTokenizer::append_word(std::string_view word, std::vector<int64_t>& ids) const {
  std::array<int32_t, kShortWord> few;
  std::vector<int32_t> many(word.size() > few.size() ? word.size() : 0);
  const std::span<int32_t> parts =
      many.empty() ? std::span(few).first(word.size()) : std::span(many);
  for (size_t i = 0; i < word.size(); ++i)
    parts[i] = id_of_byte_[static_cast<unsigned char>(word[i])];
  const size_t count = merges_.apply(parts);
  ids.insert(ids.end(), parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<int64_t> BpeTokenizer::encode(std::string_view bytes) const {
  constexpr size_t max_bytes = INT32_MAX;  // positions in a word are int32
  check(bytes.size() <= max_bytes, "encode: the text has {} bytes, the limit is {}", bytes.size(),
        max_bytes);
  std::vector<int64_t> ids;
  ids.reserve(bytes.size() / 3 + 1);
  WordSplitter words(bytes);
  WordCache cache(bytes.size());
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (word.size() > kShortWord) {
      append_word(word, ids);
      continue;
    }
    WordCache::Entry& entry = cache.find(word);
    const size_t first = ids.size();
    if (entry.word.empty()) {
      append_word(word, ids);
      cache.fill(entry, {.word = word, .first = first, .count = ids.size() - first});
    } else {
      for (size_t i = 0; i < entry.count; ++i)
        ids.push_back(ids[entry.first + i]);
    }
  }
  return ids;
}

std::string BpeTokenizer::decode(std::span<const int64_t> ids) const {
  std::string bytes;
  for (size_t i = 0; i < ids.size(); ++i) {
    check(ids[i] >= 0 && ids[i] < vocab_size(), "decode: id {} at position {} is not from 0 to {}",
          ids[i], i, vocab_size() - 1);
    bytes += tokens_[static_cast<size_t>(ids[i])];
  }
  return bytes;
}

}  // namespace gradus::text
