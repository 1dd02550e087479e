#include "exercises/21_byte_pair_encoding/byte_pair_encoding.h"

namespace mine {

std::vector<Merge> learn(const std::string& text, int64_t count) {
  todo("byte_pair_encoding: learn");
}

Ids encode(const std::string& text, const std::vector<Merge>& merges) {
  todo("byte_pair_encoding: encode");
}

std::string decode(const Ids& ids, const std::vector<Merge>& merges) {
  todo("byte_pair_encoding: decode");
}

}  // namespace mine
