// Byte-pair encoding: how GPT-2 and most language models cut text into tokens.
#include "exercises/exercise.h"

namespace mine {

using Ids = std::vector<int64_t>;

/// Two neighbouring tokens that become one. Merge number i makes the token 256 + i.
struct Merge {
  int64_t left, right;
  bool operator==(const Merge&) const = default;
};

/// Learns at most `count` merges from the bytes of a text.
std::vector<Merge> learn(const std::string& text, int64_t count);

/// The tokens of a text: its bytes, merged in the order in which the merges were learned.
Ids encode(const std::string& text, const std::vector<Merge>& merges);

/// The text of these tokens.
std::string decode(const Ids& ids, const std::vector<Merge>& merges);

}  // namespace mine
