#include "distributed/agree.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "tensor/factories.h"

namespace gradus::distributed {
namespace {

/// FNV-1a, 64 bits (Fowler, Noll and Vo): http://www.isthe.com/chongo/tech/comp/fnv
int64_t hash_of(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash ^= static_cast<uint8_t>(c);
    hash *= 0x100000001b3;
  }
  return static_cast<int64_t>(hash);
}

}  // namespace

int64_t process_rank() { return is_initialized() ? get_rank() : 0; }
bool is_first_process() { return process_rank() == 0; }
int64_t process_count() { return is_initialized() ? get_world_size() : 1; }

int64_t of_first_process(int64_t value) {
  if (process_count() == 1) return value;
  const Tensor x = full({}, value, kInt64);
  broadcast(x, 0);
  return x.item<int64_t>();
}

int64_t first_process_where(bool condition) {
  const int64_t processes = process_count();
  if (processes == 1) return 0;
  const Tensor all = zeros({processes}, kInt64);
  all.data<int64_t>()[get_rank()] = condition ? 1 : 0;
  all_reduce(all);
  const std::vector<int64_t> conditions = all.to_vector<int64_t>();
  const auto first = std::find(conditions.begin(), conditions.end(), 1);
  return first == conditions.end() ? 0 : first - conditions.begin();
}

std::string of_process(int64_t source, const std::string& text) {
  if (process_count() == 1) return text;
  const Tensor size = full({}, std::ssize(text), kInt64);
  broadcast(size, source);
  const Tensor bytes = zeros({size.item<int64_t>()}, kInt64);
  if (get_rank() == source) std::copy(text.begin(), text.end(), bytes.data<int64_t>());
  broadcast(bytes, source);
  std::string result;
  for (const int64_t byte : bytes.to_vector<int64_t>())
    result += static_cast<char>(byte);
  return result;
}

void check_same(const std::string& what, std::string_view bytes) {
  const int64_t processes = process_count();
  if (processes == 1) return;
  const Tensor hashes = zeros({processes}, kInt64);
  hashes.data<int64_t>()[get_rank()] = hash_of(bytes);
  all_reduce(hashes);
  const std::vector<int64_t> all = hashes.to_vector<int64_t>();
  std::vector<int64_t> others;
  for (int64_t r = 1; r < processes; ++r)
    if (all[static_cast<size_t>(r)] != all[0]) others.push_back(r);
  if (others.empty()) return;
  throw CommonError(fmt::format("the processes have different {}: {} {} not as process 0", what,
                                others.size() == 1 ? "process" : "processes",
                                fmt::join(others, " and ")));
}

}  // namespace gradus::distributed
