// GPT-2's tokenizer: byte-level byte-pair encoding.
#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/merge_table.h"

namespace gradus::text {

/// Byte-pair encoding (Sennrich et al., 2016, https://arxiv.org/abs/1508.07909) over bytes (Radford
/// et al., 2019). The text is split into words (text/word_splitter.h). A word starts as its bytes;
/// then neighbours are merged, in the order in which the training found the merges. Any bytes can
/// be encoded, and decode gives the same bytes back.
class BpeTokenizer {
 public:
  /// Reads GPT-2's files from the folder: vocab.json and merges.txt, or encoder.json and vocab.bpe.
  static BpeTokenizer from_pretrained(const std::string& dir);
  /// Learns from a text: starts with the 256 bytes and merges the most frequent pair of neighbours
  /// until there are vocab_size tokens or no pair occurs twice. Among equally frequent pairs the
  /// one with the lowest ids wins, the left id first. Throws if vocab_size is below 256.
  static BpeTokenizer train(std::string_view text, int64_t vocab_size);

  /// The tokens of any bytes. "<|endoftext|>" is ordinary text: it is never one token.
  std::vector<int64_t> encode(std::string_view bytes) const;
  /// The bytes of the ids. Throws if an id is not in the vocabulary. The bytes of one token may be
  /// a part of a character.
  std::string decode(std::span<const int64_t> ids) const;
  int64_t vocab_size() const { return std::ssize(tokens_); }
  /// All merges in their order.
  std::vector<Merge> merges() const { return merges_.list(); }
  /// Writes vocab.json and merges.txt, which Hugging Face's GPT2Tokenizer reads.
  void save_pretrained(const std::string& dir) const;

 private:
  BpeTokenizer(std::vector<std::string> tokens, MergeTable merges);

  void append_word(std::string_view word, std::vector<int64_t>& ids) const;

  std::vector<std::string> tokens_;      // their bytes, by id
  std::array<int32_t, 256> id_of_byte_;  // the tokens from which every word starts
  MergeTable merges_;
};

}  // namespace gradus::text
