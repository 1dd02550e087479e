#include "tests/bench/measure.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace bench {

double Result::floor() const {
  const double compute = row.flops / peak_flops;
  const double memory = row.bytes / bandwidth;
  // A training step computes first and updates the weights then.
  return row.name.ends_with("_step") ? compute + memory : std::max(compute, memory);
}

std::string Result::limit() const {
  if (memory()) return "memory";
  const double compute = row.flops / peak_flops;
  const double traffic = row.bytes / bandwidth;
  if (compute + traffic < 2e-6) return "overhead";
  return compute > traffic ? "compute" : "bandwidth";
}

double Result::ratio() const {
  double best = 0;
  for (const auto& [name, time] : peers)
    if (time.best > 0 && (best == 0 || time.best < best)) best = time.best;
  return gradus.best > 0 ? best / gradus.best : 0;
}

std::string Result::verdict() const {
  if (gradus.best <= 0) return "no answer";
  std::string out;
  if (row.target > 0 && ratio() > 0 && ratio() < row.target)
    out += " below " + std::to_string(row.target).substr(0, 4) + "x";
  if (row.floor_share > 0 && share() < row.floor_share)
    out += " below " + std::to_string(static_cast<int>(100 * row.floor_share)) + "%";
  if (row.limit_mib > 0 && gradus.best > row.limit_mib)
    out += " above " + std::to_string(static_cast<int>(row.limit_mib)) + " MiB";
  return out.empty() ? out : out.substr(1);
}

Field::Field(const Settings& settings) : settings_(settings) {
  add("Gradus", "gemm model medium op tiny memory", {settings.self, "--worker", "gradus"});
  if (!settings.peers) return;
  for (const std::string& path : settings.blas)
    add(path, "gemm", {settings.self, "--worker", path});
  const auto script = [&](const char* file) -> std::vector<std::string> {
    return {settings.python, settings.scripts + "/" + file};
  };
  // With these settings glibc keeps freed memory, in huge pages.
  const Environment huge_pages = {
      {"THP_MEM_ALLOC_ENABLE", "1"},  // of PyTorch
      {"GLIBC_TUNABLES",
       "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.arena_max=1:"
       "glibc.malloc.top_pad=67108864:glibc.malloc.trim_threshold=68719476736"}};
  const std::set<std::string> torch_variants = {"",         "fused",    "foreach",
                                                "compiled", "autocast", "bfloat16"};
  add("PyTorch", "gemm model medium op memory", script("peer_torch.py"));
  members_.back().variants = torch_variants;
  add("PyTorch, huge pages", "model medium op", script("peer_torch.py"), huge_pages);
  members_.back().variants = torch_variants;
  members_.back().suffix = ", huge pages";
  // JAX is measured only with them: without them, a training step takes up to twice as long.
  add("JAX", "gemm model medium op", script("peer_jax.py"), huge_pages, "PJRT_NPROC");
  members_.back().variants = {"", "autocast", "bfloat16"};
  for (const std::string& path : settings.libtorch)
    add(path, "tiny", {path});
}

void Field::add(const std::string& name, const std::string& groups,
                const std::vector<std::string>& command, const Environment& environment,
                const std::string& threads_variable) {
  Member member;
  member.groups = groups;
  member.start = [=](int threads) {
    Environment all = environment;
    if (!threads_variable.empty()) all.emplace_back(threads_variable, std::to_string(threads));
    return std::make_unique<Peer>(name, command, all);
  };
  member.fixed_threads = !threads_variable.empty();
  member.peer = member.start(settings_.threads);
  members_.push_back(std::move(member));
}

std::string Field::name(const Member& member) const { return member.peer->name() + member.suffix; }

std::vector<std::pair<std::string, std::string>> Field::peers() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Member& member : members_)
    if (&member != &members_[0]) out.emplace_back(name(member), member.peer->absent());
  return out;
}

Peer& Field::peer(Member& member, const Result& result) {
  if (!member.fixed_threads || result.threads == settings_.threads) {
    if (result.row.group() == "model") member.one_thread.reset();  // it has gigabytes
    return *member.peer;
  }
  if (!member.one_thread) member.one_thread = member.start(result.threads);
  return *member.one_thread;
}

std::vector<std::string> Field::variants(const Member& member, const Row& row) const {
  std::vector<std::string> out;
  for (const std::string& variant : row.variants)
    if (member.variants.contains(variant) && (variant != "compiled" || settings_.compile))
      out.push_back(variant);
  // PyTorch's "fused" and "foreach" replace the default, "".
  const bool has_default = std::any_of(out.begin(), out.end(), [](const std::string& variant) {
    return variant.empty() || variant == "fused";
  });
  if (!has_default) out.insert(out.begin(), "");
  return out;
}

void Field::measure(Result& result) {
  const Row& row = result.row;
  const auto time_of = [&](Member& member) -> Time& {
    return &member == &members_[0] ? result.gradus : result.peers[name(member)];
  };
  const auto ask = [&](Member& member, const std::string& variant) {
    Time& time = time_of(member);
    const std::string request = variant.empty() ? row.name : row.name + ":" + variant;
    // Meanwhile the threads of the previous member stop waiting actively for work.
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    const Answer answer =
        result.memory() ? member.start(result.threads)->ask(request, result.threads, 0)
                        : peer(member, result).ask(request, result.threads, settings_.seconds);
    if (answer.value > 0 && (time.best == 0 || answer.value < time.best)) {
      time.best = answer.value;
      time.variant = variant;
    }
    if (time.best == 0) time.reason = answer.reason;
  };
  const int rounds = result.memory() ? 1 : settings_.rounds;
  for (int round = 0; round < rounds; ++round) {
    for (Member& member : members_) {
      if (member.groups.find(row.group()) == std::string::npos || !member.peer->absent().empty())
        continue;
      // The first round tries every variant, the others only the best one.
      if (round == 0 && time_of(member).best == 0) {
        for (const std::string& variant : variants(member, row))
          ask(member, variant);
      } else if (time_of(member).best > 0) {
        ask(member, std::string(time_of(member).variant));
      }
    }
  }
}

}  // namespace bench
