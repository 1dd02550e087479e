// Token ids in a file: a text is encoded once and used in many trainings.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tensor/tensor.h"

namespace gradus::text {

/// Cuts a text into its training part and its end, the validation part, which has this fraction of
/// the bytes. No character is cut in two. Throws unless 0 <= fraction < 1.
std::pair<std::string_view, std::string_view> split_text(std::string_view text,
                                                         double fraction = 0.1);

class MappedTokens;

/// A part of a token file. Copies share the mapped file, which stays open as long as one exists.
class TokenPart {
 public:
  int64_t size() const { return size_; }
  /// The ids from position `begin` on: int64 (length). Throws if the part does not have them, or if
  /// an id is not in the vocabulary.
  Tensor tokens(int64_t begin, int64_t length) const;

 private:
  friend class TokenFile;
  TokenPart(std::shared_ptr<const MappedTokens> file, int64_t first, int64_t size)
      : file_(std::move(file)), first_(first), size_(size) {}

  std::shared_ptr<const MappedTokens> file_;
  int64_t first_;  // position in the file
  int64_t size_;
};

/// A memory-mapped file of tokens with a training and a validation part. It has a header of five
/// integers of 64 bits: the letters "gradtok1", the vocabulary's size, the bytes of a token (2 if
/// the vocabulary has at most 65,536 tokens, else 4), and the lengths of the two parts. The tokens
/// follow. All numbers are little-endian.
class TokenFile {
 public:
  /// Maps a file. Throws if it is not a file of tokens, or if its length does not fit its header.
  explicit TokenFile(const std::string& path);
  /// Writes a file. An existing one is replaced only when the new one is complete; a program that
  /// has it open keeps the old one. Throws if an id is not from 0 to vocab_size - 1.
  static void save(const std::string& path, std::span<const int64_t> train,
                   std::span<const int64_t> validation, int64_t vocab_size);

  int64_t vocab_size() const;
  TokenPart train() const;
  TokenPart validation() const;

 private:
  std::shared_ptr<const MappedTokens> file_;
};

}  // namespace gradus::text
