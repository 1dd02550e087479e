#include "distributed/collectives.h"

#include <algorithm>
#include <bit>

#include "tensor/kernels/elementwise.h"

namespace gradus::distributed {
namespace {

/// Elements of an array.
struct Section {
  int64_t begin;
  int64_t end;
  int64_t size() const { return end - begin; }
};
template <class T>
std::span<std::byte> bytes_of(T* x, Section s) {
  return std::as_writable_bytes(std::span(x + s.begin, static_cast<size_t>(s.size())));
}

/// The step in which a process and its partner exchange halves of a section.
struct Step {
  int partner;
  Section kept;
  Section given;
};

/// all_reduce for the first 2^k processes.
template <class T>
void reduce_halves(Transport& transport, const Call& call, T* x, int64_t n, int processes) {
  std::vector<T> received(static_cast<size_t>((n + 1) / 2));
  std::vector<Step> steps;
  Section section{0, n};
  for (int distance = 1; distance < processes; distance *= 2) {
    const int partner = transport.rank() ^ distance;
    const int64_t middle = section.begin + (section.size() + 1) / 2;
    Section kept{section.begin, middle};
    Section given{middle, section.end};
    if (transport.rank() > partner) std::swap(kept, given);
    transport.exchange({.to = partner,
                        .send = bytes_of(x, given),
                        .from = partner,
                        .receive = bytes_of(received.data(), {0, kept.size()})},
                       call);
    kernels::add_in_this_thread(x + kept.begin, received.data(), kept.size());
    steps.push_back({partner, kept, given});
    section = kept;
  }
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    transport.exchange({.to = step->partner,
                        .send = bytes_of(x, step->kept),
                        .from = step->partner,
                        .receive = bytes_of(x, step->given)},
                       call);
}

}  // namespace

template <class T>
void all_reduce(Transport& transport, const Call& call, T* x, int64_t n) {
  const auto processes = static_cast<int>(std::bit_floor(static_cast<unsigned>(transport.size())));
  const int rank = transport.rank();
  const std::span<std::byte> all = bytes_of(x, {0, n});
  if (rank >= processes) {
    transport.exchange({.to = rank - processes, .send = all}, call);
    transport.exchange({.from = rank - processes, .receive = all}, call);
    return;
  }
  const int extra = rank + processes;
  if (extra < transport.size()) {
    std::vector<T> received(static_cast<size_t>(n));
    transport.exchange({.from = extra, .receive = bytes_of(received.data(), {0, n})}, call);
    kernels::add_in_this_thread(x, received.data(), n);
  }
  reduce_halves(transport, call, x, n, processes);
  if (extra < transport.size()) transport.exchange({.to = extra, .send = all}, call);
}
template void all_reduce(Transport&, const Call&, float*, int64_t);
template void all_reduce(Transport&, const Call&, double*, int64_t);
template void all_reduce(Transport&, const Call&, int64_t*, int64_t);

// The process at place i, counted from the source, gets the bytes from place i without its highest
// bit, and sends them to the places with one more bit above that.
void broadcast(Transport& transport, const Call& call, std::span<std::byte> bytes, int source) {
  const int processes = transport.size();
  const int place = (transport.rank() - source + processes) % processes;
  const auto rank_at = [=](int other) { return (other + source) % processes; };
  int next = 1;
  if (place > 0) {
    const auto highest = static_cast<int>(std::bit_floor(static_cast<unsigned>(place)));
    transport.exchange({.from = rank_at(place - highest), .receive = bytes}, call);
    next = 2 * highest;
  }
  for (; place + next < processes; next *= 2)
    transport.exchange({.to = rank_at(place + next), .send = bytes}, call);
}

void all_gather(Transport& transport, const Call& call, std::span<std::byte> bytes,
                const std::vector<size_t>& begins) {
  const int processes = transport.size();
  const int rank = transport.rank();
  const auto part = [&](int r) {
    const auto i = static_cast<size_t>((r + processes) % processes);
    return bytes.subspan(begins[i], begins[i + 1] - begins[i]);
  };
  for (int step = 0; step + 1 < processes; ++step)
    transport.exchange({.to = (rank + 1) % processes,
                        .send = part(rank - step),
                        .from = (rank + processes - 1) % processes,
                        .receive = part(rank - step - 1)},
                       call);
}

void barrier(Transport& transport, const Call& call) {
  int64_t nothing = 0;
  all_reduce(transport, call, &nothing, 1);
}

std::string to_string(const Call& call) {
  constexpr const char* kNames[] = {"all_reduce", "broadcast", "all_gather", "barrier"};
  const char* const name = kNames[static_cast<size_t>(call.op)];
  if (call.op == Call::Op::barrier) return fmt::format("{}, call {}", name, call.number);
  return fmt::format("{} of {} {}, call {}", name, call.elements, call.dtype, call.number);
}

void check_same_call(const Call& mine, int rank, const Call& theirs, int other) {
  check(mine.number == theirs.number && mine.op == theirs.op && mine.dtype == theirs.dtype &&
            mine.elements == theirs.elements,
        "the processes make different calls: process {} {}, process {} {}", rank, to_string(mine),
        other, to_string(theirs));
}

}  // namespace gradus::distributed
