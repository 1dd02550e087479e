// caught by forward.merges_of_merges
#include <map>
#include <utility>

#include "exercises/21_byte_pair_encoding/byte_pair_encoding.h"

namespace mine {
namespace {

Ids bytes_of(const std::string& text) {
  Ids ids;
  for (const char c : text)
    ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

/// Each neighbouring (left, right) becomes `id`, from left to right.
Ids merged(const Ids& ids, const Merge& merge, int64_t id) {
  Ids result;
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool is_pair = i + 1 < ids.size() && ids[i] == merge.left && ids[i + 1] == merge.right;
    result.push_back(is_pair ? id : ids[i]);
    if (is_pair) ++i;
  }
  return result;
}

}  // namespace

std::vector<Merge> learn(const std::string& text, int64_t count) {
  std::vector<Merge> merges;
  Ids ids = bytes_of(text);
  while (std::ssize(merges) < count) {
    std::map<std::pair<int64_t, int64_t>, int64_t> counts;  // in the order of the pairs
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      ++counts[{ids[i], ids[i + 1]}];
    std::pair<int64_t, int64_t> best;
    int64_t most = 1;
    for (const auto& [pair, n] : counts) {
      if (n <= most) continue;
      best = pair;
      most = n;
    }
    if (most == 1) break;  // no pair comes twice
    merges.push_back({best.first, best.second});
  }
  return merges;
}

Ids encode(const std::string& text, const std::vector<Merge>& merges) {
  Ids ids = bytes_of(text);
  for (size_t i = 0; i < merges.size(); ++i)
    ids = merged(ids, merges[i], 256 + static_cast<int64_t>(i));
  return ids;
}

std::string decode(const Ids& ids, const std::vector<Merge>& merges) {
  std::vector<std::string> texts;  // of each token
  for (int byte = 0; byte < 256; ++byte)
    texts.emplace_back(1, static_cast<char>(byte));
  for (const Merge& merge : merges)
    texts.push_back(texts.at(static_cast<size_t>(merge.left)) +
                    texts.at(static_cast<size_t>(merge.right)));
  std::string text;
  for (const int64_t id : ids)
    text += texts.at(static_cast<size_t>(id));
  return text;
}

}  // namespace mine
